"""One text, or a pair, to features and batches: what every sequence task shares.

Segment ids are the tokenizer's own; a pair is cut `longest_first`. A text beyond the limit is cut at its end, read in
overlapping windows, or keeps its head and tail (Sun et al. 2019, arXiv 1905.05583); what is lost is counted, never hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bertft.adapters.adapter import Adapter, Batch, Feature
from bertft.adapters.padding import padded
from bertft.gold.example import TextExample
from bertft.rows.surrogates import without_surrogates

_Ids = np.ndarray[Any, Any]

HEAD_SHARE = 0.25
"""Share of a head-tail text that is its head: 128 of 512 in the source."""


class TextAdapter(Adapter):
    """`encode` and `collate` for text classification and regression."""

    def encode(self, examples: Sequence[TextExample]) -> list[list[Feature]]:
        texts = [
            [*map(without_surrogates, column)] for column in zip(*(example.texts for example in examples), strict=True)
        ]
        whole = self.tokenizer(*texts, return_attention_mask=False, verbose=False)
        segments = whole.get("token_type_ids")
        encoded = []
        for position, (example, ids) in enumerate(zip(examples, whole["input_ids"], strict=True)):
            if len(ids) <= self.options.max_length:
                windows = [(ids, segments[position] if segments else None)]
                lost = False
            else:
                windows = self._shorten([column[position] for column in texts], ids)
                lost = self.options.long != "window"
            encoded.append([_feature(example.row.index, window, example.gold, lost) for window in windows])
        return encoded

    def _shorten(self, texts: list[str], ids: list[int]) -> list[tuple[list[int], list[int] | None]]:
        """Windows (ids, segments) of a text that is too long whole."""
        if self.options.long == "head-tail":
            return [self._head_and_tail(ids)]
        windows = self.tokenizer(
            *([text] for text in texts),
            truncation="longest_first" if len(texts) > 1 else "only_first",
            max_length=self.options.max_length,
            return_overflowing_tokens=self.options.long == "window",
            stride=self._overlap(),
            return_attention_mask=False,
        )
        segments = windows.get("token_type_ids") or [None] * len(windows["input_ids"])
        return list(zip(windows["input_ids"], segments, strict=True))

    def _overlap(self) -> int:
        return self.options.overlap if self.options.long == "window" else 0

    def _head_and_tail(self, ids: list[int]) -> tuple[list[int], None]:
        head = int(self.options.max_length * HEAD_SHARE)
        return ids[:head] + ids[head - self.options.max_length :], None

    def collate(self, features: Sequence[Feature]) -> Batch:
        return padded(features, self._targets(features), self.tokenizer, max_length=self.options.max_length)

    def _targets(self, features: Sequence[Feature]) -> Tensor | None:
        if features[0].target is None:
            return None
        return torch.as_tensor(np.asarray([feature.target for feature in features]))


def _feature(row: int, window: tuple[list[int], list[int] | None], target: Any, truncated: bool) -> Feature:
    ids, segments = window
    any_segment = segments is not None and any(segments)
    return Feature(
        row=row,
        input_ids=np.asarray(ids, dtype=np.int32),
        segments=np.asarray(segments, dtype=np.int8) if any_segment else None,
        target=target,
        truncated=truncated,
    )
