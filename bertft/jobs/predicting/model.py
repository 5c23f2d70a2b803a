"""A loaded run: texts or rows in, answers out. The same path as `predict`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

from bertft import console
from bertft.adapters import Answer
from bertft.engine.answerer import Answerer
from bertft.engine.meter import Meter
from bertft.errors import UsageError
from bertft.jobs.file_columns import wanted_text
from bertft.jobs.opening import with_max_answer
from bertft.jobs.predicting.predict import asked_answer, records, settled
from bertft.jobs.requests import PredictRequest, Section
from bertft.jobs.splits import read_options, reading_plan
from bertft.plan.sections import MEMORY, WISHES
from bertft.plan.settings import has_type
from bertft.reading import open_source
from bertft.reading.memory import is_frame, table_of_rows
from bertft.rows.fields import Fields
from bertft.rows.nested import Cells, holder_of
from bertft.rows.row import Row
from bertft.runs.record import RunRecord, read_record
from bertft.writing import added_names


@dataclass(frozen=True)
class Model:
    """A run folder, ready to answer; call it with an input or a list of inputs."""

    folder: Path
    answerer: Answerer
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    @property
    def record(self) -> RunRecord:
        """What is known of the run: its scores, data, versions, timings."""
        return read_record(self.folder)

    def __call__(self, inputs: Any, **wishes: Any) -> Any:
        """A dict for one input, a list of dicts for a list: the columns that `bertft predict` adds. `wishes`: top_k,
        min_probability, min_accuracy, scheme, n_best, fallback_label. An input that cannot be answered has a `reason`."""
        inputs = _as_list(inputs)
        several = isinstance(inputs, list)
        with self.lock, console.in_a_program(quiet=True):  # an LSTM's outputs pass through the network
            found = self._answers(inputs if several else [inputs], wish(wishes))
        return found if several else found[0]

    def _answers(self, inputs: Sequence[Any], answer: Answer) -> list[dict[str, Any]]:
        answer = settled(answer, self.answerer.adapter)
        rows = [row_of(self.answerer.adapter.fields, number, one) for number, one in enumerate(inputs)]
        if not rows:
            return []
        reads = list(self.answerer.adapter.reader.predictable(rows))
        adapter = self.answerer.adapter.for_sample(reads[0])
        answerer = replace(self.answerer, adapter=adapter)
        added = adapter.added_columns(answer)
        return [
            {name: value for name, value in adapter.record(read, prediction, answer).items() if name in added}
            for window in answerer.answers(iter(reads), Meter())
            for read, prediction in window
        ]

    def table(
        self,
        data: Any,
        *,
        columns: Section,
        reading: Section,
        prefix: str | None = None,
        max_answer: int | None = None,
        **wishes: Any,
    ) -> Any:
        """The rows of a file, a frame or a program, with their answers."""
        if max_answer is not None:
            adapter = with_max_answer(self.answerer.adapter, max_answer)
            model = replace(self, answerer=replace(self.answerer, adapter=adapter))
            return model.table(data, columns=columns, reading=reading, prefix=prefix, **wishes)
        answer, data = wish(wishes), _as_list(data)
        is_file = isinstance(data, str | os.PathLike)
        if reading and not is_file:
            raise UsageError(f"{', '.join(reading)}: only for files; these are rows of a program.")
        if isinstance(data, list) and not all(isinstance(row, Mapping) for row in data):
            if prefix is not None:
                raise UsageError("prefix: only for rows with columns; these are inputs without any.")
            if columns:
                raise UsageError(f"{', '.join(columns)}: only for rows with columns; these are inputs without any.")
            return self._answers(data, answer)
        if is_file:
            source = open_source(
                str(data),
                read_options(reading_plan(str(data), reading)),
                one_text=wanted_text(str(self.folder), columns),
            )
            return list(records(source, self.answerer, answer, columns, prefix))
        table = table_of_rows(data, f"{MEMORY}data")
        found = list(records(table, self.answerer, answer, columns, prefix))
        if not is_frame(data):
            return found
        names = added_names(table.columns, self.answerer.adapter.added_columns(answer), prefix=prefix)
        added = [name for name in found[0] if name not in table.columns] if found else list(names.values())
        return data.assign(**{name: [row[name] for row in found] for name in added})


def _as_list(inputs: Any) -> Any:
    """An array or a pandas series as a list; anything else as it is."""
    return inputs.tolist() if hasattr(inputs, "tolist") else inputs


def row_of(fields: Fields, index: int, given: Any) -> Row:
    """An input as a row with the columns that the run learned from."""
    names = [name for name in (*fields.texts, fields.text_pair) if name]
    where = f"input {index + 1}"
    if isinstance(given, Mapping):
        found = Cells(given)
        for role, column in (("text", fields.text), ("text_pair", fields.text_pair)):
            if column and column not in found and role in found and not (role == "text" and fields.more_text):
                found[column] = found.pop(role)
        if missing := [name for name in names if name not in found and not holder_of(name, found)]:
            raise UsageError(f"{where}: no '{missing[0]}', wanted {' and '.join(names)}.")
        return Row(index, where, found)
    parts = given if isinstance(given, tuple) else (given,)
    if len(parts) != len(names):
        raise UsageError(f"{where}: {len(parts)} part(s), wanted {len(names)}: {' and '.join(names)}, as a tuple.")
    return Row(index, where, dict(zip(names, parts, strict=True)))


def wish(wishes: Mapping[str, Any]) -> Answer:
    """What is to be said of each row; UsageError for what nobody can answer."""
    if unknown := [name for name in wishes if name not in WISHES]:
        raise UsageError(f"Unknown: {', '.join(unknown)}. Wanted: {', '.join(WISHES)}.")
    for name, value in wishes.items():
        if value is not None and not has_type(value, WISHES[name]):
            raise UsageError(f"{name} is {value!r}, wanted {WISHES[name].__name__}.")
    return asked_answer(PredictRequest(run="", input="", **wishes))
