"""Dropout with a mask that is drawn once and used on the way there and back."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from bertft.fast.masks import DropoutMasks
from bertft.fast.packing import Layout


@dataclass(frozen=True)
class Dropped:
    """What stays, and how much larger it gets for it."""

    keep: Tensor
    """1 for what stays, 0 for what goes; bytes."""
    scale: float

    def part(self, texts: slice) -> Dropped:
        return Dropped(self.keep[texts], self.scale)

    def masked(self, values: Tensor) -> Tensor:
        """`values`, changed in place; the scale is left to the caller, who may have a cheaper place for it."""
        return values.mul_(self.keep.to(values.dtype))


def drop_hidden(layout: Layout, features: int, p: float, *, first_only: bool) -> Dropped | None:
    """For (N, H) tokens, or (B, H) first tokens."""
    if p == 0:
        return None
    keep = draw((layout.texts, layout.width, features), p)
    return Dropped(keep[:, 0].clone() if first_only else layout.pack(keep), 1 / (1 - p))


def drop_attention(layout: Layout, heads: int, p: float, *, first_only: bool) -> Dropped | None:
    """For (B, heads, Q, T) probabilities, where Q is 1 or T."""
    if p == 0:
        return None
    keep = draw((layout.texts, heads, layout.width, layout.width), p)
    return Dropped(keep[:, :, :1].clone() if first_only else keep, 1 / (1 - p))


def draw(shape: tuple[int, ...], p: float) -> Tensor:
    """Also for padding, and for tokens whose output nobody reads: so chance is the same as in transformers' own layers."""
    if DropoutMasks.active is None:
        raise RuntimeError("a fast network is trained inside DropoutMasks, which draw for it")
    return DropoutMasks.active.keep(shape, p)
