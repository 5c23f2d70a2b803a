"""Compare runs: their scores on the same rows, how much of a difference is chance, and which rows changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bertft import console
from bertft.engine.device import describe, start_accelerator
from bertft.graph import count_parameters, has_graph
from bertft.jobs.hub.pull import run_folder
from bertft.jobs.judging.changed_rows import changes_of
from bertft.jobs.judging.comparable import check_runs, check_same_rows, record_of, seen_before
from bertft.jobs.judging.comparison_file import check_output, write_comparison
from bertft.jobs.judging.judged import JudgedRows, judged_file, judged_split
from bertft.jobs.judging.paired_rows import CommonRows, common_rows, difference_of
from bertft.jobs.judging.trained_in import common_precision, judged_otherwise
from bertft.jobs.requests import CompareRequest, EvalRequest
from bertft.jobs.splits import read_split, reading_plan
from bertft.model.folder import model_files
from bertft.plan.plan import merge
from bertft.plan.sections import MachinePlan
from bertft.report.compared import Compared, ComparedRun
from bertft.runs import TASK_FILE
from bertft.scoring.difference import Difference
from bertft.scoring.paired import holm
from bertft.system.hub import shown_run
from bertft.wording import counted

_AFTER_READING = ("unknown_labels", "fix_answers")
"""Keys of [data] that matter once a file was read."""


def compare(request: CompareRequest) -> Compared:
    """Judge each run on the same rows. UsageError where they cannot be compared."""
    request = replace(request, runs=[run_folder(run) for run in request.runs])
    check_runs(request)
    check_output(request)
    notes: list[str] = []
    judged, speeds, parameters, machine = [], [], [], ""
    for one in _judged_in_turn(request):
        speeds.append(one.meter.timings()["examples_per_second"])  # first: its clock goes on
        parameters.append(count_parameters(one.answerer.network))
        machine = describe(one.answerer.accelerator)
        judged.append(_without_network(one))
    rows = common_rows(judged)
    check_same_rows(request, rows)
    notes += _left_out(rows) + seen_before(request, judged)
    notes += judged_otherwise(_without_graph(request.runs), machine) if request.data is None else []
    differences = corrected([difference_of(rows[0], other) for other in rows[1:]])
    compared = Compared(
        data=judged[0].name,
        rows=len(rows[0].positions),
        metric=rows[0].scores.main,
        runs=[_run(*one) for one in zip(rows, speeds, parameters, strict=True)],
        differences=differences,
        changes=[changes_of(rows[0], other, examples=request.examples) for other in rows[1:]],
        machine=machine,
        notes=notes,
    )
    if request.output is not None and judged[0].answerer.accelerator.is_main_process:
        write_comparison(compared, Path(request.output))
    return compared


def _judged_in_turn(request: CompareRequest) -> Iterator[JudgedRows]:
    """Each run on the rows, one after the other."""
    machine = merge(MachinePlan, request.machine)
    if request.data is None:
        precision = request.precision or common_precision(_without_graph(request.runs))
        with console.hushed():
            start_accelerator(precision, machine)  # a graph that comes first would choose one for the runs after it
        for run in request.runs:
            own = request.precision if has_graph(Path(run)) else precision
            yield judged_split(run, machine=machine, precision=own, handed=request.tables, metric=request.metric)
        return
    table = read_split(request.data, reading_plan(request.data, request.reading), request.tables)
    heeded = {name: value for name, value in request.reading.items() if name in _AFTER_READING}
    for run in request.runs:
        yield judged_file(
            EvalRequest(
                run=run,
                data=request.data,
                columns=request.columns,
                reading=heeded,
                metric=request.metric,
                precision=request.precision,
                machine=request.machine,
                tables={**request.tables, request.data: table},
            )
        )


def _without_graph(runs: Sequence[str]) -> list[str]:
    """A graph has a precision of its own."""
    return [run for run in runs if not has_graph(Path(run))]


def _without_network(judged: JudgedRows) -> JudgedRows:
    """So that of several large models only one is in memory."""
    return replace(judged, answerer=replace(judged.answerer, network=None))  # type: ignore[arg-type]


def _left_out(rows: Sequence[CommonRows]) -> list[str]:
    """Rows that only some runs could read."""
    return [
        f"{counted(one.left_out, 'row')} that {shown_run(one.judged.run)} answers cannot be read by another run, and count "
        f"for none."
        for one in rows
        if one.left_out
    ]


def _run(rows: CommonRows, speed: float, parameters: int) -> ComparedRun:
    folder = Path(rows.judged.run)
    record = record_of(rows.judged.run)
    size = sum((folder / name).stat().st_size for name in [TASK_FILE, *model_files(folder)])
    return ComparedRun(
        run=shown_run(rows.judged.run),
        scores=rows.scores,
        left_out=rows.left_out,
        parameters=parameters,
        megabytes=round(size / 1e6, 3),
        rows_per_second=speed,
        training_seconds=record.seconds("train") if record else None,
        trained_on=str(record.device) if record else "",
    )


def corrected(differences: Sequence[Difference]) -> list[Difference]:
    """Their p values, corrected for being several."""
    tested = [found for found in differences if found.p is not None]
    if len(tested) < 2:
        return list(differences)
    values = iter(holm([found.p for found in tested if found.p is not None]))
    return [found.corrected(next(values), len(tested)) if found.p is not None else found for found in differences]
