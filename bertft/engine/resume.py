"""The last state of a run: weights, optimizer, schedule, counters. Safetensors and JSON; no pickle is ever read.

The order of the data and all chance need no state: they follow from the seed and the step (see order.py and dropout.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from bertft import console
from bertft.durable import fresh_folder, last_whole
from bertft.errors import CheckpointError, UsageError

FOLDER = "checkpoint"
_WEIGHTS, _OPTIMIZER, _STATE = "weights.safetensors", "optimizer.safetensors", "state.json"


def save_state(run: Path, network: Any, optimizer: Any, schedule: Any, counters: dict[str, Any]) -> None:
    """Write checkpoint/ beside the old one, then put it in its place."""
    with fresh_folder(run / FOLDER) as folder:
        save_file({name: p.detach().cpu().contiguous() for name, p in network.named_parameters()}, folder / _WEIGHTS)
        save_file(_optimizer_tensors(optimizer), folder / _OPTIMIZER)
        state = {**counters, "schedule": _plain_schedule(schedule)}
        (folder / _STATE).write_text(json.dumps(state), encoding="utf-8")


def load_state(run: Path, network: Any, optimizer: Any, schedule: Any, *, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Fill network, optimizer and schedule; return the counters. CheckpointError where the state is damaged or of another
    run, UsageError where the data have changed since."""
    folder = last_whole(run / FOLDER)
    try:
        state: dict[str, Any] = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        _check_facts(state["facts"], facts)
        _load_weights(network, load_file(folder / _WEIGHTS))
        _load_optimizer(optimizer, load_file(folder / _OPTIMIZER))
        schedule.load_state_dict({**schedule.state_dict(), **state.pop("schedule")})
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as problem:
        reason = f"{type(problem).__name__}: {problem}"
        raise CheckpointError(f"{folder}: no state to go on from ({reason}). Start anew without --resume.") from problem
    for group, rate in zip(optimizer.param_groups, schedule.get_last_lr(), strict=True):
        group["lr"] = rate
    return state


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


def _load_weights(network: Any, weights: Mapping[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(weights[name])


def _plain_schedule(schedule: Any) -> dict[str, Any]:
    return {key: schedule.state_dict()[key] for key in ("last_epoch", "_step_count", "_last_lr")}


def _optimizer_tensors(optimizer: Any) -> dict[str, torch.Tensor]:
    """`POSITION.NAME` -> tensor; positions count the parameters of all groups."""
    return {
        f"{position}.{name}": value.detach().cpu().contiguous()
        for position, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def _load_optimizer(optimizer: Any, tensors: Mapping[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        position, _, name = key.partition(".")
        state.setdefault(int(position), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
