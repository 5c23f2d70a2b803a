"""The chance in a step: seeded by the run's seed and the step's number, so that nothing of it has to be saved to go on.

On processors several processes draw the dropout masks of the whole batch and use those of their own rows, which makes their
step the same as that of one process. On GPUs, whose kernels draw for themselves, each process has a seed of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from bertft.fast.masks import Bits, Masks


class Chance:
    """Of one step, from its first batch on."""

    def __init__(self, seed: int, step: int, accelerator: Any) -> None:
        self._accelerator = accelerator
        on_processor = accelerator.device.type == "cpu"
        apart = 0 if on_processor else accelerator.process_index
        words = np.random.SeedSequence([seed, step, apart]).generate_state(2, np.uint32)
        torch.manual_seed(int(words[0]) << 32 | int(words[1]))
        self._bits = Bits(seed, step) if on_processor else None

    def of_rows(self, rows: Sequence[int], whole: int) -> AbstractContextManager[Any]:
        """Inside, dropout on a batch of these `rows` is that of the batch of `whole` rows which they are cut from."""
        if self._bits is None:
            return nullcontext()
        return Masks(self._bits, rows if self._accelerator.num_processes > 1 else None, whole)
