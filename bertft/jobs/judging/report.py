"""`report`: a run and the rows that judge it in, one HTML file out, which needs no network and no script."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bertft import console
from bertft.classic.models import CLASSICS
from bertft.engine.history import History
from bertft.errors import CheckpointError, OutputError, UsageError, UserError
from bertft.jobs.files.check import check
from bertft.jobs.hub.pull import run_folder
from bertft.jobs.judging.comparable import VALIDATION, digest_of, has_learned, splits_with
from bertft.jobs.judging.judged import JudgedRows, judged_file, judged_split
from bertft.jobs.judging.own_rows import config_of_run, fault_of
from bertft.jobs.judging.wrong_rows import row_sections
from bertft.jobs.requests import EvalRequest, ReportRequest, TrainRequest
from bertft.jobs.splits import flags_of_reading
from bertft.model.families import FAMILIES
from bertft.page.classes import classes_section
from bertft.page.data_check import check_section, unchecked_section
from bertft.page.outcome import Outcome, lead_of, scores_section, series_section, title_of
from bertft.page.skeleton import Section, write_page
from bertft.page.training import cost_section, learning_section
from bertft.page.trust import trust_sections
from bertft.plan.plan import merge, merge_data
from bertft.plan.sections import MachinePlan
from bertft.plots.frame import drawing_file
from bertft.report.model_card import file_name
from bertft.runs import PLAN, RECORD, REPORT
from bertft.runs.record import RunRecord, sound_record
from bertft.system.files import explained, write_text
from bertft.system.hub import hub_name_of
from bertft.writing.target import check_place


@dataclass(frozen=True)
class Reported:
    """What was written."""

    path: Path
    plots: Sequence[Path] = ()
    """Files of --plots."""

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {"report": str(self.path), "plots": [str(path) for path in self.plots]}


def report(request: ReportRequest) -> Reported:
    """Judge the rows, write the page."""
    request = replace(request, run=run_folder(request.run))
    folder = _finished_run(request.run)
    if request.output is None and (name := hub_name_of(folder)):
        raise UsageError(
            f"{name}: was fetched from the Hub, whose cache stays as it is. Name a file for the page with -o."
        )
    path = Path(request.output) if request.output else folder / REPORT
    _check_places(path, request.plots)
    run = _shown_record(folder)
    judged = _judged(request)
    outcome = _outcome(run, folder, judged, request)
    sections = list(_sections(folder, outcome, judged))
    with explained(path, "Choose another place with -o."):
        write_text(path, write_page(title_of(outcome), lead_of(outcome), sections))
    return Reported(path, _write_plots(sections, Path(request.plots)) if request.plots else ())


def _finished_run(run: str) -> Path:
    folder = Path(run)
    if not folder.is_dir():
        raise CheckpointError(f"{run}: no such run folder.")
    if not (folder / RECORD).is_file():
        raise CheckpointError(f"{run}: no {RECORD}, so this is no run folder, or its training has not finished.")
    return folder


def _check_places(page: Path, plots: str | None) -> None:
    """Before minutes are spent, and so that no file of another kind is written over."""
    check_place(page)
    if page.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"{page}: a page is an HTML file. Name one that ends in .html with -o.")
    if plots is not None and Path(plots).exists() and not Path(plots).is_dir():
        raise OutputError(f"{plots}: not a folder. Name another one with --plots.")


def _judged(request: ReportRequest) -> JudgedRows:
    if request.data is not None:
        return judged_file(_of_file(request, request.data))
    if said := flags_of_reading(request.columns, request.reading):
        raise UsageError(f"{', '.join(said)}: only with --data; the run's own rows are read as they were in training.")
    machine = merge(MachinePlan, request.machine)
    return judged_split(request.run, machine=machine, precision=request.precision, metric=request.metric)


def _of_file(request: ReportRequest, data: str) -> EvalRequest:
    return EvalRequest(
        run=request.run,
        data=data,
        columns=request.columns,
        reading=request.reading,
        metric=request.metric,
        precision=request.precision,
        machine=request.machine,
        tables=request.tables,
    )


def _outcome(run: RunRecord, folder: Path, judged: JudgedRows, request: ReportRequest) -> Outcome:
    data = request.data
    seen = set() if data is None else splits_with(digest_of(data, request.tables, judged.table), run)
    return Outcome(
        run=run,
        name=Path(os.path.abspath(folder)).name,
        kind=judged.adapter.card.kind,
        rows=judged.name,
        is_own=data is None,
        has_learned=has_learned(seen),
        is_validation=VALIDATION in seen if data else judged.name == VALIDATION,
        scores=judged.scores(),
    )


def _shown_record(folder: Path) -> RunRecord:
    """CheckpointError where run.json holds something else than a page can show."""
    found = sound_record(folder)
    try:
        series_section(found.series)
    except (TypeError, ValueError, KeyError, AttributeError):
        raise CheckpointError(f"{folder / RECORD}: 'series' is damaged.") from None
    return found


def _sections(folder: Path, outcome: Outcome, judged: JudgedRows) -> Iterator[Section]:
    scores, run = outcome.scores, outcome.run
    yield scores_section(outcome)
    yield series_section(run.series)
    yield learning_section(History(folder, writes=True).lines(), list(scores.distinct), run.best_step)
    yield classes_section(scores, chosen_here=outcome.is_validation)
    evidence = judged.adapter.evidence(judged.predictions, judged.targets)
    yield from trust_sections(evidence, fitted_here=outcome.is_calibrated_here)
    yield from row_sections(judged, own=outcome.is_own)
    yield _data_check(folder, run)
    yield cost_section(run, judged.meter.timings())


def _data_check(folder: Path, run: RunRecord) -> Section:
    """Of the files that the run learned from, where they are still the same, by the run's own tokenizer. No other file is opened,
    whatever the run says."""
    if not (folder / PLAN).is_file():
        return unchecked_section(f"the run folder has no {PLAN}.")
    try:
        config = config_of_run(folder)
        data = merge_data(config.get("data", {}), {})
        if fault := fault_of(data, run, {}):
            return unchecked_section(f"{file_name(fault[0])}: {fault[1]}")
        with console.hushed():
            model = {"name": run.family if run.family in {*CLASSICS, *FAMILIES} else str(folder)}
            return check_section(check(TrainRequest(config=str(folder / PLAN), model=model)), data.limit)
    except UserError as problem:
        paths = [str(folder / PLAN), *(str(file.path) for file in run.data.values())]
        return unchecked_section(_by_name(str(problem), paths))


def _by_name(text: str, paths: Sequence[str]) -> str:
    """Where files lie is nobody's business."""
    for path in paths:
        text = text.replace(path, file_name(path))
    return text


def _write_plots(sections: Sequence[Section], folder: Path) -> list[Path]:
    """Each as a file of its own."""
    written = []
    with explained(folder, "Choose another place with --plots."):
        folder.mkdir(parents=True, exist_ok=True)
        for plot in [plot for section in sections for plot in section.plots]:
            written.append(folder / f"{plot.name}.svg")
            write_text(written[-1], drawing_file(plot.drawing))
    return written
