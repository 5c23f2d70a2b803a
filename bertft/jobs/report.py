"""`report`: a run and the rows that judge it in, one HTML file out, which needs no network and no script."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bertft.errors import CheckpointError, OutputError, UsageError
from bertft.jobs.judged import JudgedRows, judged_file, judged_split
from bertft.jobs.requests import EvalRequest, ReportRequest
from bertft.page.outcome import Outcome, lead_of, scores_section, title_of
from bertft.page.skeleton import Section, write_page
from bertft.plan.plan import merge
from bertft.plan.sections import MachinePlan
from bertft.runs import RECORD, REPORT
from bertft.runs.record import read_record
from bertft.system.files import explained, write_text


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
    folder = _finished_run(request.run)
    path = Path(request.output) if request.output else folder / REPORT
    _check_place(path)
    judged = _judged(request)
    outcome = _outcome(folder, judged, is_own=request.data is None)
    page = write_page(title_of(outcome), lead_of(outcome), list(_sections(outcome, judged)))
    with explained(path, "Choose another place with -o."):
        write_text(path, page)
    return Reported(path)


def _finished_run(run: str) -> Path:
    folder = Path(run)
    if not folder.is_dir():
        raise CheckpointError(f"{run}: no such run folder.")
    if not (folder / RECORD).is_file():
        raise CheckpointError(f"{run}: no {RECORD}, so this is no run folder, or its training has not finished.")
    return folder


def _check_place(path: Path) -> None:
    """Before minutes are spent."""
    if path.is_dir() or not path.parent.is_dir():
        raise OutputError(
            f"{path}: {'a folder' if path.is_dir() else 'its folder does not exist'}; name a file with -o."
        )


def _judged(request: ReportRequest) -> JudgedRows:
    if request.data is not None:
        return judged_file(_of_file(request, request.data))
    asked = {**request.columns, **request.reading, "metric": request.metric}
    if said := [name for name, value in asked.items() if value]:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in said)
        raise UsageError(f"{flags}: only with --data; the run's own rows are read as they were in training.")
    return judged_split(request.run, machine=merge(MachinePlan, request.machine))


def _of_file(request: ReportRequest, data: str) -> EvalRequest:
    return EvalRequest(
        run=request.run,
        data=data,
        columns=request.columns,
        reading=request.reading,
        metric=request.metric,
        machine=request.machine,
        tables=request.tables,
    )


def _outcome(folder: Path, judged: JudgedRows, *, is_own: bool) -> Outcome:
    return Outcome(
        run=read_record(folder),
        name=Path(os.path.abspath(folder)).name,
        kind=judged.adapter.card.kind,
        rows=judged.name,
        is_own=is_own,
        scores=judged.scores(),
    )


def _sections(outcome: Outcome, judged: JudgedRows) -> Iterator[Section]:
    yield scores_section(outcome)
