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

AT_ONCE = 1 << 19
"""Attention probabilities that are computed at once."""


def attend(
    query: Tensor, key: Tensor, value: Tensor, *, heads: int, mask: Tensor | None, dropped: Dropped | None
) -> Tensor:
    """query (B, Q, H), key and value (B, T, H), mask (B, T) true on tokens, `dropped` of (B, heads, Q, T) -> (B, Q, H)."""
    read: Tensor = _Attend.apply(heads, mask, dropped, query, key, value)  # type: ignore[no-untyped-call]
    return read


class _Attend(Function):
    @staticmethod
    def forward(
        ctx: Any, heads: int, mask: Tensor | None, dropped: Dropped | None, query: Tensor, key: Tensor, value: Tensor
    ) -> Tensor:
        query, key, value = (split_heads(part, heads) for part in (query, key, value))
        shape = (*query.shape[:3], key.shape[2])  # (B, h, Q, T)
        kept = query.new_empty(shape) if any(ctx.needs_input_grad) else None
        read = torch.empty_like(query)
        for part in some_at_once(shape):
            probabilities = softmax_of(query[part], key[part], None if mask is None else mask[part]).to(query.dtype)
            if kept is not None:
                kept[part] = probabilities
            if dropped is not None:
                probabilities = dropped.part(part).masked(probabilities)
            read[part] = probabilities @ value[part]
        if dropped is not None:
            read.mul_(dropped.scale)
        ctx.kept = query, key, value, kept, dropped
        return join_heads(read)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        query, key, value, probabilities, dropped = ctx.kept
        ctx.kept = None  # what is used up makes room for gradients
        gradient = split_heads(gradient, query.shape[1])
        if dropped is not None:
            gradient.mul_(dropped.scale)
        of_query, of_key, of_value = (torch.empty_like(part) for part in (query, key, value))
        for part in some_at_once(probabilities.shape):
            used, towards = probabilities[part], gradient[part] @ value[part].transpose(2, 3)  # (b, h, Q, T)
            if dropped is not None:
                used, towards = dropped.part(part).masked(used.clone()), dropped.part(part).masked(towards)
            of_value[part] = used.transpose(2, 3) @ gradient[part]
            scores = torch._softmax_backward_data(towards.float(), probabilities[part].float(), -1, torch.float32)
            scores = scores.mul_(scale_of(query)).to(query.dtype)
            of_query[part] = scores @ key[part]
            of_key[part] = scores.transpose(2, 3) @ query[part]
        return None, None, None, join_heads(of_query), join_heads(of_key), join_heads(of_value)


def softmax_of(query: Tensor, key: Tensor, mask: Tensor | None) -> Tensor:
    """query (b, h, Q, d), key (b, h, T, d), mask (b, T) -> (b, h, Q, T), fp32."""
    scores = (query @ key.transpose(2, 3)).float().mul_(scale_of(query))
    if mask is not None:
        scores.masked_fill_(~mask[:, None, None], -math.inf)
    return torch.softmax(scores, -1)


def scale_of(query: Tensor) -> float:
    return 1 / math.sqrt(query.shape[-1])


def split_heads(together: Tensor, heads: int) -> Tensor:
    """(B, T, H) -> (B, h, T, d)."""
    texts, width, features = together.shape
    return together.reshape(texts, width, heads, features // heads).transpose(1, 2).contiguous()


def join_heads(apart: Tensor) -> Tensor:
    """(B, h, T, d) -> (B, T, H)."""
    return apart.transpose(1, 2).flatten(2)


def some_at_once(shape: tuple[int, ...]) -> Iterator[slice]:
    """Texts that are computed together, for probabilities of the shape (B, h, Q, T)."""
    size = max(AT_ONCE // math.prod(shape[1:]), 1)
    return (slice(start, start + size) for start in range(0, shape[0], size))
