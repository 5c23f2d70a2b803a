"""What stands behind each half of a layer: dropout, the residual, LayerNorm (Ba et al. 2016, arXiv 1607.06450)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from bertft.fast.dropping import Dropped


def add_and_norm(residual: Tensor, output: Tensor, norm: nn.LayerNorm, dropped: Dropped | None) -> Tensor:
    """residual (N, H) fp32, output (N, H) in the products' precision -> (N, H) fp32. `output` is used up."""
    found: Tensor = _AddAndNorm.apply(dropped, norm.eps, residual, output, norm.weight, norm.bias)  # type: ignore[no-untyped-call]
    return found


class _AddAndNorm(Function):
    @staticmethod
    def forward(
        ctx: Any, dropped: Dropped | None, eps: float, residual: Tensor, output: Tensor, weight: Tensor, bias: Tensor
    ) -> Tensor:
        if dropped is None:
            summed = residual + output
        else:  # the scale costs nothing here, and is exact
            summed = torch.add(residual, dropped.masked(output), alpha=dropped.scale)
        found, mean, spread = torch.native_layer_norm(summed, weight.shape, weight, bias, eps)
        ctx.save_for_backward(weight, bias)
        ctx.kept = summed, mean, spread, dropped, output.dtype
        return found

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        summed, mean, spread, dropped, dtype = ctx.kept
        ctx.kept = None  # what is used up makes room for gradients
        of_sum, of_weight, of_bias = torch.ops.aten.native_layer_norm_backward(
            gradient.contiguous(), summed, ctx.saved_tensors[0].shape, mean, spread, *ctx.saved_tensors, [True] * 3
        )
        of_output = of_sum.to(dtype, copy=True)
        return (
            None,
            None,
            of_sum,
            dropped.masked(of_output).mul_(dropped.scale) if dropped else of_output,
            of_weight,
            of_bias,
        )
