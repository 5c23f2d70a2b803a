"""Labelled rows beside what a run says of them: of a file, or of the rows that the run itself held back. `eval`, `report` and
`compare` all look at these, so they cannot disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bertft import console
from bertft.adapters import Adapter, Prediction
from bertft.engine.answerer import Answerer
from bertft.engine.examples import Examples, gather
from bertft.engine.meter import Meter
from bertft.engine.prepare import Tables, fields_of_split, gather_split, learning_examples, own_metric
from bertft.engine.refit import best_folder
from bertft.errors import CheckpointError, InternalError, UsageError
from bertft.gold import Example, Read, Refusal
from bertft.graph import has_graph
from bertft.jobs.file_columns import columns_of_file
from bertft.jobs.judging.own_rows import own_rows
from bertft.jobs.opening import check_has_labels, open_run, with_max_answer
from bertft.jobs.predicting.predict import check_accuracy, check_probability
from bertft.jobs.predicting.unsure import step_for, with_own_probabilities
from bertft.jobs.requests import EvalRequest
from bertft.jobs.splits import read_split, reading_plan
from bertft.jobs.training.planning import with_metric
from bertft.kinds import takes
from bertft.kinds.kind import NONE
from bertft.plan.plan import merge
from bertft.plan.sections import MachinePlan
from bertft.reading import Table
from bertft.rows.row import Row
from bertft.runs.record import read_record
from bertft.scoring import Scores


@dataclass(frozen=True)
class JudgedRows:
    """Position by position: examples, their gold values and what the model says."""

    run: str
    name: str
    """Of the file, or `validation` or `test` of the run."""
    answerer: Answerer
    """Its adapter has the columns of this table."""
    table: Table
    examples: Examples
    predictions: Sequence[Prediction]
    meter: Meter

    @property
    def adapter(self) -> Adapter:
        return self.answerer.adapter

    @property
    def targets(self) -> Sequence[Any]:
        """The gold values."""
        return self.examples.targets

    def row(self, position: int) -> Row:
        """The row of the table that an example comes from."""
        return self.table[self.examples.windows[position][0].row]

    def examples_at(self, positions: Sequence[int]) -> list[Example]:
        """Of some positions what the reader makes of their rows, which are read again."""
        wanted = [self.examples.windows[position][0].row for position in positions]
        found: dict[int, Read] = {}
        for read in self.adapter.reader.for_file(self.table).labelled(self.table) if wanted else ():
            if read.row.index in wanted:
                found[read.row.index] = read
            if read.row.index >= max(wanted):
                break
        return [_example(found[row]) for row in wanted]

    def scores(self) -> Scores:
        """As `eval` gives them."""
        return self.adapter.score(self.predictions, self.targets)


def _example(read: Read) -> Example:
    if isinstance(read, Refusal):
        raise InternalError(f"{read.row.origin} was read otherwise than before: {read.reason}")
    return read


def judged_file(request: EvalRequest) -> JudgedRows:
    """Open the run, read the file, predict."""
    check_has_labels(request.run)
    own = own_metric(request.metric)
    check_probability(request.min_probability)
    check_accuracy(request.min_accuracy, request.min_probability)
    data = reading_plan(request.data, request.reading)
    table = read_split(request.data, data, request.tables)
    answerer = open_run(request.run, request.precision, merge(MachinePlan, request.machine), backend=request.backend)
    if data.fix_answers and not takes("fix_answers", answerer.adapter.card.kind):
        raise UsageError("--fix-answers does not apply: this run does not answer questions. Leave it out.")
    check_coverage(answerer.adapter, request)
    adapter = with_own_probabilities(answerer.adapter, raw=request.raw_probabilities)
    adapter = replace(fitted(adapter, table, request), own=own)
    if data.fix_answers:
        adapter = replace(adapter, options=replace(adapter.options, fix_answers=True))
    adapter = with_max_answer(adapter, request.max_answer)
    reader = adapter.reader.for_file(table)
    examples = gather(adapter, reader, table, table.name, unknown=data.unknown_labels, learning=False)
    return _judged(request.run, table.name, replace(answerer, adapter=adapter), table, examples)


def fitted(adapter: Adapter, table: Table, request: EvalRequest) -> Adapter:
    """The run's adapter with the columns of another labelled file, and the metric that was asked for."""
    fields, _ = columns_of_file(adapter, table, request.columns, label=True)
    return replace(adapter, fields=fields, card=with_metric(adapter.card, request.metric, labels=len(adapter.labels)))


def check_coverage(adapter: Adapter, request: EvalRequest) -> None:
    """UsageError where it was asked for, but rows have no one label."""
    for name in ("min_probability", "min_accuracy"):
        if getattr(request, name) is not None and not adapter.one_label_a_row:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{flag} does not apply: this run answers with {adapter.answers_with}, not with one label a row."
            )
    if request.min_accuracy is not None:
        step_for(request.min_accuracy, adapter)
    if request.min_accuracy is not None and request.raw_probabilities:
        raise UsageError("--min-accuracy goes by calibrated probabilities: leave --raw-probabilities out.")


def judged_split(
    run: str,
    *,
    machine: MachinePlan | None = None,
    precision: str | None = None,
    handed: Mapping[str, Table] = NONE,
    metric: str | None = None,
) -> JudgedRows:
    """The run's own rows: those of its test file if it had one, else those that chose its model, held against that model and
    not against one that has learned from them since; in the precision of its training, unless another is named. `handed`: rows
    that are no file, by the name that its plan gives them. UsageError where the files have changed, CheckpointError where the
    chosen model is gone."""
    check_has_labels(run)
    folder, own = Path(run), own_metric(metric)
    chosen = best_folder(folder)
    with console.hushed():
        found = own_rows(folder, handed)
        plan, tables = found.plan, found.tables
        weights = chosen if tables.test is None else None
        if has_graph(folder):
            check_unseen(folder, tables)
            answerer = open_run(run, precision, machine or replace(plan.machine, fast=None))
        else:
            answerer = open_run(run, precision or plan.recipe.precision, machine or plan.machine, weights=weights)
        card = with_metric(answerer.adapter.card, metric, labels=len(answerer.adapter.labels))
        adapter = replace(answerer.adapter, card=card, own=own)
        if tables.test is not None:
            table, name, examples = tables.test, "test", gather_split(plan, adapter, tables.test)
        else:
            table, name = tables.validation or tables.train, "validation"
            examples = learning_examples(plan, adapter, adapter.reader, tables)[1]
    fields = adapter.fields if table is tables.train else fields_of_split(adapter, table)
    return _judged(run, name, replace(answerer, adapter=replace(adapter, fields=fields)), table, examples)


def check_unseen(folder: Path, tables: Tables) -> None:
    """CheckpointError for a graph of a model that has learned from the rows that would judge it."""
    if tables.test is None and read_record(folder).refitted:
        raise CheckpointError(
            f"{folder}: exported from a model that has learned from its validation rows since, so they cannot score it any more. "
            f"Name a labelled file with --data."
        )


def _judged(run: str, name: str, answerer: Answerer, table: Table, examples: Examples) -> JudgedRows:
    meter = Meter()
    found = answerer.predictions(examples.windows, meter, label="Evaluating")
    return JudgedRows(run, name, answerer, table, examples, found, meter)
