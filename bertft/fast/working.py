"""Copies of weights, made for the products. Autocast makes them anew in every pass; here they last until the weights change,
which torch counts (except for its fused AdamW: see door.py)."""

from __future__ import annotations

import platform
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


class Working:
    """The rows of several weights, one below the other, in another precision."""

    def __init__(self, *parameters: Tensor) -> None:
        self.parameters = parameters
        self._copy: Tensor | None = None
        self._of: object = None

    def get(self, dtype: torch.dtype) -> Tensor:
        """The copy as of now; a single weight that has the precision already is given itself."""
        if len(self.parameters) == 1 and self.parameters[0].dtype == dtype:
            return self.parameters[0].detach()
        now = _state_of(self.parameters)
        if self._copy is None or self._copy.dtype != dtype or self._of != now:
            with torch.inference_mode(False), torch.no_grad():
                self._copy, self._of = _joined(self.parameters, dtype, self._copy), now
        return self._copy


class Packed:
    """The same in the order in which oneDNN multiplies; it would bring it into that for every product. Takes no gradients."""

    def __init__(self, *parameters: Tensor) -> None:
        self.parameters = parameters
        self._packed: Tensor | None = None
        self._of: object = None

    def get(self, dtype: torch.dtype, rows: int) -> Tensor | None:
        """The weights as of now, in the order that is best for inputs of so many rows, right for any. None where torch cannot
        do it."""
        if not can_pack(dtype):
            return None
        now = dtype, _state_of(self.parameters)
        if self._of != now:
            with torch.inference_mode(False), torch.no_grad():
                self._packed = torch.ops.mkldnn._reorder_linear_weight(_joined(self.parameters, dtype), rows)
            self._of = now
        return self._packed

    def forget(self) -> None:
        """Training changes the weights at once, and needs the memory."""
        self._packed = self._of = None

    def __getstate__(self) -> dict[str, Any]:
        """What oneDNN holds cannot be copied."""
        return {**self.__dict__, "_packed": None, "_of": None}


def multiply_packed(inputs: Tensor, packed: Tensor, bias: Tensor | None, *, gelu: bool) -> Tensor:
    """The linear layer of a packed weight, and maybe GELU of it."""
    ending: tuple[str, list[Any], str] = ("gelu", [], "none") if gelu else ("none", [], "")
    product: Tensor = torch.ops.mkldnn._linear_pointwise(inputs, packed, bias, *ending)
    return product


@cache
def can_pack(dtype: torch.dtype) -> bool:
    """torch has these calls for its compiler, may change them, and not every processor can do it: so they are tried."""
    if platform.machine() not in ("x86_64", "AMD64") or not torch.backends.mkldnn.enabled:
        return False
    try:
        with torch.inference_mode(False), torch.no_grad():
            weight, inputs = torch.eye(32, dtype=dtype), torch.linspace(-3, 3, 64 * 32, dtype=dtype).view(64, 32)
            packed = torch.ops.mkldnn._reorder_linear_weight(weight, 64)
            found = [multiply_packed(inputs, packed, weight[0], gelu=gelu) for gelu in (False, True)]
            plain = functional.linear(inputs, weight, weight[0])
    except (RuntimeError, AttributeError, TypeError):
        return False
    return all(
        torch.allclose(one, other, atol=0.02) for one, other in zip(found, (plain, functional.gelu(plain)), strict=True)
    )


def _state_of(parameters: tuple[Tensor, ...]) -> list[tuple[int, int]]:
    """Another one after every change."""
    return [(parameter.data_ptr(), parameter._version) for parameter in parameters]


def _joined(parameters: tuple[Tensor, ...], dtype: torch.dtype, into: Tensor | None = None) -> Tensor:
    """One below the other, in another precision; `into` a copy that was made so before."""
    rows = [len(parameter) for parameter in parameters]
    if into is None or into.dtype != dtype:
        into = parameters[0].new_empty((sum(rows), *parameters[0].shape[1:]), dtype=dtype)
    for part, parameter in zip(torch.split(into, rows), parameters, strict=True):
        part.copy_(parameter)
    return into
