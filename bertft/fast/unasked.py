"""On a GPU: the mask of attention, made without asking the GPU whether there is padding.

transformers leaves the mask out where there is none, so that torch can use its fastest kernel. To find out, it looks at a number
on the GPU in every forward pass, and waits until all that was asked for before is computed. The processor has made the batch and
knows. The mask and the attention are transformers' own (sdpa), registered under another name as its documentation has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor

NAME = "sdpa_unasked"
"""Of the attention, in transformers' registers."""

FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "ernie", "distilbert", "modernbert")
"""Whose attention comes from that register alone."""

_unpadded: ContextVar[int | None] = ContextVar("_unpadded", default=None)
"""Of how many places the batch is that holds no padding; None where nothing is known."""


def use_unasked_masks(network: Any) -> bool:
    """Let a network of transformers make its masks here; whether it does from now on."""
    config = network.config
    if getattr(config, "_attn_implementation", None) == NAME:
        return True
    if getattr(config, "model_type", None) not in FAMILIES or getattr(config, "_attn_implementation", None) != "sdpa":
        return False
    _register()
    config._attn_implementation = NAME
    return True


def _register() -> None:
    """Both: without a mask function of that name, transformers would make no mask at all."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    AttentionInterface.register(NAME, sdpa_attention_forward)
    AttentionMaskInterface.register(NAME, _mask)


@contextmanager
def known_padding(mask: Tensor) -> Iterator[None]:
    """Inside, networks read this batch, whose mask (…, T) is 0 or false on padding and lies on the processor."""
    before = _unpadded.set(mask.numel() if mask.numpy().all() else None)
    try:
        yield
    finally:
        _unpadded.reset(before)


def _mask(
    *, attention_mask: Tensor | None = None, allow_is_bidirectional_skip: bool = False, **others: Any
) -> Tensor | None:
    """As transformers' for sdpa: (B, 1, T, T), true where a query sees a key; None where all do, and that is known."""
    from transformers.masking_utils import sdpa_mask

    if attention_mask is not None and attention_mask.numel() == _unpadded.get():
        attention_mask = None
    may_skip = allow_is_bidirectional_skip and attention_mask is None
    found: Tensor | None = sdpa_mask(attention_mask=attention_mask, allow_is_bidirectional_skip=may_skip, **others)
    return found
