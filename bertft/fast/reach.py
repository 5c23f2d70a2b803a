"""What the layers of one kind see of their text, all of it or a window around each token, and the attention that follows.

Attention within short texts is computed with padding, as BERT's is (`attention`). Long ones need none: where all of a text is
seen, each is computed by itself; windows are computed in blocks of the row in which all tokens stand. So the cost of a window
grows with the length and not with its square.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from bertft.fast.attention import attend
from bertft.fast.dropping import Dropped
from bertft.fast.packing import Layout, layout_of
from bertft.fast.rotary import rotate

SHORT = 256
"""Width of a batch up to which attention is computed with its padding."""
_BLOCK = 32
"""Smallest number of queries in a block."""


def layout_for(mask: Tensor | None, texts: int, width: int) -> Layout:
    """Long texts are always packed."""
    return layout_of(mask, texts, width, dense=math.inf) if width > SHORT else layout_of(mask, texts, width)


@dataclass(frozen=True)
class Reach:
    """Of one pass, for all layers of a kind."""

    layout: Layout
    window: int | None
    """How far a token sees to either side; None: the whole text."""
    cos: Tensor
    sin: Tensor
    """(N, d) fp32, of each token's place and this kind's angles."""
    dtype: torch.dtype
    """Of the products."""

    def read(self, together: Tensor, *, heads: int, dropped: Dropped | None) -> Tensor:
        """Query, key and value of each token, (N, 3 H) -> what it reads, (N, H). `together` is used up."""
        together = rotate(together, self.cos, self.sin, heads=heads, parts=2)
        if self.layout.width <= SHORT or dropped is not None:
            return attend(together, self.layout, heads=heads, dropped=dropped, bias=self.bias)
        return self._read_texts(together, heads) if self.window is None else self._read_blocks(together, heads)

    def read_first(self, together: Tensor, *, heads: int, dropped: Dropped | None) -> Tensor:
        """What the texts' first tokens read: (N, 3 H), `dropped` of (B, heads, 1, T) -> (B, H)."""
        together = rotate(together, self.cos, self.sin, heads=heads, parts=2)
        hidden = together.shape[1] // 3
        first = together.index_select(0, self.layout.first)[:, :hidden].contiguous()
        bias = self._bias_of(1)
        return attend(together[:, hidden:], self.layout, heads=heads, dropped=dropped, first=first, bias=bias)

    def _read_texts(self, together: Tensor, heads: int) -> Tensor:
        """One text after the other: (N, 3 H) -> (N, H)."""
        return torch.cat([_of_text(rows, heads) for rows in torch.split(together, self._lengths) if len(rows)])

    def _read_blocks(self, together: Tensor, heads: int) -> Tensor:
        """Blocks of queries, each with the keys that any of them sees: (N, 3 H) -> (N, H)."""
        assert self.window is not None
        block, rows = self._block, len(together)
        count = -(-rows // block)
        parts = together.view(rows, 3, heads, -1)
        query = functional.pad(parts[:, 0], (0, 0, 0, 0, 0, count * block - rows)).view(count, block, heads, -1)
        beyond = (0, 0, 0, 0, 0, 0, self.window, self.window + count * block - rows)
        near = functional.pad(parts[:, 1:], beyond).unfold(0, block + 2 * self.window, block)  # (count, 2, h, d, keys)
        key, value = near.transpose(3, 4).unbind(1)
        found = functional.scaled_dot_product_attention(query.transpose(1, 2), key, value, attn_mask=self.blocks)
        return found.transpose(1, 2).reshape(count * block, -1)[:rows]

    @cached_property
    def bias(self) -> Tensor | None:
        """(B, 1, 1 or T, T) what attention adds to its scores: 0 for a token that is seen. A token that sees none, which is
        padding, gets a number all the same: others must not multiply by it."""
        return self._bias_of(self.layout.width)

    def _bias_of(self, queries: int) -> Tensor | None:
        """The same for the first tokens only, of which there are so many."""
        layout = self.layout
        if self.window is None or layout.width <= self.window + 1:
            return layout.bias
        at = torch.arange(layout.width)
        far = (at[:queries, None] - at).abs() > self.window  # (queries, T)
        hidden = far if layout.mask is None else far | ~layout.mask[:, None, None]
        hidden = hidden.expand(layout.texts, 1, -1, -1)
        return torch.zeros(hidden.shape).masked_fill_(hidden, torch.finfo(torch.float32).min)

    @cached_property
    def blocks(self) -> Tensor:
        """(blocks, 1, block, block + 2 window) what is added to the scores of a block's queries and keys."""
        assert self.window is not None
        block, rows = self._block, len(self.layout.at)
        count = -(-rows // block)
        place, text = self.layout.at % self.layout.width, self._text_of_row
        beyond = (self.window, self.window + count * block - rows)
        places = functional.pad(place, beyond).unfold(0, block + 2 * self.window, block)
        texts = functional.pad(text, beyond, value=-2).unfold(0, block + 2 * self.window, block)
        own = slice(self.window, self.window + block)
        same = texts[:, own, None] == texts[:, None]
        seen = same & ((places[:, own, None] - places[:, None]).abs() <= self.window)
        return torch.zeros(seen.shape, dtype=self.dtype).masked_fill_(~seen, -math.inf)[:, None]

    @property
    def _block(self) -> int:
        return max(self.window or 0, _BLOCK)

    @cached_property
    def _text_of_row(self) -> Tensor:
        """(N,) the text of each row; -1 for those that only make up the number."""
        text = self.layout.at // self.layout.width
        return text if self.layout.mask is None else text.where(self.layout.mask.flatten()[self.layout.at], -1)

    @cached_property
    def _lengths(self) -> list[int]:
        """Rows of each text, and at the end of what only makes up the number."""
        if self.layout.mask is None:
            return [self.layout.width] * self.layout.texts
        lengths: list[int] = self.layout.mask.sum(1).tolist()
        return [*lengths, len(self.layout.at) - sum(lengths)]


def _of_text(rows: Tensor, heads: int) -> Tensor:
    """Query, key and value of a text's tokens, (t, 3 H) -> (t, H)."""
    query, key, value = rows.view(1, len(rows), 3, heads, -1).permute(2, 0, 3, 1, 4)  # (1, h, t, d)
    found = functional.scaled_dot_product_attention(query, key, value)
    return found.transpose(1, 2).reshape(len(rows), -1)
