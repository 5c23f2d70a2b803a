"""The chance in a step: seeded by the run's seed and the step's number, so that nothing of it has to be saved to go on.

On processors several processes draw the dropout masks of the whole batch and use those of their own rows, which makes their
step the same as that of one process. On GPUs, whose kernels draw for themselves, each process has a seed of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode


def seed_step(seed: int, step: int, accelerator: Any) -> None:
    """Before a step's first batch."""
    apart = 0 if shares_masks(accelerator) else accelerator.process_index
    words = np.random.SeedSequence([seed, step, apart]).generate_state(2, np.uint32)
    torch.manual_seed(int(words[0]) << 32 | int(words[1]))


def shares_masks(accelerator: Any) -> bool:
    """Whether all processes draw the same masks, each for the whole batch."""
    return bool(accelerator.device.type == "cpu")


def masks_of_whole_batch(rows: Sequence[int], whole: int, accelerator: Any) -> AbstractContextManager[Any]:
    """Inside, dropout on a batch of these `rows` is that of the batch of `whole` rows which they are cut from."""
    if accelerator.num_processes == 1 or not shares_masks(accelerator):
        return nullcontext()
    return _CutMasks(rows, whole)


class _CutMasks(TorchFunctionMode):
    """Stands in for torch's dropout, and for the one inside its attention."""

    def __init__(self, rows: Sequence[int], whole: int) -> None:
        super().__init__()
        self.rows, self.whole = list(rows), whole

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func is functional.dropout:
            return self._dropout(*args, **kwargs)
        if func is functional.scaled_dot_product_attention and kwargs.get("dropout_p"):
            return self._attention(*args, **kwargs)
        return func(*args, **kwargs)

    def _dropout(self, values: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        """values (B, ...) of the own rows."""
        if not training or p == 0:
            return values
        kept = values.new_empty((self.whole, *values.shape[1:])).bernoulli_(1 - p)[self.rows]
        return values * kept.div_(1 - p)

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
        if attn_mask is not None:
            added = attn_mask.dtype != torch.bool
            scores = scores + attn_mask if added else scores.masked_fill(~attn_mask, -math.inf)
        return self._dropout(scores.softmax(-1), dropout_p) @ value
