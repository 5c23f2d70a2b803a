"""Several linear layers of one input as one product, there and back, with copies of their weights in its precision."""

from __future__ import annotations

from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional

from bertft.fast.working import Packed, Working, multiply_packed


class Linear:
    """linear layers side by side, all with a bias or none, and maybe GELU: (N, H) -> (N, K1 + K2 + ...)."""

    def __init__(self, *layers: nn.Linear) -> None:
        weights, biases = [layer.weight for layer in layers], [layer.bias for layer in layers if layer.bias is not None]
        self.parameters = [*weights, *biases]
        self.weight, self.packed, self._bias = Working(*weights), Packed(*weights), Working(*biases) if biases else None
        self.rows = [len(weight) for weight in weights]

    @property
    def has_bias(self) -> bool:
        return self._bias is not None

    def bias(self, dtype: torch.dtype) -> Tensor | None:
        """In that precision; None where the layers have none."""
        return None if self._bias is None else self._bias.get(dtype)

    def __call__(self, inputs: Tensor, dtype: torch.dtype, *, gelu: bool = False) -> Tensor:
        """`inputs` in any precision; the product, and what it gives, in `dtype`. Gradients are as precise as the weights."""
        if not torch.is_grad_enabled() and (packed := self.packed.get(dtype, len(inputs))) is not None:
            return multiply_packed(inputs.to(dtype), packed, self.bias(dtype), gelu=gelu)
        self.packed.forget()
        product: Tensor = _Product.apply(self, dtype, inputs, *self.parameters)  # type: ignore[no-untyped-call]
        return functional.gelu(product) if gelu else product


class _Product(Function):
    @staticmethod
    def forward(ctx: Any, linear: Linear, dtype: torch.dtype, inputs: Tensor, *parameters: Tensor) -> Tensor:
        inputs = inputs.to(dtype)
        ctx.linear, ctx.inputs, ctx.weight = linear, inputs, linear.weight.get(dtype)
        return functional.linear(inputs, ctx.weight, linear.bias(dtype))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        linear: Linear = ctx.linear
        of_inputs = gradient @ ctx.weight if ctx.needs_input_grad[2] else None  # (N, K) -> (N, H)
        inputs, ctx.inputs, ctx.weight = ctx.inputs, None, None  # what is used up makes room for gradients
        if not any(ctx.needs_input_grad[3:]):
            return None, None, of_inputs, *[None] * len(linear.parameters)
        of_weights = torch.split(gradient.t() @ inputs, linear.rows)  # (K, H)
        of_biases = torch.split(gradient.sum(0), linear.rows) if linear.has_bias else ()
        found = chain(of_weights, of_biases)
        of_parameters = [part.to(parameter.dtype) for part, parameter in zip(found, linear.parameters, strict=True)]
        return None, None, of_inputs, *of_parameters
