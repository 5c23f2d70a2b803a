"""Python functions that judge what was learned: evaluate, compare, write_report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bertft.api.keywords import columns_of, of_labelled, table_name
from bertft.errors import UsageError
from bertft.jobs.from_program import called_from_program, folder_of
from bertft.plan.keywords import checked_keywords, keywords_of
from bertft.plan.sections import BackendPlan, DataPlan, MachinePlan
from bertft.plan.settings import typed

if TYPE_CHECKING:
    from bertft.jobs.judging.eval import Evaluated
    from bertft.jobs.judging.report import Reported
    from bertft.reading import Table
    from bertft.report.compared import Compared


def evaluate(
    run: Any,
    data: Any,
    *,
    metric: str | None = None,
    min_probability: float | None = None,
    min_accuracy: float | None = None,
    raw_probabilities: bool = False,
    precision: str | None = None,
    quiet: bool = True,
    **settings: Any,
) -> Evaluated:
    """Score a run on a labelled file or rows; the result has `scores` and `timings`, with `min_probability` also `coverage`.
    `settings`: column names and the flags of `bertft eval`."""
    from bertft.jobs.judging.eval import evaluate as run_evaluation
    from bertft.jobs.requests import EvalRequest

    known = {**of_labelled(), "max_answer": ("max_answer", int), **keywords_of(BackendPlan)}
    settings = checked_keywords(settings, known)
    tables: dict[str, Table] = {}
    request = EvalRequest(
        run=folder_of(run),
        data=table_name(data, "data", tables),
        columns=columns_of(settings),
        reading=typed(DataPlan, settings),
        metric=metric,
        max_answer=settings.get("max_answer"),
        min_probability=min_probability,
        min_accuracy=min_accuracy,
        raw_probabilities=raw_probabilities,
        precision=precision,
        backend=settings.get("backend"),
        machine=typed(MachinePlan, settings),
        tables=tables,
    )
    with called_from_program(quiet):
        return run_evaluation(request)


def compare(
    runs: Sequence[Any],
    data: Any = None,
    *,
    metric: str | None = None,
    output: Any = None,
    examples: int = 5,
    precision: str | None = None,
    quiet: bool = True,
    **settings: Any,
) -> Compared:
    """Hold runs against the first of them, on a labelled file or rows, or on the rows that judged them; the result has
    `sentences`, `differences` and `changes`. `settings`: column names and the flags of `bertft compare`."""
    from bertft.jobs.judging.compare import compare as run_comparison
    from bertft.jobs.requests import CompareRequest

    if isinstance(runs, str | os.PathLike) or hasattr(runs, "folder"):
        raise UsageError("compare takes a list of runs: compare([one, other]).")
    settings = checked_keywords(settings, of_labelled())
    tables: dict[str, Table] = {}
    request = CompareRequest(
        runs=[folder_of(run) for run in runs],
        data=None if data is None else table_name(data, "data", tables),
        columns=columns_of(settings),
        reading=typed(DataPlan, settings),
        metric=metric,
        precision=precision,
        machine=typed(MachinePlan, settings),
        tables=tables,
        examples=examples,
        output=None if output is None else str(output),
    )
    with called_from_program(quiet):
        return run_comparison(request)


def write_report(
    run: Any,
    data: Any = None,
    *,
    output: Any = None,
    plots: Any = None,
    metric: str | None = None,
    precision: str | None = None,
    quiet: bool = True,
    **settings: Any,
) -> Reported:
    """Write an HTML page about a run on a labelled file or rows, or on the rows that judged it; the result has its `path`.
    `settings`: column names and the flags of `bertft report`."""
    from bertft.jobs.judging.report import report as run_report
    from bertft.jobs.requests import ReportRequest

    settings = checked_keywords(settings, of_labelled())
    tables: dict[str, Table] = {}
    request = ReportRequest(
        run=folder_of(run),
        data=None if data is None else table_name(data, "data", tables),
        output=None if output is None else str(output),
        plots=None if plots is None else str(plots),
        columns=columns_of(settings),
        reading=typed(DataPlan, settings),
        metric=metric,
        precision=precision,
        machine=typed(MachinePlan, settings),
        tables=tables,
    )
    with called_from_program(quiet):
        return run_report(request)
