"""out-of-fold.jsonl: what models that have not seen a row say of it. Read here without torch: gold values and probabilities, row
by row; engine/out_of_fold.py writes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bertft.arrays import Array, Positions
from bertft.errors import CheckpointError, UsageError
from bertft.runs import OUT_OF_FOLD

ROW, FOLD, GOLD, PREDICTION = "row", "fold", "gold", "prediction"
"""Our columns, beside those of the file and of `predict`."""


@dataclass(frozen=True)
class LeftOut:
    """One row."""

    row: str
    """Its place, as `train.csv:118`."""
    fold: int
    gold: Any
    """In words: a label, labels, a number, tags or answers."""
    prediction: Any
    """Label -> probability; a number; tags with the probability of each; or the best answer."""


def read_out_of_fold(folder: Path) -> list[LeftOut]:
    """In the order of the file; of a run, or of one of its folds. UsageError where the run was trained without folds,
    CheckpointError for a damaged file."""
    path = folder / OUT_OF_FOLD
    if not path.is_file():
        raise UsageError(f"{folder}: has no {OUT_OF_FOLD}; `bertft train … --folds 5` writes it.")
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        found = [LeftOut(line[ROW], int(line[FOLD]), line[GOLD], line[PREDICTION]) for line in lines]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise CheckpointError(f"{path}: damaged ({type(problem).__name__}: {problem}). Train again.") from None
    if not found:
        raise CheckpointError(f"{path}: damaged (no line in it). Train again.")
    return found


def class_probabilities(rows: Sequence[LeftOut]) -> tuple[tuple[str, ...], Positions, Array]:
    """Of rows with one label each: names of the K classes, gold (N,), probabilities (N, K)."""
    names = tuple(rows[0].prediction)
    number = {name: position for position, name in enumerate(names)}
    gold = np.asarray([number[row.gold] for row in rows], dtype=np.int64)
    return names, gold, np.asarray([[row.prediction[name] for name in names] for row in rows], dtype=np.float64)
