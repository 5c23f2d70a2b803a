"""Copies of weights, made for the products. Autocast makes them anew in every pass; here they last until the weights change,
which torch counts (but for its fused AdamW: see engine/optimizer.py)."""

from __future__ import annotations

import platform
from functools import cache

import torch
from torch import Tensor


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
        now = state_of(self.parameters)
        if self._copy is None or self._copy.dtype != dtype or self._of != now:
            with torch.inference_mode(False), torch.no_grad():
                self._copy, self._of = joined(self.parameters, dtype, self._copy), now
        return self._copy


class Packed:
    """The same in the order in which oneDNN multiplies; it would bring it into that for every product. Takes no gradients."""

    def __init__(self, *parameters: Tensor) -> None:
        self.parameters = parameters
        self._packed: Tensor | None = None
        self._of: object = None

    def get(self, dtype: torch.dtype, rows: int) -> Tensor | None:
        """The weights as of now, in the order that is best for inputs of so many rows. None where torch cannot do it."""
        if not can_pack(dtype):
            return None
        now = dtype, state_of(self.parameters)
        if self._of != now:
            with torch.inference_mode(False), torch.no_grad():
                self._packed = torch.ops.mkldnn._reorder_linear_weight(joined(self.parameters, dtype), rows)
            self._of = now
        return self._packed


@cache
def can_pack(dtype: torch.dtype) -> bool:
    """torch has these calls for its compiler, and may change them; then `linear` does without."""
    calls = ("_reorder_linear_weight", "_linear_pointwise", "_is_mkldnn_bf16_supported")
    if platform.machine() not in ("x86_64", "AMD64") or not all(hasattr(torch.ops.mkldnn, name) for name in calls):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()))


def state_of(parameters: tuple[Tensor, ...]) -> list[tuple[int, int]]:
    """Another one after every change."""
    return [(parameter.data_ptr(), parameter._version) for parameter in parameters]


def joined(parameters: tuple[Tensor, ...], dtype: torch.dtype, into: Tensor | None = None) -> Tensor:
    """One below the other, in another precision; `into` a copy that was made so before."""
    rows = [len(parameter) for parameter in parameters]
    if into is None or into.dtype != dtype:
        into = parameters[0].new_empty((sum(rows), *parameters[0].shape[1:]), dtype=dtype)
    for part, parameter in zip(torch.split(into, rows), parameters, strict=True):
        part.copy_(parameter)
    return into
