"""Copies of weights in the precision of the products. Autocast makes them anew in every pass; here they last until the weights
change, which torch counts (but for its fused AdamW: see engine/optimizer.py)."""

from __future__ import annotations

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
        now = [(parameter.data_ptr(), parameter._version) for parameter in self.parameters]
        if self._copy is None or self._copy.dtype != dtype or self._of != now:
            with torch.inference_mode(False), torch.no_grad():
                self._copy, self._of = self._filled(dtype), now
        return self._copy

    def _filled(self, dtype: torch.dtype) -> Tensor:
        rows = [len(parameter) for parameter in self.parameters]
        copy = self._copy
        if copy is None or copy.dtype != dtype:
            copy = self.parameters[0].new_empty((sum(rows), *self.parameters[0].shape[1:]), dtype=dtype)
        for part, parameter in zip(torch.split(copy, rows), self.parameters, strict=True):
            part.copy_(parameter)
        return copy
