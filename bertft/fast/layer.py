"""One layer of BERT over packed tokens (N, H). Hidden states are fp32, products in the precision of the pass, as in autocast."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from bertft.fast.attention import attend
from bertft.fast.dropping import drop_attention, drop_hidden
from bertft.fast.linear import Linear
from bertft.fast.packing import Layout
from bertft.fast.residual import add_and_norm
from bertft.model.parts import Parts


@dataclass(frozen=True)
class Pass:
    """What all layers of one forward pass share."""

    layout: Layout
    dtype: torch.dtype
    """Of the products."""
    training: bool
    """Whether dropout is on."""


class Layer:
    """A layer's parts, put together for speed."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.query_key_value = Linear(parts.query, parts.key, parts.value)
        self.query, self.key_value = Linear(parts.query), Linear(parts.key, parts.value)
        self.out, self.up, self.down = Linear(parts.out), Linear(parts.up), Linear(parts.down)

    def __call__(self, hidden: Tensor, run: Pass, *, first_only: bool = False) -> Tensor:
        """(N, H) -> (N, H), or (B, H): the texts' first tokens, for which alone it is then computed."""
        parts, dtype = self.parts, run.dtype
        read = self._read_first(hidden, run) if first_only else self._read(hidden, run)
        residual = hidden.index_select(0, run.layout.first) if first_only else hidden
        dropped = drop_hidden(run.layout, hidden.shape[1], parts.read_dropout * run.training, first_only=first_only)
        hidden = add_and_norm(residual, self.out(read, dtype), parts.attention_norm, dropped)
        between = self.up(hidden, dtype, gelu=True)  # (N, I)
        dropped = drop_hidden(run.layout, hidden.shape[1], parts.output_dropout * run.training, first_only=first_only)
        return add_and_norm(hidden, self.down(between, dtype), parts.output_norm, dropped)

    def _read(self, hidden: Tensor, run: Pass) -> Tensor:
        """What every token reads in its text: (N, H) -> (N, H)."""
        dropped = drop_attention(run.layout, self.parts.heads, self._attention_dropout(run), first_only=False)
        together = self.query_key_value(hidden, run.dtype)
        return attend(together, run.layout, heads=self.parts.heads, dropped=dropped)

    def _read_first(self, hidden: Tensor, run: Pass) -> Tensor:
        """What the first tokens read: (N, H) -> (B, H)."""
        dropped = drop_attention(run.layout, self.parts.heads, self._attention_dropout(run), first_only=True)
        first = self.query(hidden.index_select(0, run.layout.first), run.dtype)
        together = self.key_value(hidden, run.dtype)
        return attend(together, run.layout, heads=self.parts.heads, dropped=dropped, first=first)

    def _attention_dropout(self, run: Pass) -> float:
        return self.parts.attention_dropout * run.training
