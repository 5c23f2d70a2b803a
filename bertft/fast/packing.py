"""Where the tokens of a batch stand: in one row without padding, or each in its text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

DENSE = 0.95
"""Share of tokens above which a batch is computed with its padding: taking it out and putting it back costs more."""


@dataclass(frozen=True)
class Layout:
    """B texts of at most T tokens."""

    texts: int
    width: int
    mask: Tensor | None
    """(B, T) true on tokens; None where there is no padding."""
    places: Tensor | None
    """(N,) where the tokens stand among B * T places; the last ones, at least one, only make up the number, and all stand at one
    that is padding. None where all places are computed."""

    @cached_property
    def first(self) -> Tensor:
        """(B,) where the texts' first tokens stand in the row; padding stands on the right."""
        if self.mask is None or self.places is None:
            return torch.arange(0, self.texts * self.width, self.width)
        return self.mask.sum(1).cumsum(0) - self.mask.sum(1)

    @cached_property
    def at(self) -> Tensor:
        """(N,) at which of the B * T places each row stands."""
        return torch.arange(self.texts * self.width) if self.places is None else self.places

    @cached_property
    def rows(self) -> Tensor:
        """(B * T,) the row that goes to each place; the last one to padding."""
        assert self.places is not None
        last = len(self.places) - 1
        rows = torch.full((self.texts * self.width,), last)
        return rows.index_copy_(0, self.places, torch.arange(last + 1))

    @cached_property
    def bias(self) -> Tensor | None:
        """(B, 1, 1, T) what attention adds to its scores: 0 for a token, -inf for padding; fp32."""
        if self.mask is None:
            return None
        return torch.zeros(self.mask.shape).masked_fill_(~self.mask, -math.inf)[:, None, None]

    def pack(self, padded: Tensor) -> Tensor:
        """(B, T, *) or (B * T, *) -> (N, *)."""
        flat = padded.reshape(self.texts * self.width, *padded.shape[-1:])
        return flat if self.places is None else flat.index_select(0, self.places)

    def pad(self, packed: Tensor) -> Tensor:
        """(N, K) -> (B, T, K). What stands on padding means nothing, and nothing may read it."""
        flat = packed if self.places is None else packed.index_select(0, self.rows)
        return flat.view(self.texts, self.width, -1)


def layout_of(mask: Tensor | None, texts: int, width: int, *, dense: float = DENSE) -> Layout:
    """`mask` (B, T), true on tokens. Computed with its padding above this share of tokens."""
    if mask is None or bool(mask.all()):
        return Layout(texts, width, None, None)
    flat = mask.reshape(-1)
    places = flat.nonzero().squeeze(1)
    spare = rounded(len(places) + 1) - len(places)
    if len(places) + spare >= dense * len(flat):
        return Layout(texts, width, mask, None)
    return Layout(texts, width, mask, torch.cat([places, flat.int().argmin().expand(spare)]))


def rounded(tokens: int) -> int:
    """The next of 8 sizes per power of two: each new one costs oneDNN a millisecond and a quarter of a megabyte per product."""
    step = 1 << max(tokens.bit_length() - 4, 0)
    return -(-tokens // step) * step


def key_mask(extended: Tensor | None) -> Tensor | None:
    """The (B, T) mask of the keys in what transformers gives its attention: (B, 1, T or 1, T), true or 0 where a key counts."""
    if extended is None:
        return None
    keys = extended[:, 0, 0]  # (B, T): in an encoder every query sees the same keys
    return keys if keys.dtype == torch.bool else keys > -1
