"""Features to one padded batch: the same for every kind of task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bertft.adapters.adapter import Batch, Feature, longest

PAD_TO = 8
"""Batches are padded to a multiple of this many tokens: matrix units like it, and shapes recur."""


def _padded_vectors(vectors: Sequence[Any], width: int, *, left: bool) -> np.ndarray[Any, Any]:
    """(tokens, D) each -> (B, T, D), or (1, D) each -> (B, 1, D)."""
    most = min(width, max(map(len, vectors)))
    found = np.zeros((len(vectors), width if most > 1 else 1, vectors[0].shape[1]), dtype=np.float32)
    for line, one in enumerate(vectors):
        start = found.shape[1] - len(one) if left else 0
        found[line, start : start + len(one)] = one
    return found


def pads_left(tokenizer: Any) -> bool:
    """Whether the model's classifier reads the last token of each row (model/suiting.py)."""
    return getattr(tokenizer, "padding_side", "right") == "left"


def padded(
    features: Sequence[Feature],
    targets: np.ndarray[Any, Any] | None,
    tokenizer: Any,
    *,
    max_length: int,
    left: bool = False,
) -> Batch:
    """Padding is masked, and stands on the right unless `left`."""
    width = -(-longest(features) // PAD_TO) * PAD_TO
    width = min(width, max(max_length, longest(features)))
    shape = (len(features), width)
    ids = np.full(shape, tokenizer.pad_token_id, dtype=np.int64)
    mask = np.zeros(shape, dtype=np.int64)
    segments = np.full(shape, tokenizer.pad_token_type_id, dtype=np.int64)
    for line, feature in enumerate(features):
        start = width - len(feature.input_ids) if left else 0
        own = slice(start, start + len(feature.input_ids))
        ids[line, own] = feature.input_ids
        mask[line, own] = 1
        segments[line, own] = 0 if feature.segments is None else feature.segments
    inputs = {"input_ids": ids, "attention_mask": mask}
    if "token_type_ids" in tokenizer.model_input_names:
        inputs["token_type_ids"] = segments
    if features[0].vectors is not None:
        inputs["vectors"] = _padded_vectors([feature.vectors for feature in features], width, left=left)
    return Batch(inputs, targets, len(features), int(mask.sum()))
