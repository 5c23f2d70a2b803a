"""Rotary position embeddings: each query and key is turned by an angle that grows with its place, so that their product depends
on their distance alone. Su et al. 2021 (arXiv 2104.09864), with halves instead of neighbours as pairs, as transformers has it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function


def rotate(together: Tensor, cos: Tensor, sin: Tensor, *, heads: int, parts: int) -> Tensor:
    """Turn the first `parts` of the things that stand side by side, (N, count H), by the angles of cos and sin, (N, d) fp32.
    `together` is used up."""
    rotated: Tensor = _Rotate.apply(cos, sin, heads, parts, together)  # type: ignore[no-untyped-call]
    return rotated


class _Rotate(Function):
    @staticmethod
    def forward(ctx: Any, cos: Tensor, sin: Tensor, heads: int, parts: int, together: Tensor) -> Tensor:
        ctx.kept = cos, sin, heads, parts
        ctx.mark_dirty(together)
        return turn_(together, cos, sin, heads, parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        cos, sin, heads, parts = ctx.kept
        return None, None, None, None, turn_(gradient.clone(), cos, -sin, heads, parts)


def turn_(together: Tensor, cos: Tensor, sin: Tensor, heads: int, parts: int) -> Tensor:
    """In place, in fp32."""
    half = cos.shape[1] // 2
    cos, sin = cos[:, None, :half], sin[:, None, :half]  # (N, 1, d / 2): both halves have the same angles
    turned = together.view(len(together), -1, 2, half)[:, : parts * heads]  # (N, parts h, 2, d / 2)
    one, other = turned.float().unbind(2)
    turned.copy_(torch.stack([one * cos - other * sin, other * cos + one * sin], 2))
    return together
