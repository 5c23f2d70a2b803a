"""The random numbers of a step: seeded by the run's seed and the step's number, so that a resumed run needs no state of them.

On processors several processes draw the dropout masks of the whole batch and use those of their own rows, which makes their
step the same as that of one process. Where torch draws for itself, on GPUs and without the fast path, each process has a seed of
its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from bertft import fast
from bertft.protocols import Device


class StepDropout:
    """The dropout of one step, from its first batch on."""

    def __init__(self, seed: int, step: int, accelerator: Device) -> None:
        self._several = accelerator.num_processes > 1
        self._bits = fast.dropout_bits(seed, step, accelerator.device)
        own = accelerator.process_index if self._bits is None else 0
        words = np.random.SeedSequence([seed, step, own]).generate_state(2, np.uint32)
        torch.manual_seed(int(words[0]) << 32 | int(words[1]))

    def of_rows(self, rows: Sequence[int], whole: int) -> AbstractContextManager[Any]:
        """Inside, dropout on a batch of these `rows` is that of the batch of `whole` rows which they are cut from."""
        if self._bits is None:
            return nullcontext()
        return fast.DropoutMasks(self._bits, rows if self._several else None, whole)
