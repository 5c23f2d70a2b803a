"""Dropout masks from few random bits, the same for one process as for many.

A byte decides for one element: below 256 p it is dropped; where the byte stands on the edge, a second draw decides, so that the
probability is p and not a multiple of 1/256. The bits come from SFC64, seeded by the run's seed and the step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Keep = np.ndarray[Any, Any]


class DropoutBits:
    """Draws which elements stay."""

    def __init__(self, *seeds: int) -> None:
        self._source = np.random.SFC64(np.random.SeedSequence(seeds))
        self._second = np.random.Generator(self._source)

    def keep(self, count: int, p: float) -> Keep:
        """(count,) booleans, false with probability p."""
        if p == 0:
            return np.ones(count, dtype=bool)
        whole, part = divmod(p * 256, 1)
        drawn = self._source.random_raw(-(-count // 8)).view(np.uint8)[:count]
        keep = drawn >= int(whole) if part == 0 else drawn > int(whole)
        if part:
            edge = np.flatnonzero(drawn == int(whole))
            keep[edge] = self._second.random(len(edge)) >= part
        return keep


class DropoutMasks(TorchFunctionMode):
    """Inside it, dropout takes its masks from here: in a fast layer, in transformers' own, and in torch's attention."""

    active: DropoutMasks | None = None

    def __init__(self, bits: DropoutBits, rows: Sequence[int] | None = None, whole: int | None = None) -> None:
        """A batch of these `rows` of a batch of `whole`, for all of which masks are drawn; by default all there are."""
        super().__init__()
        self.bits, self.rows, self.whole = bits, None if rows is None else list(rows), whole

    def __enter__(self) -> Any:
        self._before, DropoutMasks.active = DropoutMasks.active, self
        return super().__enter__()  # type: ignore[no-untyped-call]

    def __exit__(self, *problem: Any) -> None:
        DropoutMasks.active = self._before
        super().__exit__(*problem)  # type: ignore[no-untyped-call]

    def keep(self, shape: Sequence[int], p: float) -> Tensor:
        """(B, ...) of 1 and, with probability p, 0; bytes, which torch turns into numbers faster than booleans."""
        cut = self.rows is not None and shape[0] == len(
            self.rows
        )  # else it is nothing of the rows, and all draw the same
        whole = (self.whole, *shape[1:]) if cut and self.whole is not None else tuple(shape)
        keep = torch.from_numpy(self.bits.keep(math.prod(whole), p).view(np.uint8)).view(whole)
        return keep[self.rows] if cut else keep

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func is functional.dropout:
            return self._dropout(*args, **kwargs)
        if func is functional.scaled_dot_product_attention and kwargs.get("dropout_p") and not kwargs.get("enable_gqa"):
            return self._attention(*args, **kwargs)
        return func(*args, **kwargs)

    def _dropout(self, values: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        """values (B, ...) of the own rows."""
        if not training or p == 0:
            return values
        return values * self.keep(values.shape, p).to(values.dtype) * (1 / (1 - p))

    def _attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        **_: Any,
    ) -> Tensor:
        """query, key, value (B, heads, T, D); attn_mask of booleans or of what is added."""
        scores = query @ key.transpose(-2, -1) * (scale or 1 / math.sqrt(query.shape[-1]))  # (B, heads, T, T)
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            blind = ~attn_mask.any(-1, keepdim=True)  # padding may be too far from its text: a number all the same
            scores = scores.masked_fill(~(attn_mask | blind), -math.inf)
        elif attn_mask is not None:
            scores = scores + attn_mask
        return self._dropout(scores.softmax(-1), dropout_p) @ value
