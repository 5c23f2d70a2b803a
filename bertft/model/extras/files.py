"""tagger.safetensors: the weights of all extras, beside the model.safetensors that transformers writes and reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from bertft.errors import CheckpointError
from bertft.model.extras.extended import ExtendedNetwork, extra_of, extras_of, kinds_for, kinds_of_extras
from bertft.model.extras.extra import Extra
from bertft.protocols import Network

FILE = "tagger.safetensors"
"""The first extras were those of taggers."""

_PART = "network."
"""Begins the names of transformers' own weights in an ExtendedNetwork."""


def save_extras(network: Network, folder: Path, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Write the weights of extras, what is true or false as 1 or 0, and no file if there are none. `weights` is the network's
    state; returned is what is left of it for transformers to save, under transformers' names."""
    if not isinstance(network, ExtendedNetwork):
        return dict(weights)
    tensors = {
        name: (part.byte() if part.dtype == torch.bool else part).detach().cpu().contiguous()
        for name, part in weights.items()
        if extra_of(network, name) is not None
    }
    save_file(tensors, folder / FILE, metadata=_metadata(network))
    return {name.removeprefix(_PART): value for name, value in weights.items() if name.startswith(_PART)}


def load_extras(network: Network, folder: Path, kind: str) -> Network:
    """A network of transformers with the extras that are stored beside it; the network itself if there are none, or none for
    this kind of task."""
    file, known = folder / FILE, kinds_for(kind)
    if not file.is_file() or not known:
        plain: Network = network
        return plain
    try:
        metadata, tensors = _read(file)
        if _are_of_others(tensors, known):
            return network
        found = (one.stored(network, tensors, metadata) for one in known)
        extended = ExtendedNetwork(network, [extra for extra in found if extra is not None])
        _fill(extended, tensors)
    except (SafetensorError, OSError, RuntimeError, KeyError, ValueError) as problem:
        reason = str(problem).splitlines()[-1].strip()
        raise CheckpointError(
            f"{file}: damaged, or not of the model beside it ({reason}). Train it again."
        ) from problem
    return extended


def _are_of_others(tensors: Mapping[str, Tensor], known: Collection[type[Extra]]) -> bool:
    """Whether these are the weights of extras that this kind of task has not, left there by another run."""
    others = {one.name for one in kinds_of_extras() if one not in known}
    return bool(tensors) and {name.split(".")[0] for name in tensors} <= others


def answers_without_head(folder: Path) -> bool:
    """Whether an extra that is stored there answers in place of the head that transformers finds beside it."""
    if not (folder / FILE).is_file():
        return False
    try:
        with safe_open(folder / FILE, framework="pt") as opened:
            names = {name.split(".")[0] for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError):
        return False
    return any(one.freezes and one.name in names for one in kinds_of_extras())


def _metadata(network: ExtendedNetwork) -> dict[str, str]:
    present = {type(extra): extra for extra in extras_of(network)}
    return {key: value for kind in kinds_of_extras() for key, value in kind.metadata(present.get(kind)).items()}


def _read(file: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    with safe_open(file, framework="pt") as opened:
        return opened.metadata() or {}, {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118


def _fill(network: ExtendedNetwork, tensors: dict[str, Tensor]) -> None:
    """Every weight from the file, and none left over."""
    wanted = {name for name in network.state_dict() if extra_of(network, name) is not None}
    if wanted != tensors.keys():
        raise ValueError(f"missing or unknown: {', '.join(sorted(wanted ^ tensors.keys())[:3])}")
    network.load_state_dict(tensors, strict=False)
