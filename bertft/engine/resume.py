"""The last state of a run: weights, optimizer, schedule, counters. Safetensors and JSON; no pickle is ever read.

The order of the data and all chance need no state: they follow from the seed and the step (see order.py and dropout.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from bertft import console
from bertft.engine.sharding import fill, like, whole
from bertft.errors import CheckpointError, UsageError
from bertft.fast.vocabulary import CutEmbedding, cut_of, widened
from bertft.plan import MOST_THREADS
from bertft.runs import CHECKPOINT
from bertft.system.files import fresh_folder, last_whole

_PIECES = "pieces"
_WEIGHTS, _OPTIMIZER, _STATE = "weights.safetensors", "optimizer.safetensors", "state.json"


@dataclass(frozen=True)
class State:
    """All that a run needs to go on."""

    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    counters: dict[str, Any]


def state_of(network: Any, optimizer: Any, schedule: Any, counters: dict[str, Any]) -> State:
    """Gathered from all processes, which all have to call it."""
    cut = cut_of(network)
    weights = {
        name: cut.whole() if cut is not None and parameter is cut.weight else whole(parameter)
        for name, parameter in network.named_parameters()
    }
    counters = {**counters, "schedule": _plain_schedule(schedule), "decayed": cut.decayed if cut is not None else None}
    return State(weights, _optimizer_tensors(optimizer, cut), counters)


def save_state(run: Path, state: State) -> None:
    """Write checkpoint/ beside the old one, then put it in its place."""
    with fresh_folder(run / CHECKPOINT) as folder:
        save_file(state.weights, folder / _WEIGHTS)
        save_file(state.optimizer, folder / _OPTIMIZER)
        (folder / _STATE).write_text(json.dumps(state.counters), encoding="utf-8")


def load_state(run: Path, network: Any, optimizer: Any, schedule: Any, *, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Fill network, optimizer and schedule; return the counters. CheckpointError where the state is damaged or of another
    run, UsageError where the data have changed since."""
    folder = last_whole(run / CHECKPOINT)
    try:
        state: dict[str, Any] = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        _check_facts(state["facts"], facts)
        cut = cut_of(network)
        _load_weights(network, load_file(folder / _WEIGHTS), cut, state.pop("decayed", None))
        _load_optimizer(optimizer, load_file(folder / _OPTIMIZER), cut)
        schedule.load_state_dict({**schedule.state_dict(), **state.pop("schedule")})
    except (OSError, ValueError, KeyError, IndexError, TypeError, RuntimeError, SafetensorError) as problem:
        reason = f"{type(problem).__name__}: {problem}"
        raise CheckpointError(f"{folder}: no state to go on from ({reason}). Start anew without --resume.") from problem
    for group, rate in zip(optimizer.param_groups, schedule.get_last_lr(), strict=True):
        group["lr"] = rate
    return state


def threads_of(run: Path) -> int | None:
    """With how many threads the last state was learned; None where there is no state that tells."""
    try:
        facts = json.loads((last_whole(run / CHECKPOINT) / _STATE).read_text(encoding="utf-8"))["facts"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    threads = facts.get("threads") if isinstance(facts, dict) else None
    return threads if isinstance(threads, int) and 0 < threads <= MOST_THREADS else None


def _check_facts(then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    changed = [path for path, digest in now["data"].items() if then["data"].get(path) != digest]
    if changed:
        raise UsageError(
            f"{', '.join(changed)}: changed since the run began; --resume goes on with the same data. "
            f"Put the old file back, or start anew with --overwrite."
        )
    others = [
        f"{name} {then[name]} then, {now[name]} now" for name in now if name != "data" and then[name] != now[name]
    ]
    if others:
        console.warn(f"Not bit for bit the same as without the stop: {'; '.join(others)}.")


def _plain_schedule(schedule: Any) -> dict[str, Any]:
    return {key: schedule.state_dict()[key] for key in ("last_epoch", "_step_count", "_last_lr")}


def _load_weights(network: Any, weights: dict[str, Tensor], cut: CutEmbedding | None, decayed: float | None) -> None:
    if cut is not None:
        name = next(name for name, parameter in network.named_parameters() if parameter is cut.weight)
        cut.go_on_from(weights[name], decayed)
        weights[name] = weights[name][cut.pieces]
    fill(network, weights)


def _parameters(optimizer: Any) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _optimizer_tensors(optimizer: Any, cut: CutEmbedding | None) -> dict[str, Tensor]:
    """`POSITION.NAME` -> tensor; positions count the parameters of all groups. Of a cut vocabulary also its pieces."""
    parameters: list[Tensor] = _parameters(optimizer)
    tensors: dict[str, Tensor] = {}
    for position, state in optimizer.state_dict()["state"].items():
        tensors |= {f"{position}.{name}": whole(value) for name, value in state.items()}
        if cut is not None and parameters[position] is cut.weight:
            tensors[f"{position}.{_PIECES}"] = cut.pieces
    return tensors


def _load_optimizer(optimizer: Any, tensors: Mapping[str, Tensor], cut: CutEmbedding | None) -> None:
    """A vocabulary that was cut then may be whole now, or the other way round."""
    parameters = _parameters(optimizer)
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        position, _, name = key.partition(".")
        parameter, pieces = parameters[int(position)], tensors.get(f"{position}.{_PIECES}")
        is_cut = cut is not None and parameter is cut.weight
        if pieces is not None and value.ndim == 2:
            value = widened(value, pieces, len(cut.start) if cut is not None and is_cut else len(parameter))
        if cut is not None and is_cut and value.ndim == 2:
            value = value[cut.pieces]
        if name != _PIECES:
            state.setdefault(int(position), {})[name] = like(value, parameter)
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
