"""The last state of a run: weights, optimizer, schedule, counters. Safetensors and JSON; no pickle is ever read.

The order of the data and all chance need no state: they follow from the seed and the step (see order.py and dropout.py).
"""

from __future__ import annotations

import json
import shlex
import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from bertft import console, fast
from bertft.engine.sharding import fill, like, whole
from bertft.errors import CheckpointError, UsageError
from bertft.model.layers import frozen_below
from bertft.plan.plan import read_config, verb_of
from bertft.plan.sections import MEMORY, MOST_THREADS
from bertft.protocols import Network
from bertft.runs import CHECKPOINT, FOLDS, PLAN, SEEDS, whole_run
from bertft.scoring.own import typed_again
from bertft.system.files import explained, fresh_folder, last_whole

_WEIGHTS, _OPTIMIZER, _STATE = "weights.safetensors", "optimizer.safetensors", "state.json"
_TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class State:
    """All that a run needs to go on."""

    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    counters: dict[str, Any]


def state_of(network: Network, optimizer: Any, schedule: Any, counters: dict[str, Any]) -> State:
    """Gathered from all processes, which all have to call it."""
    storage = fast.Storage(network)
    weights = {name: whole(storage.whole_weight(parameter)) for name, parameter in learning(network)}
    counters = {**counters, "schedule": _plain_schedule(schedule), **storage.counters()}
    counters["frozen"] = checksum_of_frozen(network)
    return State(weights, _optimizer_tensors(optimizer, storage), counters)


def learning(network: Network) -> Iterator[tuple[str, Any]]:
    """The parameters that a state holds: all, but what stays below a head on a frozen backbone."""
    head_only = frozen_below(network)
    return ((name, one) for name, one in network.named_parameters() if one.requires_grad or not head_only)


def checksum_of_frozen(network: Network) -> int | None:
    """Of what no state holds; None where it holds all."""
    if not frozen_below(network):
        return None
    found = 0
    for name, one in network.named_parameters():
        if not one.requires_grad:
            found = zlib.crc32(one.detach().cpu().contiguous().numpy().data, zlib.crc32(name.encode(), found))
    return found


def save_state(run: Path, state: State) -> None:
    """Write checkpoint/ beside the old one, then put it in its place."""
    with fresh_folder(run / CHECKPOINT) as folder:
        save_file(state.weights, folder / _WEIGHTS)
        save_file(state.optimizer, folder / _OPTIMIZER)
        (folder / _STATE).write_text(json.dumps(state.counters), encoding="utf-8")


def load_state(
    run: Path, network: Network, optimizer: Any, schedule: Any, *, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Fill network, optimizer and schedule; return the counters. CheckpointError where the state is damaged or of another
    run, UsageError where the data have changed since."""
    folder = last_whole(run / CHECKPOINT)
    try:
        state: dict[str, Any] = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        untold = {"fast": True, "pool": facts.get("pool")}  # older states were all fast: jobs/training/older_plans.py
        _check_facts({**untold, **state["facts"]}, facts)
        storage = fast.Storage(network)
        if state.get("frozen") != checksum_of_frozen(network):
            raise ValueError("its backbone has changed since")
        fill(learning(network), storage.take_up(load_file(folder / _WEIGHTS), state))
        _load_optimizer(optimizer, load_file(folder / _OPTIMIZER), storage)
        schedule.load_state_dict({**schedule.state_dict(), **state.pop("schedule")})
    except (OSError, ValueError, KeyError, IndexError, TypeError, RuntimeError, SafetensorError) as problem:
        reason = f"{type(problem).__name__}: {problem}"
        raise CheckpointError(
            f"{folder}: no saved state to continue from ({reason}). Start again without --resume."
        ) from problem
    for group, rate in zip(optimizer.param_groups, schedule.get_last_lr(), strict=True):
        group["lr"] = rate
    return state


def go_on(folder: Path) -> str:
    """How to go on with the run in a folder, or with the one that it is a part of."""
    folder = whole_run(folder)
    plan = read_config(str(folder / PLAN)) if (folder / PLAN).is_file() else {}
    metric = typed_again(plan.get("recipe", {}).get("metric"))
    if str(plan.get("data", {}).get("train", "")).startswith(MEMORY):
        return f"continue with: bertft.{verb_of(plan)}(…, output_dir={str(folder)!r}, resume=True)"
    return f"continue with: bertft {verb_of(plan)} --resume -o {shlex.quote(str(folder))}{metric}"


def while_writing(folder: Path) -> AbstractContextManager[None]:
    """Inside, a file of the run that cannot be written is an error that says how to go on."""
    return explained(folder, f"The last state stands; make room and {go_on(folder)}")


def threads_of(run: Path) -> int | None:
    """With how many threads the last state was learned; None where there is no state that tells."""
    threads = facts_of(run).get("threads")
    return threads if isinstance(threads, int) and 0 < threads <= MOST_THREADS else None


def place_of_state(run: Path) -> Path | None:
    """The folder of the run, or of the first of its members that has a state; None where there is none."""
    return next((place for place in _places(run) if _counters(place).get("facts")), None)


def place_of_tokenizer(run: Path) -> Path | None:
    """The same with a tokenizer, which a member that was not kept has no longer."""
    return next((place for place in _places(run) if (place / _TOKENIZER).is_file()), None)


def _places(run: Path) -> tuple[Path, ...]:
    return (run, *sorted(run.glob(f"{SEEDS}/*")), *sorted(run.glob(f"{FOLDS}/*")))


def facts_of(run: Path) -> dict[str, Any]:
    """What the last state tells of its run; empty where there is none that tells."""
    place = place_of_state(run)
    facts = _counters(place)["facts"] if place else {}
    return facts if isinstance(facts, dict) else {}


def step_of(run: Path) -> int:
    """After which step the last state was saved."""
    step = _counters(run).get("step")
    return step if isinstance(step, int) else 0


def _counters(run: Path) -> dict[str, Any]:
    """Of the last state; empty where there is none that can be read."""
    try:
        found = json.loads((last_whole(run / CHECKPOINT) / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def check_same_data(then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """UsageError for files, path -> sha256, that are not what they were."""
    changed = [path for path, digest in now.items() if then.get(path) != digest]
    if changed:
        raise UsageError(
            f"{', '.join(changed)}: changed since the run began; --resume needs the same data. "
            f"Put the old file back, or start again with --overwrite."
        )


def _check_facts(then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    check_same_data(then["data"], now["data"])
    others = [
        f"{name} {then[name]} then, {now[name]} now" for name in now if name != "data" and then[name] != now[name]
    ]
    if others:
        console.warn(f"Not bit for bit the same as without the stop: {'; '.join(others)}.")


def _plain_schedule(schedule: Any) -> dict[str, Any]:
    return {key: schedule.state_dict()[key] for key in ("last_epoch", "_step_count", "_last_lr")}


def _parameters(optimizer: Any) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _optimizer_tensors(optimizer: Any, storage: fast.Storage) -> dict[str, Tensor]:
    """`POSITION.NAME` -> tensor; positions count the parameters of all groups."""
    parameters = _parameters(optimizer)
    return {
        f"{position}.{name}": whole(value)
        for position, memory in optimizer.state_dict()["state"].items()
        for name, value in storage.stored_memory(parameters[position], memory).items()
    }


def _load_optimizer(optimizer: Any, tensors: Mapping[str, Tensor], storage: fast.Storage) -> None:
    stored: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        position, _, name = key.partition(".")
        stored.setdefault(int(position), {})[name] = value
    parameters = _parameters(optimizer)
    state = {
        position: {name: like(value, parameter) for name, value in storage.own_memory(parameter, memory).items()}
        for position, memory in stored.items()
        for parameter in (parameters[position],)
    }
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
