"""A run that answers: network, adapter and device, which belong together. `eval`, `predict` and the Python door all ask it, so
they cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bertft import console
from bertft.adapters import Adapter, Prediction
from bertft.adapters.record_check import check_answers, check_record
from bertft.engine.device import describe, start_accelerator
from bertft.engine.eval_loop import Windows, predict_features
from bertft.engine.meter import Meter
from bertft.engine.predict_loop import Answered, predict_windows
from bertft.engine.prepare import adapter_of_record
from bertft.engine.sharding import ready
from bertft.errors import UsageError
from bertft.gold import Read
from bertft.kinds import KINDS
from bertft.model.folder import read_task
from bertft.model.network import load_network
from bertft.model.tokens import load_tokenizer
from bertft.plan import MachinePlan
from bertft.protocols import Device, Network
from bertft.recipe import PRECISIONS


@dataclass(frozen=True)
class Answerer:
    """A run folder, ready to answer."""

    folder: Path
    adapter: Adapter
    network: Network
    accelerator: Device

    def predictions(self, windows: Windows, meter: Meter, *, label: str = "") -> list[Prediction]:
        """One for each row; `windows` holds each row's features."""
        return predict_features(self.network, self.adapter, windows, self.accelerator, meter, label=label)

    def answers(self, rows: Iterator[Read], meter: Meter, *, done: int = 0) -> Iterator[Answered]:
        """A window of rows at a time, in order; those that cannot be predicted are among them, and say why. `done`: rows before,
        to count on from."""
        return predict_windows(self.network, self.adapter, rows, self.accelerator, meter, done=done)


def open_run(path: str, precision: str | None, machine: MachinePlan) -> Answerer:
    """The model and the adapter of a run folder, on the device."""
    if precision is not None and precision not in PRECISIONS:
        raise UsageError(f"--precision is {precision}: one of {', '.join(PRECISIONS)}.")
    folder = Path(path)
    record = read_task(folder)
    check_record(record, path)
    adapter = adapter_of_record(record, load_tokenizer(path, words=KINDS[record.card.kind].reads_words))
    accelerator = start_accelerator(precision or "auto", machine)
    network = load_network(path, adapter.card.kind)
    check_answers(record, network, path)
    network = ready(network, accelerator)
    console.note(f"Model: {path}, task {adapter.card.name}; {describe(accelerator)}.")
    return Answerer(folder, adapter, network, accelerator)
