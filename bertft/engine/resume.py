"""The last state of a run: weights, optimizer, schedule, random state, counters. Safetensors and JSON; no pickle is ever read.

The order of the data needs no state: it follows from the seed and the step (see order.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from bertft.errors import CheckpointError
from bertft.model.folder import fresh_folder, last_whole

FOLDER = "checkpoint"
_WEIGHTS, _OPTIMIZER, _STATE = "weights.safetensors", "optimizer.safetensors", "state.json"


def save_state(run: Path, network: Any, optimizer: Any, schedule: Any, counters: dict[str, Any]) -> None:
    """Write checkpoint/ beside the old one, then put it in its place."""
    with fresh_folder(run / FOLDER) as folder:
        save_file({name: p.detach().cpu().contiguous() for name, p in network.named_parameters()}, folder / _WEIGHTS)
        save_file(_optimizer_tensors(optimizer) | _random_tensors(), folder / _OPTIMIZER)
        state = {**counters, "schedule": _plain_schedule(schedule)}
        (folder / _STATE).write_text(json.dumps(state), encoding="utf-8")


def load_state(run: Path, network: Any, optimizer: Any, schedule: Any) -> dict[str, Any]:
    """Fill network, optimizer, schedule and random generators; return the counters."""
    folder = last_whole(run / FOLDER)
    try:
        state: dict[str, Any] = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        weights, tensors = load_file(folder / _WEIGHTS), load_file(folder / _OPTIMIZER)
    except (OSError, ValueError, SafetensorError) as problem:
        raise CheckpointError(
            f"{folder}: no state to go on from ({problem}). Start anew without --resume."
        ) from problem
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(weights[name])
    _load_optimizer(optimizer, tensors)
    schedule.load_state_dict({**schedule.state_dict(), **state.pop("schedule")})
    for group, rate in zip(optimizer.param_groups, schedule.get_last_lr(), strict=True):
        group["lr"] = rate
    _load_random(tensors)
    return state


def _plain_schedule(schedule: Any) -> dict[str, Any]:
    return {key: schedule.state_dict()[key] for key in ("last_epoch", "_step_count", "_last_lr")}


def _optimizer_tensors(optimizer: Any) -> dict[str, torch.Tensor]:
    """`POSITION.NAME` -> tensor; positions count the parameters of all groups."""
    return {
        f"{position}.{name}": value.detach().cpu().contiguous()
        for position, state in optimizer.state_dict()["state"].items()
        for name, value in state.items()
    }


def _load_optimizer(optimizer: Any, tensors: dict[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        position, _, name = key.partition(".")
        if position.isdigit():
            state.setdefault(int(position), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _random_tensors() -> dict[str, torch.Tensor]:
    found = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        found["random.cuda"] = torch.cuda.get_rng_state()
    return found


def _load_random(tensors: dict[str, torch.Tensor]) -> None:
    torch.set_rng_state(tensors["random.cpu"])
    if torch.cuda.is_available() and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"])
