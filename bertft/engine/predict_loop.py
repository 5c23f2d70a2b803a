"""Rows in, the same rows in the same order out, each with its prediction. Memory is bounded: a window of rows at a time.

Within a window batches are sorted by length; the next window is not read before this one is answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from bertft import console
from bertft.adapters import Adapter, Prediction
from bertft.engine.eval_loop import predict_features
from bertft.engine.meter import Meter
from bertft.errors import DataError
from bertft.row import Row

WINDOW = 4096
"""Rows in memory at once."""


Answered = list[tuple[Row, Prediction]]


def predict_rows(
    network: Any, adapter: Adapter, rows: Iterable[Row], accelerator: Any, meter: Meter
) -> Iterator[tuple[Row, Prediction]]:
    """Every row, also those that cannot be predicted: their prediction holds the reason."""
    windows = predict_windows(network, adapter, adapter.in_context(rows), accelerator, meter)
    return (pair for window in windows for pair in window)


def predict_windows(
    network: Any, adapter: Adapter, rows: Iterator[Row], accelerator: Any, meter: Meter, *, done: int = 0
) -> Iterator[Answered]:
    """A window of rows at a time; they stand in their context already. `done`: rows before, to count on from."""
    with console.progress("Predicting", None) as bar:
        while window := list(islice(rows, WINDOW)):
            yield list(zip(window, predict_window(network, adapter, window, accelerator, meter), strict=True))
            done += len(window)
            bar.update(done, str(meter))


def predict_window(
    network: Any, adapter: Adapter, window: Sequence[Row], accelerator: Any, meter: Meter
) -> list[Prediction]:
    """One prediction per row."""
    reasons = [why_not(adapter, row) for row in window]
    asked = [row for row, reason in zip(window, reasons, strict=True) if not reason]
    if not asked:
        return [Prediction(None, reason) for reason in reasons]
    answers = iter(predict_features(network, adapter, adapter.encode(asked), accelerator, meter))
    return [Prediction(None, reason) if reason else next(answers) for reason in reasons]


def why_not(adapter: Adapter, row: Row) -> str:
    """Why a row cannot be predicted; one that is made wrong is no reason to leave the others without an answer."""
    try:
        return adapter.problem(row)
    except DataError as problem:
        return str(problem).removeprefix(f"{row.origin}: ")
