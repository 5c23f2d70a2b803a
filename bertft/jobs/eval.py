"""Evaluate: a run and a labelled file in, scores out; they are noted in run.json too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bertft.adapters import Adapter, Prediction
from bertft.engine.examples import gather
from bertft.engine.meter import Meter
from bertft.engine.prepare import own_metric
from bertft.engine.record import sha256_of, sha256_of_rows
from bertft.errors import UsageError
from bertft.jobs.file_columns import columns_of_file
from bertft.jobs.opening import open_run, with_max_answer
from bertft.jobs.planning import with_metric
from bertft.jobs.predict import check_probability
from bertft.jobs.requests import EvalRequest
from bertft.jobs.splits import read_split, reading_plan
from bertft.kinds import takes
from bertft.plan.plan import merge
from bertft.plan.sections import MachinePlan
from bertft.reading import Table
from bertft.runs.record import DataFile, add_to_run
from bertft.scoring import Coverage, Scores


@dataclass(frozen=True)
class Evaluated:
    """What `evaluate` found."""

    run: str
    data: str
    """Name of the file."""
    scores: Scores
    coverage: Sequence[Coverage]
    """Where `min_probability` was asked for: at that threshold and at usual ones."""
    timings: Mapping[str, float]


def evaluate(request: EvalRequest) -> Evaluated:
    """Open the run, read the file, predict, score."""
    own = own_metric(request.metric)
    check_probability(request.min_probability)
    data = reading_plan(request.data, request.reading)
    table = read_split(request.data, data, request.tables)
    answerer = open_run(request.run, request.precision, merge(MachinePlan, request.machine))
    if data.fix_answers and not takes("fix_answers", answerer.adapter.card.kind):
        raise UsageError("--fix-answers does not apply: this run does not answer questions. Leave it out.")
    check_coverage(answerer.adapter, request.min_probability)
    adapter = replace(fitted(answerer.adapter, table, request), own=own)
    if data.fix_answers:
        adapter = replace(adapter, options=replace(adapter.options, fix_answers=True))
    adapter = with_max_answer(adapter, request.max_answer)
    answerer = replace(answerer, adapter=adapter)
    examples = gather(
        adapter, adapter.reader.for_file(table), table, table.name, unknown=data.unknown_labels, learning=False
    )
    meter = Meter()
    found = answerer.predictions(examples.windows, meter, label="Evaluating")
    scores = adapter.score(found, examples.targets)
    coverage = covered(adapter, found, examples.targets, request.min_probability)
    if answerer.accelerator.is_main_process:
        scored = data_file(request, table)
        add_to_run(Path(request.run), "scores", key_of(scored), {**scores.as_dict(), "data": asdict(scored)})
        add_to_run(Path(request.run), "timings", "eval", meter.timings())
    return Evaluated(request.run, table.name, scores, coverage, meter.timings())


def covered(
    adapter: Adapter, found: Sequence[Prediction], targets: Sequence[Any], least: float | None
) -> list[Coverage]:
    """Accuracy against coverage, where it was asked for."""
    return [] if least is None or not found else list(adapter.coverage(found, targets, least))


def check_coverage(adapter: Adapter, least: float | None) -> None:
    """UsageError where it was asked for, but rows have no one label."""
    if least is not None and not adapter.one_label_a_row:
        raise UsageError(
            f"--min-probability does not apply: this run answers with {adapter.answers_with}, not with one label a row."
        )


def data_file(request: EvalRequest, table: Table) -> DataFile:
    """What was scored, by its path and its content."""
    is_file = request.data not in request.tables and request.data != "-"
    return DataFile(request.data, sha256_of(request.data) if is_file else sha256_of_rows(table))


def key_of(data: DataFile) -> str:
    """Its name in run.json, which tells two files of one name apart, and two states of one file."""
    return f"{data.path} (sha256 {data.sha256[:12]})" if data.sha256 else data.path


def fitted(adapter: Adapter, table: Table, request: EvalRequest) -> Adapter:
    """The run's adapter with the columns of another labelled file, and the metric that was asked for."""
    fields, _ = columns_of_file(adapter, table, request.columns, label=True)
    return replace(adapter, fields=fields, card=with_metric(adapter.card, request.metric, labels=len(adapter.labels)))
