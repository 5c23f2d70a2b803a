"""Score an exported folder again where it is used, and hold that against what was recorded when it was made."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft import console
from bertft.errors import UsageError
from bertft.exporting.gate import Judge, Measured, check_lost
from bertft.graph import RUN_FORM, GraphRecord, has_graph, int8_units, read_graph_record
from bertft.jobs.exporting.gate_rows import judge_for, scored_by
from bertft.jobs.opening import open_run
from bertft.jobs.requests import ExportRequest
from bertft.plan.plan import merge
from bertft.plan.sections import ExportPlan, MachinePlan
from bertft.plan.settings import settings_of
from bertft.system.locks import locked_folder


@dataclass(frozen=True)
class CheckedExport:
    """What `export --check` found."""

    run: str
    data: str
    rows: int
    metric: str
    before: float | None
    """Of torch in fp32, as recorded."""
    recorded: float | None
    """Of the graph."""
    score: float | None
    """Of the graph, here."""
    examples_per_second: float
    units: str

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self)}


def check_export(request: ExportRequest) -> CheckedExport:
    """UsageError where it lost more than may be lost; where it did not, the record says so."""
    plan, folder = merge(ExportPlan, request.export), Path(request.run)
    check_wishes_of_check(request)
    with console.hushed():
        answerer = open_run(request.run, None, merge(MachinePlan, request.machine), backend="onnx")
    record = read_graph_record(folder)
    judge = judge_for(request, answerer.adapter)
    check_same_rows(record, judge, request.run)
    found = judge.measure(answerer, record.form)
    told = _told(request.run, record, judge, found)
    check_lost(told.before, told.score, told.metric, f"{record.form} here", plan.max_drop, request.run)
    with locked_folder(folder):
        record.checked(told.units).write(folder)
    return told


def check_wishes_of_check(request: ExportRequest) -> None:
    """UsageError for what means nothing where nothing is exported."""
    if request.output:
        raise UsageError("--check scores an exported folder and writes no other one: leave -o out.")
    if wrong := [name for name in request.export if name != "max_drop"]:
        flag = settings_of(ExportPlan)[wrong[0]].names(wrong[0])[0]
        raise UsageError(f"{flag} does not apply to --check: it says how a run is exported. Leave it out.")
    if not has_graph(Path(request.run)):
        raise UsageError(
            f"{request.run}: is not exported, so there is nothing to check: bertft export {request.run} -o OTHER"
        )


def check_same_rows(record: GraphRecord, judge: Judge, run: str) -> None:
    """UsageError where the recorded scores are none, or those of other rows."""
    if not record.forms:
        raise UsageError(
            f"{run}: was never scored beside its run, so there is nothing to hold against. Score it by itself: "
            f"bertft eval {shlex.quote(run)} FILE"
        )
    if record.data_sha256 != judge.sha256:
        raise UsageError(
            f"{judge.name}: not the rows that scored this export, so its scores say nothing of these. Name with --data the file "
            f"that holds them: {scored_by(Path(run), record)}."
        )


def _told(run: str, record: GraphRecord, judge: Judge, found: Measured) -> CheckedExport:
    metric, rows = found.scores.main, found.scores.examples
    if (metric, rows) != (record.metric, record.rows):
        raise UsageError(
            f"{run}: {rows:,} rows of '{judge.name}' are scored by {metric} here, and {record.rows:,} rows by {record.metric} "
            f"when it was exported. Read them in the same way."
        )
    return CheckedExport(
        run=run,
        data=judge.name,
        rows=rows,
        metric=metric,
        before=record.score_of(RUN_FORM),
        recorded=record.score_of(record.form),
        score=found.scores.values.get(metric),
        examples_per_second=found.examples_per_second,
        units=int8_units(),
    )
