"""Rows with the same text: repeated, in training and in validation or test at once, or with another label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bertft.checking.finding import MOST_EXAMPLES, Findings
from bertft.checking.splits import Split

_Numbers = NDArray[np.int64]


def find_repeats(splits: Sequence[Split], findings: Findings) -> None:
    """Within each split, between the first and the others, and texts with two labels in all of them."""
    for split in splits:
        _find_duplicates(split, findings)
    train, *others = splits
    for split in others:
        _find_leaks(train, split, findings)
    _find_conflicts(splits, findings)


def _find_duplicates(split: Split, findings: Findings) -> None:
    """Rows with the text and the label of an earlier row."""
    both = np.stack([_numbers(split.texts), _numbers(split.golds)], axis=1)
    _, first, group = np.unique(both, axis=0, return_index=True, return_inverse=True)
    earlier = first[group.reshape(-1)]
    repeated = np.flatnonzero(earlier != np.arange(len(both)))
    _tell(findings, "duplicate", split, repeated, lambda place: f"as {split.origin(int(earlier[place]))}")


def _find_leaks(train: Split, split: Split, findings: Findings) -> None:
    known, first = np.unique(_numbers(train.texts), return_index=True)
    places = np.searchsorted(known, _numbers(split.texts))
    places = np.minimum(places, max(len(known) - 1, 0))
    leaked = np.flatnonzero(known[places] == _numbers(split.texts)) if len(known) else np.zeros(0, dtype=np.int64)
    _tell(findings, "leak", split, leaked, lambda place: f"as {train.origin(int(first[places[place]]))}")


def _find_conflicts(splits: Sequence[Split], findings: Findings) -> None:
    """Rows whose text stands somewhere with another label."""
    texts, golds = (np.concatenate([_numbers(getattr(split, part)) for split in splits]) for part in ("texts", "golds"))
    _, group = np.unique(texts, return_inverse=True)
    pairs = np.unique(np.stack([group.reshape(-1), golds], axis=1), axis=0)
    several = np.bincount(pairs[:, 0]) > 1
    wrong = np.flatnonzero(several[group.reshape(-1)])
    for split, places in zip(splits, _by_split(splits, wrong), strict=True):
        _tell(findings, "conflicting_labels", split, places, partial(_row, split))


def _by_split(splits: Sequence[Split], places: _Numbers) -> Iterable[_Numbers]:
    start = 0
    for split in splits:
        inside = places[(places >= start) & (places < start + len(split))]
        yield inside - start
        start += len(split)


def _row(split: Split, place: int) -> str:
    """The row's cells, shortly."""
    cells = split.table[split.positions[place]].fields.values()
    return " | ".join(str(cell) for cell in cells if cell not in (None, ""))


def _tell(findings: Findings, kind: str, split: Split, places: _Numbers, note: Callable[[int], str]) -> None:
    """Rows are looked up in the file only for the examples."""
    for place in places[:MOST_EXAMPLES].tolist():
        findings.add(kind, split.origin(place), note(place))
    if len(places) > MOST_EXAMPLES:
        findings.add(kind, split.name, count=len(places) - MOST_EXAMPLES)


def _numbers(values: object) -> _Numbers:
    return np.asarray(values, dtype=np.int64)
