"""Softmax attention of every text on itself, there and back: Vaswani et al. 2017 (arXiv 1706.03762).

Products are in the inputs' precision, the softmax in fp32. A few texts at a time, so that what lies between the products stays
in the processor's cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from bertft.fast.dropping import Dropped
from bertft.fast.packing import Layout

_AT_ONCE = 1 << 19
"""Attention probabilities that are computed at once."""


def attend(
    together: Tensor,
    layout: Layout,
    *,
    heads: int,
    dropped: Dropped | None,
    first: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """Every token's query, key and value side by side, (N, 3 H), `dropped` of (B, heads, T, T) -> (N, H). Or key and value,
    (N, 2 H), with the queries of the `first` tokens, (B, H), `dropped` of (B, heads, 1, T) -> (B, H). `bias` (B, 1, 1 or Q, T)
    is added to the scores; by default the layout's, which hides padding."""
    bias = layout.bias if bias is None else bias
    read: Tensor = _Attend.apply(layout, heads, dropped, bias, together, first)  # type: ignore[no-untyped-call]
    return read


class _Attend(Function):
    @staticmethod
    def forward(
        ctx: Any,
        layout: Layout,
        heads: int,
        dropped: Dropped | None,
        bias: Tensor | None,
        together: Tensor,
        first: Tensor | None,
    ) -> Tensor:
        parts = apart(together, layout, 3 if first is None else 2, heads)  # (3 or 2, B, h, T, d)
        query, key, value = parts if first is None else (of_first(first, heads), *parts)
        shape = (*query.shape[:3], layout.width)  # (B, h, Q, T)
        kept = query.new_empty(shape) if any(ctx.needs_input_grad) else None
        read = torch.empty_like(query)
        for some in some_at_once(shape):
            probabilities = softmax_of(query[some], key[some], None if bias is None else bias[some])
            if kept is not None:
                kept[some] = probabilities
            if dropped is not None:
                probabilities = dropped.part(some).masked(probabilities)
            multiply(probabilities, value[some], into=read[some])
        if dropped is not None:
            read.mul_(dropped.scale)
        ctx.kept = layout, first is None, query, key, value, kept, dropped
        return together_again(read[None], layout) if first is None else read.flatten(1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        layout, whole, query, key, value, probabilities, dropped = ctx.kept
        ctx.kept = None  # what is used up makes room for gradients
        heads = query.shape[1]
        gradient = apart(gradient, layout, 1, heads)[0] if whole else of_first(gradient, heads)
        if dropped is not None:
            gradient = gradient * dropped.scale
        of_parts = key.new_empty((3 if whole else 2, *key.shape))
        of_query, of_key, of_value = of_parts if whole else (torch.empty_like(query), *of_parts)
        for some in some_at_once(probabilities.shape):
            used, towards = probabilities[some], gradient[some] @ value[some].transpose(2, 3)  # (b, h, Q, T)
            if dropped is not None:
                used, towards = dropped.part(some).masked(used.clone()), dropped.part(some).masked(towards)
            multiply(used.transpose(2, 3), gradient[some], into=of_value[some])
            scores = torch._softmax_backward_data(towards.float(), probabilities[some].float(), -1, torch.float32)
            scores = scores.mul_(scale_of(query)).to(query.dtype)
            multiply(scores, key[some], into=of_query[some])
            multiply(scores.transpose(2, 3), query[some], into=of_key[some])
        return None, None, None, None, together_again(of_parts, layout), None if whole else of_query.flatten(1)


def softmax_of(query: Tensor, key: Tensor, bias: Tensor | None) -> Tensor:
    """query (b, h, Q, d), key (b, h, T, d), bias (b, 1, 1 or Q, T) -> (b, h, Q, T) in the query's precision."""
    scores = (query @ key.transpose(2, 3)).float().mul_(scale_of(query))
    if bias is not None:
        scores.add_(bias)
    return torch.softmax(scores, -1).to(query.dtype)


def multiply(one: Tensor, other: Tensor, *, into: Tensor) -> None:
    """(b, h, I, J), (b, h, J, K) -> (b, h, I, K)."""
    torch.bmm(one.flatten(0, 1), other.flatten(0, 1), out=into.flatten(0, 1))


def scale_of(query: Tensor) -> float:
    return 1 / math.sqrt(query.shape[-1])


def apart(together: Tensor, layout: Layout, count: int, heads: int) -> Tensor:
    """So many things side by side, (N, count H) -> (count, B, h, T, d)."""
    padded = layout.pad(together).view(layout.texts, layout.width, count, heads, -1)
    return padded.permute(2, 0, 3, 1, 4).contiguous()


def together_again(parts: Tensor, layout: Layout) -> Tensor:
    """(count, B, h, T, d) -> (N, count H)."""
    return layout.pack(parts.permute(1, 3, 0, 2, 4).flatten(2))


def of_first(together: Tensor, heads: int) -> Tensor:
    """(B, H) -> (B, h, 1, d)."""
    return together.view(len(together), heads, 1, -1)


def some_at_once(shape: tuple[int, ...]) -> Iterator[slice]:
    """Texts that are computed together, for probabilities of the shape (B, h, Q, T)."""
    size = max(_AT_ONCE // math.prod(shape[1:]), 1)
    return (slice(start, start + size) for start in range(0, shape[0], size))
