"""In which precision runs were trained, and in which several of them are judged together: a program computes in one only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bertft.engine.device import precision_here
from bertft.jobs.judging.comparable import record_of
from bertft.jobs.training.resuming import stored_plan
from bertft.plan.recipe import PRECISIONS
from bertft.runs import PLAN
from bertft.system.hub import shown_run

_AUTO, *_NAMES = PRECISIONS


def common_precision(runs: Sequence[str]) -> str:
    """That in which each of them would be judged alone; `auto` where those differ, or this program computes in another one."""
    found = {precision_here(_planned(run)) for run in runs}
    return (found.pop() if len(found) == 1 else None) or _AUTO


def judged_otherwise(runs: Sequence[str], device: str) -> list[str]:
    """Which of them were trained in another precision than that in which they were judged; models of our own compute alike
    in any. `device`: as run.json has it."""
    now = _precision_of(device)
    records = {shown_run(run): record_of(run) for run in runs}
    trained = {
        run: _precision_of(str(record.device)) for run, record in records.items() if record and not record.family
    }
    return [
        f"{run} was trained in {then} and is judged in {now} here, so its scores may differ a little from those that it noted; "
        f"--precision chooses one for all."
        for run, then in trained.items()
        if then and then != now
    ]


def _planned(run: str) -> str:
    folder = Path(run)
    planned = stored_plan(folder)["recipe"].get("precision", _AUTO) if (folder / PLAN).is_file() else _AUTO
    return str(planned)


def _precision_of(device: str) -> str:
    """'' where it does not say."""
    return next((name for name in device.split(", ") if name in _NAMES), "")
