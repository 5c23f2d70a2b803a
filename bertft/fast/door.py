"""What the rest of the package asks for. Each verb does nothing where the switch is off, or where nothing can be gained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch.autograd.graph import increment_version

from bertft.fast.encoder import use_fast_layers
from bertft.fast.masks import DropoutBits
from bertft.fast.modern import use_fast_prenorm_layers
from bertft.fast.switch import is_on
from bertft.fast.unasked import known_padding, use_unasked_masks
from bertft.fast.vocabulary import cut_of, cut_vocabulary
from bertft.model.extras import extras_of, transformers_part
from bertft.protocols import Network


def speed_up(network: Network, device: torch.device) -> None:
    """Let a network on this device compute its encoder here."""
    if _helps_on(device):
        _use_fast_layers(_reader_of(network))
    elif _is_asked_on(device):
        use_unasked_masks(transformers_part(network))


def speed_up_training(
    network: Network, texts: Iterable[np.ndarray[Any, Any]], *, padding: int | None, device: torch.device
) -> None:
    """The same for a network that is about to be trained on texts of these token ids, filled up with `padding`. It must not be
    cut up among processes."""
    if _helps_on(device):
        _use_fast_layers(_reader_of(network))
        cut_vocabulary(transformers_part(network), texts, padding=padding)
    elif _is_asked_on(device):
        use_unasked_masks(transformers_part(network))


def padding_known(inputs: Mapping[str, torch.Tensor], device: torch.device) -> AbstractContextManager[None]:
    """Inside, networks on this device compute this batch, which still lies on the processor, and need not ask the device whether
    it holds padding."""
    if not _is_asked_on(device) or "attention_mask" not in inputs:
        return nullcontext()
    return known_padding(inputs["attention_mask"])


def dropout_bits(seed: int, step: int, device: torch.device) -> DropoutBits | None:
    """The random bits of a step's dropout, for DropoutMasks; None where torch's own dropout is used."""
    return DropoutBits(seed, step) if _helps_on(device) else None


def follow_steps(network: Network, optimizer: torch.optim.Optimizer) -> None:
    """Let copies of weights, and rows that are not trained, follow each step of the network's optimizer."""
    cut = cut_of(network)

    def after_step(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        """torch's fused AdamW (2.13) does not count its updates, and copies of the weights would go stale; nor does it know of
        the tokens that are not trained, which decay all the same."""
        for group in optimizer.param_groups:
            increment_version(group["params"])
            if cut is not None and any(weight is cut.weight for weight in group["params"]):
                cut.decayed *= 1 - float(group["lr"]) * group["weight_decay"]

    optimizer.register_step_post_hook(after_step)


def _reader_of(network: Network) -> Any:
    """What reads the encoder's outputs: transformers' network with its head, or an extra in its place, for which all tokens may
    count."""
    whole = transformers_part(network)
    return whole.base_model if any(extra.freezes for extra in extras_of(network)) else whole


def _use_fast_layers(network: Any) -> bool:
    """Whether its layers are of a kind that is known here."""
    return use_fast_layers(network) or use_fast_prenorm_layers(network)


def _is_asked_on(device: torch.device) -> bool:
    """Whether the program would wait for this device's answer."""
    return is_on() and device.type == "cuda"


def _helps_on(device: torch.device) -> bool:
    return is_on() and device.type == "cpu"
