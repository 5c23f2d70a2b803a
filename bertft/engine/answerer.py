"""What answers: network, adapter and device, which belong together. Validation, `eval`, `predict` and the Python door all ask it,
so they cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bertft import console
from bertft.adapters import Adapter, Feature, Prediction
from bertft.engine.device import describe, describe_graph
from bertft.engine.eval_loop import Computing, model_outputs, stop_together
from bertft.engine.meter import Meter
from bertft.gold import Example, Read, Refusal
from bertft.graph import GraphNetwork
from bertft.model.backbone import is_ours
from bertft.protocols import Device

_AT_ONCE = 4096
"""Rows whose outputs are in memory at once."""

WINDOW = 4096
"""Rows of a file in memory at once: the next ones are not read before these are answered."""

Windows = Sequence[Sequence[Feature]]
Answered = list[tuple[Read, Prediction]]


@dataclass(frozen=True)
class Answerer:
    """A network that is ready to answer, on its device."""

    adapter: Adapter
    network: Computing
    accelerator: Device

    @property
    def device(self) -> str:
        """In words."""
        if isinstance(self.network, GraphNetwork):
            return describe_graph(self.network.told, self.network.threads)
        network = self.accelerator.unwrap_model(self.network)
        return describe(self.accelerator, is_ours=is_ours(getattr(network, "config", None)))

    def predictions(self, windows: Windows, meter: Meter, *, label: str = "") -> list[Prediction]:
        """One for each row; `windows` holds each row's features. In several processes each computes its share, and all get all.
        `label`: what the progress bar says; without one there is none."""
        found: list[Prediction] = []
        with console.progress(label, len(windows)) as bar:
            for start in range(0, len(windows), _AT_ONCE):
                found += self._part(windows[start : start + _AT_ONCE], meter, bar)
                stop_together(self.accelerator)
        return found

    def _part(self, windows: Windows, meter: Meter, bar: console.Bar) -> list[Prediction]:
        flat = [feature for row in windows for feature in row]
        outputs: Iterator[Any] = iter(model_outputs(self.network, self.adapter, flat, self.accelerator, meter, bar))
        return self.adapter.decode_rows([([next(outputs) for _ in row], row) for row in windows])

    def answers(
        self, rows: Iterator[Read], meter: Meter, *, done: int = 0, label: str = "Predicting"
    ) -> Iterator[Answered]:
        """A window of rows at a time, in order; those that cannot be predicted are among them, and say why. `done`: rows before,
        to count on from. `label`: what the progress bar says; without one there is none."""
        with console.progress(label, None) as bar:
            while window := list(islice(rows, WINDOW)):
                yield list(zip(window, self.answer(window, meter), strict=True))
                done += len(window)
                bar.update(done, str(meter))

    def answer(self, window: Sequence[Read], meter: Meter) -> list[Prediction]:
        """One prediction per row."""
        asked = [read for read in window if isinstance(read, Example)]
        windows = self.adapter.encode(asked) if asked else []
        meter.truncated += sum(row[0].truncated for row in windows)
        found = iter(self.predictions(windows, meter) if asked else ())
        return [Prediction(None, read.reason) if isinstance(read, Refusal) else next(found) for read in window]
