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
from bertft.gold import Example, Read, Refusal
from bertft.row import Row

WINDOW = 4096
"""Rows in memory at once."""


Answered = list[tuple[Read, Prediction]]


def predict_rows(
    network: Any, adapter: Adapter, rows: Iterable[Row], accelerator: Any, meter: Meter
) -> Iterator[tuple[Read, Prediction]]:
    """Every row, also those that cannot be predicted: their prediction holds the reason."""
    windows = predict_windows(network, adapter, adapter.reader.predictable(rows), accelerator, meter)
    return (pair for window in windows for pair in window)


def predict_windows(
    network: Any, adapter: Adapter, rows: Iterator[Read], accelerator: Any, meter: Meter, *, done: int = 0
) -> Iterator[Answered]:
    """A window of rows at a time, as they were read. `done`: rows before, to count on from."""
    with console.progress("Predicting", None) as bar:
        while window := list(islice(rows, WINDOW)):
            yield list(zip(window, predict_window(network, adapter, window, accelerator, meter), strict=True))
            done += len(window)
            bar.update(done, str(meter))


def predict_window(
    network: Any, adapter: Adapter, window: Sequence[Read], accelerator: Any, meter: Meter
) -> list[Prediction]:
    """One prediction per row."""
    asked = [read for read in window if isinstance(read, Example)]
    features = adapter.encode(asked) if asked else []
    answers = iter(predict_features(network, adapter, features, accelerator, meter) if asked else ())
    return [Prediction(None, read.reason) if isinstance(read, Refusal) else next(answers) for read in window]
