"""What `predict` does once the words are read: rows in = rows out, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import chain, islice
from typing import Any

from bertft import console
from bertft.adapters import Adapter, Answer
from bertft.adapters.best_answers import KEPT
from bertft.commands.opened import Flags, file_plan, open_run
from bertft.commands.predicted_file import SQUAD, check_output, predicted_file
from bertft.commands.tables import read_options, refuse_same_file
from bertft.engine import predict_loop
from bertft.engine.meter import Meter
from bertft.engine.predict_loop import Answered, predict_windows
from bertft.engine.record import add_to_run
from bertft.errors import UsageError
from bertft.fields import fields_in
from bertft.reading import Source, open_source
from bertft.recipe import SCHEMES
from bertft.row import Row


def run_predict(flags: Flags) -> None:
    """Open, read, predict, write."""
    refuse_same_file(flags["input"], flags["output"])
    answer = asked_answer(flags)
    reading = {**flags, "format": None} if flags["format"] == SQUAD else flags
    source = open_source(flags["input"], read_options(file_plan(flags["input"], reading)))
    opened = open_run(flags["run"], flags["precision"], flags["threads"], fast=flags["fast"])
    check_answer(answer, opened.adapter)
    rows, adapter = prepared_rows(source, opened.adapter, flags)
    added, meter = adapter.added_columns(answer), Meter()
    check_output(flags, source, added)
    with predicted_file(flags, source, added, opened) as file:
        unanswered = file.state.get("unanswered", 0)
        rows = adapter.in_context(rows)
        for row in islice(rows, file.done):
            if file.writer is not None:
                file.writer.skip(row.fields)
        count = file.done
        for window in predict_windows(opened.network, adapter, rows, opened.accelerator, meter, done=file.done):
            count += len(window)
            unanswered += sum(prediction.values is None for _, prediction in window)
            if file.writer is not None:
                write_window(file.writer, window, adapter, answer, unanswered)
    tell(flags, source, file.writer, count, unanswered, meter)
    if opened.accelerator.is_main_process:
        add_to_run(opened.folder, "timings", "predict", meter.timings())


def write_window(writer: Any, window: Answered, adapter: Adapter, answer: Answer, unanswered: int) -> None:
    """After a full window the file can be gone on with."""
    for row, prediction in window:
        writer.write(adapter.record(row, prediction, answer))
    if len(window) == predict_loop.WINDOW:
        writer.mark(unanswered=unanswered)


def tell(flags: Flags, source: Source, writer: Any, count: int, unanswered: int, meter: Meter) -> None:
    """How many rows went in and came out, and what is special about them."""
    if writer is not None and writer.disarming.count:
        console.warn(f"{flags['output'] or 'stdout'}: {writer.disarming}")
    if unanswered:
        said = "1 row" if unanswered == 1 else f"{unanswered:,} rows"
        why = "left out" if is_conll(flags["output"]) else "column 'reason' says why"
        console.warn(f"{source.name}: {said} could not be predicted; {why}.")
    answered = count - unanswered
    console.note(f"{answered:,} rows in {meter.seconds:.1f} s, {meter}. {flags['output'] or ''}".rstrip())


def is_conll(output: str | None) -> bool:
    """Whether the output holds words and tags only."""
    return (output or "").removesuffix(".gz").endswith((".conll", ".bio", ".iob"))


def prepared_rows(source: Source, adapter: Adapter, flags: Flags) -> tuple[Iterator[Row], Adapter]:
    """The rows, which can be read only once, and the adapter with what this file's columns and first row say."""
    usual = adapter.card.usual_columns
    fields = fields_in(adapter.fields, usual, source.columns, file=source.name, named=flags, label=False)
    rows: Iterator[Row] = iter(source.rows())
    first = list(islice(rows, 1))
    return chain(first, rows), replace(adapter, fields=fields).for_sample(first[0] if first else None)


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
