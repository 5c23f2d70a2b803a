"""A sequence of tokens of which some are asked for: what a network that fills masks reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertft.adapters.adapter import Batch, Feature
from bertft.adapters.padding import padded
from bertft.gold.example import IGNORED
from bertft.protocols import Tokenizer


@dataclass(frozen=True, slots=True)
class MaskFeature(Feature):
    """Its `target` is (M,), what stood at the masks; None where nobody knows."""

    asked: np.ndarray[Any, Any]
    """(M,) where the tokens stand that are asked for."""

    @property
    def weight(self) -> int:
        return len(self.asked)


def padded_masks(features: Sequence[MaskFeature], tokenizer: Tokenizer, *, max_length: int) -> Batch:
    """A batch with `chosen` (B, T), true where a token is asked for, among its inputs, and targets (B, T)."""
    batch = padded(features, None, tokenizer, max_length=max_length)
    shape = batch.inputs["input_ids"].shape
    chosen, targets = np.zeros(shape, dtype=np.bool_), np.full(shape, IGNORED, dtype=np.int64)
    for line, feature in enumerate(features):
        places = np.asarray(feature.asked, dtype=np.int64)
        chosen[line, places] = True
        if feature.target is not None:
            targets[line, places] = feature.target
    known = None if features[0].target is None else targets
    return Batch({**batch.inputs, "chosen": chosen}, known, batch.examples, batch.tokens)
