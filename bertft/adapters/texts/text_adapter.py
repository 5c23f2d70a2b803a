"""One text, or a pair, to features and batches: what every sequence task shares.

Segment ids are the tokenizer's own; a pair is cut `longest_first`. A text beyond the limit is cut at its end, read in
overlapping windows, or keeps its head and tail (Sun et al. 2019, arXiv 1905.05583); what is lost is counted, never hidden.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bertft.adapters.adapter import Adapter, Batch, Feature, Prediction
from bertft.adapters.padding import padded, pads_left
from bertft.arrays import Array
from bertft.gold.example import TextExample
from bertft.rows.surrogates import without_surrogates

_Ids = np.ndarray[Any, Any]
_Token = TypeVar("_Token")

HEAD_SHARE = 0.25
"""Share of a head-tail text that is its head: 128 of 512 in the source."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token stands: in which of the row's texts, from which character to before which."""

    text: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """What a wrong answer can be asked about."""

    direction: _Ids
    """(K,) what each logit counts in a sum that is the larger, the more the network says of it."""
    towards: str
    """What a larger sum speaks for, in words."""


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

    def strings(self, example: TextExample) -> Sequence[str]:
        return [*map(without_surrogates, example.texts)]

    def _shorten(self, texts: list[str], ids: list[int]) -> list[tuple[list[int], list[int] | None]]:
        """Windows (ids, segments) of a text that is too long whole."""
        if self.options.long == "head-tail":
            return [(self._head_and_tail(ids), None)]
        windows = self._cut(texts)
        segments = windows.get("token_type_ids") or [None] * len(windows["input_ids"])
        return list(zip(windows["input_ids"], segments, strict=True))

    def _cut(self, texts: list[str]) -> Any:
        """The tokenizer's windows of a text that is too long whole."""
        return self.tokenizer(
            *([text] for text in texts),
            truncation="longest_first" if len(texts) > 1 else "only_first",
            max_length=self.options.max_length,
            return_overflowing_tokens=self.options.long == "window",
            stride=self._overlap(),
            return_attention_mask=False,
        )

    def _overlap(self) -> int:
        return self.options.overlap if self.options.long == "window" else 0

    def _head_and_tail(self, tokens: list[_Token]) -> list[_Token]:
        head = int(self.options.max_length * HEAD_SHARE)
        return tokens[:head] + tokens[head - self.options.max_length :]

    def places(self, example: TextExample) -> list[list[Place | None]]:
        """Of each token in each window that `encode` makes; None for special tokens."""
        texts = [*map(without_surrogates, example.texts)]
        whole = _places(self.tokenizer(*texts, return_attention_mask=False, verbose=False).encodings[0])
        if len(whole) <= self.options.max_length:
            return [whole]
        if self.options.long == "head-tail":
            return [self._head_and_tail(whole)]
        return [_places(window) for window in self._cut(texts).encodings]

    @abstractmethod
    def contrast(self, prediction: Prediction, target: Any) -> Contrast:
        """Of a row that was predicted wrong."""

    def collate(self, features: Sequence[Feature]) -> Batch:
        targets, limit = self._targets(features), self.options.max_length
        return padded(features, targets, self.tokenizer, max_length=limit, left=pads_left(self.tokenizer))

    def to_plain(self, prediction: Prediction) -> Any:
        return dict(zip(self.labels.names, prediction.values.tolist(), strict=True))

    def from_plain(self, plain: Any) -> Prediction:
        return Prediction(np.asarray([plain[name] for name in self.labels.names], dtype=np.float64))

    def _targets(self, features: Sequence[Feature]) -> _Ids | None:
        if features[0].target is None:
            return None
        return np.asarray([feature.target for feature in features])


def _places(encoding: Any) -> list[Place | None]:
    tokens = zip(encoding.sequence_ids, encoding.offsets, strict=True)
    return [None if text is None else Place(text, *place) for text, place in tokens]


def places_of(names: Sequence[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """(K,) where each name stands among the labels."""
    place = {label: position for position, label in enumerate(labels)}
    return np.asarray([place[name] for name in names], dtype=np.int64)


def spread(columns: Array, places: NDArray[np.int64], width: int) -> Array:
    """(N, K) to (N, width): each column where its label stands, 0 elsewhere."""
    wide = np.zeros((len(columns), width))
    wide[:, places] = columns
    return wide


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
