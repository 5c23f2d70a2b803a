"""What `predict` does once the words are read: rows in = rows out, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from itertools import chain, islice
from typing import Any

from bertft import console
from bertft.adapters import Adapter, Answer
from bertft.adapters.best_answers import KEPT
from bertft.commands.opened import Flags, Opened, file_plan, open_run
from bertft.commands.tables import read_options, refuse_same_file
from bertft.engine.meter import Meter
from bertft.engine.predict_loop import predict_rows
from bertft.engine.record import add_to_run
from bertft.errors import UsageError
from bertft.fields import fields_in
from bertft.reading import Source, open_source
from bertft.recipe import SCHEMES
from bertft.row import Row
from bertft.writing import check_columns, open_squad_writer, open_writer

SQUAD = "squad"
"""What --format may also say: the official prediction file of SQUAD, an object of answers by id."""


def run_predict(flags: Flags) -> None:
    """Open, read, predict, write."""
    refuse_same_file(flags["input"], flags["output"])
    answer = asked_answer(flags)
    reading = {**flags, "format": None} if flags["format"] == SQUAD else flags
    source = open_source(flags["input"], read_options(file_plan(flags["input"], reading)))
    opened = open_run(flags["run"], flags["precision"])
    check_answer(answer, opened.adapter)
    rows, adapter = prepared_rows(source, opened.adapter, flags)
    added = adapter.added_columns(answer)
    meter, answered, unanswered = Meter(), 0, 0
    with writer_of(flags, source, adapter, added, opened) as writer:
        for row, prediction in predict_rows(opened.network, adapter, rows, opened.accelerator, meter):
            answered += prediction.values is not None
            unanswered += prediction.values is None
            if writer is not None:
                writer.write(adapter.record(row, prediction, answer))
    if writer is not None and writer.disarming.count:
        console.warn(f"{flags['output'] or 'stdout'}: {writer.disarming}")
    if unanswered:
        said = "1 row" if unanswered == 1 else f"{unanswered:,} rows"
        why = "left out" if is_conll(flags["output"]) else "column 'reason' says why"
        console.warn(f"{source.name}: {said} could not be predicted; {why}.")
    console.note(f"{answered:,} rows in {meter.seconds:.1f} s, {meter}. {flags['output'] or ''}".rstrip())
    if opened.accelerator.is_main_process:
        add_to_run(opened.folder, "timings", "predict", meter.timings())


def is_conll(output: str | None) -> bool:
    """Whether the output holds words and tags only."""
    return (output or "").removesuffix(".gz").endswith((".conll", ".bio", ".iob"))


def prepared_rows(source: Source, adapter: Adapter, flags: Flags) -> tuple[Iterable[Row], Adapter]:
    """The rows, which can be read only once, and the adapter with what this file's columns and first row say."""
    usual = adapter.card.usual_columns
    fields = fields_in(adapter.fields, usual, source.columns, file=source.name, named=flags, label=False)
    rows: Iterator[Row] = iter(source.rows())
    first = list(islice(rows, 1))
    return chain(first, rows), replace(adapter, fields=fields).for_sample(first[0] if first else None)


def writer_of(
    flags: Flags, source: Source, adapter: Adapter, added: list[str], opened: Opened
) -> AbstractContextManager[Any]:
    """Of several processes only the main one writes."""
    if not opened.accelerator.is_main_process:
        return nullcontext()
    if flags["format"] == SQUAD:
        if "predicted_answer" not in added or "id" not in source.columns:
            raise UsageError(
                "--format squad writes answers by id: the run must answer questions, the file must have an id."
            )
        return open_squad_writer(flags["output"])
    check_columns(source.columns, added)
    columns = [*source.columns, *added]
    return open_writer(flags["output"], like=source.format, columns=columns, kept=source.columns, raw=flags["raw"])


def asked_answer(flags: Flags) -> Answer:
    """What is to be said of each row."""
    for name in ("top_k", "n_best"):
        if flags[name] is not None and flags[name] < 1:
            raise UsageError(f"--{name.replace('_', '-')} is {flags[name]}: 1 or more is wanted.")
    if (flags["n_best"] or 0) > KEPT:
        raise UsageError(f"--n-best is {flags['n_best']}: at most {KEPT} are kept.")
    least = flags["min_probability"]
    if least is not None and not 0 <= least <= 1:
        raise UsageError(f"--min-probability is {least}: a probability from 0 to 1 is wanted.")
    if flags["scheme"] not in (None, *SCHEMES):
        raise UsageError(f"--scheme is {flags['scheme']}: one of {', '.join(SCHEMES)}.")
    return Answer(flags["top_k"], least, flags["scheme"], flags["n_best"])


def check_answer(answer: Answer, adapter: Adapter) -> None:
    """UsageError for a wish that this kind of task cannot fulfil."""
    asked = [name for name, value in asdict(answer).items() if value is not None]
    for name in asked:
        if name not in adapter.answer_options:
            raise UsageError(
                f"--{name.replace('_', '-')} does not apply: this run answers with {adapter.answers_with}."
            )
