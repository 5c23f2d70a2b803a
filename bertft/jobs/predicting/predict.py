"""Predict: rows in = rows out, in order, each with its answer."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from bertft import console
from bertft.engine.meter import Meter, rates
from bertft.errors import DataError, UsageError
from bertft.gold import Read
from bertft.gold.answer import MOST_ANSWERS, Answer
from bertft.jobs.file_columns import columns_of_file, text_wanted_by, wanted_text
from bertft.jobs.predicting.prediction_file import SQUAD, check_output, identity, predicted_file
from bertft.jobs.predicting.shard import check_shard, dealt, end_part, finished_part
from bertft.jobs.requests import PredictRequest, Section
from bertft.jobs.splits import read_options, reading_plan, refuse_same_file
from bertft.plan.plan import merge
from bertft.plan.recipe import SCHEMES
from bertft.plan.sections import MachinePlan
from bertft.reading import Source, Table, open_source
from bertft.rows.fields import Fields
from bertft.rows.row import Row
from bertft.wording import counted
from bertft.writing import added_names, holds_tags_only, told_names
from bertft.writing.columns import PREFIX

if TYPE_CHECKING:
    from bertft.adapters import Adapter
    from bertft.engine.answerer import Answered, Answerer


@dataclass(frozen=True)
class Predicted:
    """What `predict` did."""

    output: str | None
    rows: int
    unanswered: int
    """Rows of these that could not be predicted; their `reason` says why."""
    rejected: int
    """Rows that got no label of the model, as none was probable enough."""
    timings: Mapping[str, float]
    truncated: int = 0
    """Rows whose text was cut."""


@dataclass
class Tally:
    """What became of the rows so far."""

    rows: int
    unanswered: int = 0
    rejected: int = 0

    @property
    def answered(self) -> int:
        return self.rows - self.unanswered

    @classmethod
    def going_on(cls, rows: int, noted: Mapping[str, Any]) -> Tally:
        """After the rows of a prediction that stopped, and what was noted then."""
        return cls(rows, noted.get("unanswered", 0), noted.get("rejected", 0))

    def count(self, window: Answered, adapter: Adapter, answer: Answer) -> None:
        answered = [prediction for _, prediction in window if prediction.values is not None]
        self.rows += len(window)
        self.unanswered += len(window) - len(answered)
        self.rejected += sum(adapter.rejects(prediction, answer) for prediction in answered)


def predict(request: PredictRequest, opened: Answerer | None = None) -> Predicted:
    """Open the run, read, answer, write. `opened`: what answers, where that is open already; its run notes no times then, and
    nothing is read of its folder, where another run may stand by now."""
    from bertft.engine import answerer as answering
    from bertft.engine.device import decided_by_main
    from bertft.jobs.hub.pull import run_folder
    from bertft.jobs.opening import with_max_answer
    from bertft.jobs.run_times import note_time

    refuse_same_file(request.input, request.output)
    request = request if opened else replace(request, run=run_folder(request.run))
    check_shard(request)
    answer = asked_answer(request)
    options = read_options(reading_plan(request.input, file_format(request)))
    columns = request.columns
    one_text = text_wanted_by(opened.adapter, columns) if opened else wanted_text(request.run, columns)
    source = open_source(request.input, options, one_text=one_text)
    check_width(source, request.most_columns)
    for note in source.notes:
        console.note(f"{source.name}: {note}")
    answerer = opened or answerer_for(request)
    answer = settled(answer, answerer.adapter)
    answerer = replace(answerer, adapter=with_max_answer(answerer.adapter, request.max_answer))
    rows, answerer = prepared_rows(source, answerer, request.columns)
    added, meter = answerer.adapter.added_columns(answer), Meter()
    check_output(request, source, added, answerer.adapter)
    names = names_of(request, source, added)
    decide, made_of = partial(decided_by_main, answerer.accelerator), partial(identity, request, answerer)
    if (whole := finished_part(request, made_of, decide)) is not None:
        console.note(f"{request.output}: this part is whole already; nothing is left to resume.")
        return Predicted(request.output, *whole, 0, meter.timings())
    with predicted_file(request, source, names, answerer.adapter, made_of, decide) as file:
        rows = dealt(rows, request, file.writer)
        tally, meter.truncated = Tally.going_on(file.done, file.state), file.state.get("truncated", 0)
        for read in islice(rows, file.done):
            if file.writer is not None:
                file.writer.skip(read.row.fields)
        for window in answerer.answers(rows, meter, done=file.done, label=progress_label(request)):
            tally.count(window, answerer.adapter, answer)
            if file.writer is not None:
                records = (answerer.adapter.record(read, said, answer, names) for read, said in window)
                write_window(file.writer, records, tally, meter.truncated, full=len(window) == answering.WINDOW)
        end_part(request, file.writer, rows, tally.unanswered)
    if meter.truncated:
        console.note(f"{source.name}: {meter.truncated / tally.answered:.1%} of {answerer.adapter.too_long}.")
    tell(request, source, file.writer, tally, meter, reason=names["reason"])
    tell_rejected(source, answerer.adapter, answer, tally)
    if opened is None and answerer.accelerator.is_main_process:
        note_time(request.run, "predict", meter.timings(), answerer.device)
    timings = meter.timings()
    return Predicted(request.output, tally.rows, tally.unanswered, tally.rejected, timings, meter.truncated)


def records(
    source: Source | Table, answerer: Answerer, answer: Answer, columns: Section, prefix: str | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of a source as they would be written to a file."""
    answer = settled(answer, answerer.adapter)
    rows, answerer = prepared_rows(source, answerer, columns)
    adapter = answerer.adapter
    names = names_in_output(source, adapter.added_columns(answer), prefix)
    for window in answerer.answers(rows, Meter()):
        for read, prediction in window:
            yield adapter.record(read, prediction, answer, names)


def names_of(request: PredictRequest, source: Source, added: Sequence[str]) -> dict[str, str]:
    """Of the added columns; in forms without columns nothing is said of them."""
    if request.reading.get("format") == SQUAD:
        return {name: name for name in added}
    return added_names(source.columns, added) if request.form else names_in_output(source, added, request.prefix)


def names_in_output(
    source: Source | Table, added: Sequence[str], prefix: str | None, *, usual: str = PREFIX
) -> dict[str, str]:
    """Of the added columns. That the input has their names already is said, unless a prefix was asked for."""
    names = added_names(source.columns, added, prefix=prefix, usual=usual)
    if prefix is None and (said := told_names(names)):
        console.warn(f"{source.name} {said}.")
    return names


def answerer_for(request: PredictRequest) -> Answerer:
    """The run that answers."""
    from bertft.jobs.opening import check_reads_rows, open_run
    from bertft.jobs.predicting.unsure import with_own_probabilities

    answerer = open_run(request.run, request.precision, merge(MachinePlan, request.machine), backend=request.backend)
    check_reads_rows(answerer, request.run)
    return replace(answerer, adapter=with_own_probabilities(answerer.adapter, raw=request.raw_probabilities))


def progress_label(request: PredictRequest) -> str:
    """'' where the answers may appear on the screen that a bar would run over."""
    shown = request.output in (None, "-") and not console.is_file(sys.stdout)
    return "" if shown else "Predicting"


def file_format(request: PredictRequest) -> dict[str, Any]:
    """How the input is read; the format `squad` is one of the output."""
    squad = request.reading.get("format") == SQUAD
    return {**request.reading, "format": None} if squad else dict(request.reading)


def write_window(
    writer: Any, records: Iterable[Mapping[str, Any]], tally: Tally, truncated: int, *, full: bool
) -> None:
    """After a full window the file can be gone on with."""
    for record in records:
        writer.write(record)
    if full:
        writer.mark(unanswered=tally.unanswered, rejected=tally.rejected, truncated=truncated)


def tell(request: PredictRequest, source: Source, writer: Any, tally: Tally, meter: Meter, *, reason: str) -> None:
    """How many rows went in and came out, and what is special about them."""
    if writer is not None and writer.disarming.count:
        console.warn(f"{request.output or 'stdout'}: {writer.disarming}")
    for told in getattr(writer, "told", ()):
        console.warn(f"{request.output}: {told}.")
    if tally.unanswered:
        said = counted(tally.unanswered, "row")
        why = "left out" if holds_tags_only(request.output) else f"column '{reason}' says why"
        console.warn(f"{source.name}: {said} could not be predicted; {why}.")
    rate = rates(meter.timings()) if meter.tokens else f"{tally.answered / max(meter.seconds, 1e-9):,.0f} rows/s"
    console.note(f"{counted(tally.answered, 'row')} in {meter.seconds:.1f} s, {rate}. {request.output or ''}".rstrip())


def tell_rejected(source: Source, adapter: Adapter, answer: Answer, tally: Tally) -> None:
    """How many rows got no label of the model, and what they got instead."""
    if tally.rejected:
        instead = "left without a label" if answer.fallback_label is None else f"labelled '{answer.fallback_label}'"
        console.note(
            f"{source.name}: {tally.rejected:,} of {tally.rows:,} rows {adapter.rejected_rows}: {instead} (--fallback-label)."
        )


def prepared_rows(source: Source | Table, answerer: Answerer, columns: Section) -> tuple[Iterator[Read], Answerer]:
    """The rows, which can be read only once, and the answerer with what this file's columns and first row say."""
    fields, given = columns_of_file(answerer.adapter, source, columns, label=False)
    return read_rows(given, fields, answerer)


def read_rows(given: Iterator[Row], fields: Fields, answerer: Answerer) -> tuple[Iterator[Read], Answerer]:
    """The same, where the columns are known."""
    adapter = replace(answerer.adapter, fields=fields)
    rows = adapter.reader.predictable(given)
    first = list(islice(rows, 1))
    adapter = adapter.for_sample(first[0] if first else None)
    return chain(first, rows), replace(answerer, adapter=adapter)


def asked_answer(request: PredictRequest) -> Answer:
    """What is to be said of each row."""
    for name in ("top_k", "n_best"):
        value = getattr(request, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name.replace('_', '-')} is {value}: 1 or more is wanted.")
    if (request.n_best or 0) > MOST_ANSWERS:
        raise UsageError(f"--n-best is {request.n_best}: at most {MOST_ANSWERS} are kept.")
    check_probability(request.min_probability)
    if request.scheme not in (None, *SCHEMES):
        raise UsageError(f"--scheme is {request.scheme}: one of {', '.join(SCHEMES)}.")
    if request.fallback_label is not None and not request.fallback_label.strip():
        raise UsageError("--fallback-label is empty: a label is wanted, such as other.")
    check_accuracy(request.min_accuracy, request.min_probability)
    if request.min_accuracy is not None and request.raw_probabilities:
        raise UsageError("--min-accuracy goes by calibrated probabilities: leave --raw-probabilities out.")
    return Answer(**{one.name: getattr(request, one.name) for one in fields(Answer)})


def check_width(source: Source, most: int | None) -> None:
    if most is not None and len(source.columns) > most:
        raise DataError(f"{source.name}: {len(source.columns):,} columns; at most {most:,} are taken.")


def check_probability(least: float | None) -> None:
    if least is not None and not 0 <= least <= 1:
        raise UsageError(f"--min-probability is {least}: a probability from 0 to 1 is wanted.")


def check_accuracy(wanted: float | None, least: float | None) -> None:
    """UsageError for what is no accuracy, or where the threshold is named already."""
    if wanted is None:
        return
    if not 0 < wanted < 1:
        raise UsageError(f"--min-accuracy is {wanted:g}: a share between 0 and 1 is wanted, such as 0.95.")
    if least is not None:
        raise UsageError("--min-accuracy chooses --min-probability: leave one of them out.")


def settled(answer: Answer, adapter: Adapter) -> Answer:
    """The wish with its threshold, where an accuracy chooses it. UsageError for what this run cannot fulfil."""
    from bertft.jobs.predicting.unsure import threshold_for

    check_options(answer, adapter)
    if answer.min_accuracy is not None:
        answer = replace(answer, min_probability=threshold_for(answer.min_accuracy, adapter))
    if answer.fallback_label is not None and not adapter.can_reject(answer):
        raise UsageError("--fallback-label needs --min-probability: without it every row gets a label of the model.")
    return answer


def check_options(answer: Answer, adapter: Adapter) -> None:
    """UsageError for a wish that means nothing to this kind of task."""
    asked = [name for name, value in asdict(answer).items() if value is not None]
    for name in asked:
        if name not in adapter.answer_options:
            raise UsageError(
                f"--{name.replace('_', '-')} does not apply: this run answers with {adapter.answers_with}."
            )
