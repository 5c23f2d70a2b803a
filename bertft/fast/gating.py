"""GeGLU: GELU of one half, times the other. Shazeer 2020 (arXiv 2002.05202)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional


def gelu_gated(product: Tensor) -> Tensor:
    """(N, 2 I), first what is let through and then the gate -> (N, I)."""
    found: Tensor = _GeluGated.apply(product)  # type: ignore[no-untyped-call]
    return found


class _GeluGated(Function):
    @staticmethod
    def forward(ctx: Any, product: Tensor) -> Tensor:
        ctx.kept = product
        passed, gate = product.chunk(2, 1)
        return functional.gelu(passed).mul_(gate)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        product, ctx.kept = ctx.kept, None  # what is used up makes room for gradients
        passed, gate = product.chunk(2, 1)
        of_passed = torch.ops.aten.gelu_backward(gradient * gate, passed)
        return torch.cat([of_passed, functional.gelu(passed).mul_(gradient)], 1)
