"""Predict with a service in place of a run folder: the rows are read, checked and written here as `predict` does it, and answered
there. No torch, and nothing of the model comes here but what its answers are called."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import chain, islice
from typing import Any

from bertft import __version__, console
from bertft.engine.meter import Meter
from bertft.errors import ServiceError, UsageError
from bertft.gold import Example, Read, Refusal
from bertft.gold.answer import Answer
from bertft.jobs.file_columns import columns_of_file, text_wanted_by
from bertft.jobs.predicting.predict import (
    Predicted,
    Tally,
    asked_answer,
    file_format,
    names_of,
    progress_label,
    tell,
    write_window,
)
from bertft.jobs.predicting.prediction_file import check_output, identity_of, predicted_file
from bertft.jobs.requests import PredictRequest
from bertft.jobs.splits import read_options, reading_plan, refuse_same_file
from bertft.kinds import KINDS
from bertft.plan.recipe import Recipe
from bertft.plan.sections import BackendPlan, MachinePlan
from bertft.plan.settings import settings_of
from bertft.reading import open_source
from bertft.remote import Address, ServedModel, Service, address_of
from bertft.remote.replies import REASON, Answers
from bertft.remote.service import Question
from bertft.rows.fields import Fields
from bertft.rows.row import Row
from bertft.rows.surrogates import without_surrogates
from bertft.wording import counted

WINDOW = 4096
"""Rows of a file in memory at once; after each window the file can be gone on with."""


def predict_served(request: PredictRequest) -> Predicted:
    """Ask what answers, read, ask, write."""
    check_has_effect(request)
    refuse_same_file(request.input, request.output)
    wanted = options_of(request, asked_answer(request))
    with Service(address := address_of(request.run)) as service:
        model = service.model()
        tell_model(model, address)
        options = read_options(reading_plan(request.input, file_format(request)))
        source = open_source(request.input, options, one_text=text_wanted_by(model, request.columns))
        for note in source.notes:
            console.note(f"{source.name}: {note}")
        asker = Asker.of_file(service, model, wanted, *columns_of_file(model, source, request.columns, label=False))
        check_output(request, source, asker.form.columns, asker.model)
        names, meter = names_of(request, source, asker.form.columns), Meter()
        made_of = partial(identity_of, request, {"the model": model.identity, **versions_of(model)})
        with predicted_file(request, source, names, asker.model, made_of, lambda decide: decide()) as file:
            tally, meter.truncated = Tally.going_on(file.done, file.state), file.state.get("truncated", 0)
            for read in islice(asker.rows, file.done):
                file.writer.skip(read.row.fields)
            with console.progress(progress_label(request), None) as bar:
                for window, found in asker.windows(tally, meter):
                    records = (record(read, one, names) for read, one in zip(window, found, strict=True))
                    write_window(file.writer, records, tally, meter.truncated, full=len(window) == WINDOW)
                    bar.update(tally.rows, "")
        if meter.truncated:
            console.note(
                f"{source.name}: {meter.truncated / tally.answered:.1%} of the texts are too long and are cut."
            )
        tell(request, source, file.writer, tally, meter, reason=names[REASON])
        tell_no_label(source.name, request, tally)
    return Predicted(request.output, tally.rows, tally.unanswered, tally.rejected, meter.timings())


@dataclass
class Asker:
    """The rows of one file, and who answers them."""

    service: Service
    model: ServedModel
    """With the columns of this file."""
    learned: Fields
    """The columns that the run learned from, and by which it is asked."""
    question: Question
    form: Answers
    rows: Iterator[Read]
    """Can be read only once."""

    @classmethod
    def of_file(
        cls, service: Service, model: ServedModel, wanted: Mapping[str, Any], columns: Fields, given: Iterator[Row]
    ) -> Asker:
        learned, model = model.fields, replace(model, fields=columns)
        rows = model.reader.predictable(given)
        first = list(islice(rows, 1))
        words = KINDS[model.card.kind].reads_words
        question = Question(wanted, [cells(read.row, columns, learned, words=True) for read in first] if words else [])
        form = service.form(model, question)
        placed = {learned.text: columns.text, learned.text_pair: columns.text_pair}
        if form.placed_in is not None and form.placed_in not in placed:
            raise ServiceError(
                f"{service.address}: answers that stand in '{form.placed_in}', which was not asked about."
            )
        model = replace(model, placed_in=placed[form.placed_in] if form.placed_in else None)
        return cls(service, model, learned, question, form, chain(first, rows))

    def windows(self, tally: Tally, meter: Meter) -> Iterator[tuple[Sequence[Read], Sequence[Mapping[str, Any]]]]:
        """Rows with their answers, in order."""
        while window := list(islice(self.rows, WINDOW)):
            found = self.answered(window, tally, meter)
            tally.rows += len(window)
            yield window, found

    def answered(self, window: Sequence[Read], tally: Tally, meter: Meter) -> list[Mapping[str, Any]]:
        """One for each row; those that cannot be asked about say why."""
        words, asked = KINDS[self.model.card.kind].reads_words, [read for read in window if isinstance(read, Example)]
        sent = [cells(read.row, self.model.fields, self.learned, words=words) for read in asked]
        answers: list[Mapping[str, Any]] = []
        for reply in self.service.answers(self.model, self.question, self.form, sent):
            answers += reply.rows
            tally.unanswered += reply.unanswered
            tally.rejected += reply.rejected
            meter.truncated += reply.truncated
            meter.examples += len(reply.rows)
        tally.unanswered += len(window) - len(asked)
        found, blank = iter(answers), dict.fromkeys(self.form.columns)
        return [{**blank, REASON: read.reason} if isinstance(read, Refusal) else next(found) for read in window]


def cells(row: Row, columns: Fields, learned: Fields, *, words: bool) -> dict[str, Any]:
    """What a service is sent of a row: the cells that the run reads, under the names that it learned. Of words also what may say
    how many there are, and the text that they stand in."""
    names = dict(zip(learned.texts, columns.texts, strict=True))
    if learned.text_pair:
        names[learned.text_pair] = columns.text_pair or ""
    if words:
        names = {**{name: name for name in ("text", *columns.label[:1]) if row.fields.get(name) is not None}, **names}
    found = {name: plain(row.fields.get(column)) for name, column in names.items()}
    repeats = all(name == value for name, value in found.items())  # and would be taken for the line of names
    return {**found, "row": row.index} if repeats else found


def plain(value: Any) -> Any:
    """A cell as JSON has it."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if value is None or isinstance(value, bool | int):
        return value
    return None if value != value else value if isinstance(value, float) else str(value)


def record(read: Read, answer: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The row as it leaves."""
    return {**read.row.fields, **{names[name]: value for name, value in answer.items()}}


def options_of(request: PredictRequest, answer: Answer) -> dict[str, Any]:
    """What was asked for of each row."""
    asked = {one.name: getattr(answer, one.name) for one in fields(answer)}
    asked |= {"max_answer": request.max_answer, "raw_probabilities": request.raw_probabilities or None}
    return {name: value for name, value in asked.items() if value is not None}


def versions_of(model: ServedModel) -> dict[str, str]:
    """What else must be the same in a prediction that goes on."""
    return {"the precision": model.precision, "bertft": f"{__version__}, and {model.version} at the service"}


def check_has_effect(request: PredictRequest) -> None:
    """UsageError for what the service has decided when it was started."""
    settings = {**settings_of(MachinePlan), **settings_of(Recipe), **settings_of(BackendPlan)}
    asked = {**request.machine, "precision": request.precision, "backend": request.backend}
    said = [name for name, value in asked.items() if value is not None]
    if said:
        flag = settings[said[0]].names(said[0])[0].split("/")[0]
        raise UsageError(f"{flag}: no effect on a service, which computes as it was started. Leave it out.")
    if request.shard is not None or request.shard_rows is not None:
        raise UsageError("--shard: parts are for machines that answer by themselves; a service answers whole files.")
    if console.is_verbose():
        raise UsageError("--verbose: no effect on a service, whose batches are not known here. Leave it out.")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("A service is asked by one process: start this command without a launcher.")


def tell_model(model: ServedModel, address: Address) -> None:
    """Which run answers. UsageError for one whose rows are read among their neighbours."""
    if model.options.context != "none":
        raise UsageError(f"{address}: {model.name} reads each row among its neighbours. Predict with the run's folder.")
    others = len(model.several) - 1
    which = f", the first of {len(model.several)} runs" if others and address.name is None else ""
    console.note(f"Model: {model.name}{which} at {address}, task {model.card.name}; {model.precision}.")


def tell_no_label(name: str, request: PredictRequest, tally: Tally) -> None:
    """How many rows got no label of the model, and what they got instead."""
    if tally.rejected:
        instead = "left without a label" if request.fallback_label is None else f"labelled '{request.fallback_label}'"
        said = f"{tally.rejected:,} of {counted(tally.rows, 'row')}"
        console.note(f"{name}: {said} have no label that is probable enough: {instead} (--fallback-label).")
