"""`bertft report`: words to a request, the place of the page to the terminal."""

from __future__ import annotations

from typing import Annotated, Any

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.plan.recipe import Recipe
from bertft.plan.sections import READS_LABELLED, DataPlan, MachinePlan
from bertft.plan.settings import OUTPUT, SCORES, typed

OtherRows = Annotated[
    str | None,
    opt.flag(SCORES, "FILE", "Labelled file to judge the run by.", "--data", default="its own test or validation rows"),
]
Page = Annotated[
    str | None, opt.flag(OUTPUT, "FILE", "Page to write.", "--output", "-o", default="report.html in the run folder")
]
Plots = Annotated[str | None, opt.flag(OUTPUT, "DIR", "Also write each plot to this folder, as an SVG file.")]


@opt.takes_settings(MachinePlan, before="output")
@opt.takes_settings(Recipe, "precision", before="output")
@opt.takes_settings(DataPlan, *READS_LABELLED, "fix_answers", before="metric")
def report_command(
    run: opt.RunFolder,
    data: OtherRows = None,
    text: opt.LearnedText = None,
    text_pair: opt.LearnedTextPair = None,
    label: opt.LearnedLabel = None,
    metric: opt.MainMetric = None,
    output: Page = None,
    plots: Plots = None,
    json: opt.Json = False,
    revision: opt.Revision = None,
    quiet: opt.Quiet = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Write one HTML page about a run: scores, curves, errors."""
    console.be_quiet(quiet)
    from bertft.jobs.judging.report import report
    from bertft.jobs.requests import ReportRequest

    request = ReportRequest(
        run=opt.at_revision(run, revision),
        data=data,
        output=output,
        plots=plots,
        columns={"text": text, "text_pair": text_pair, "label": label},
        reading=typed(DataPlan, settings),
        metric=metric,
        precision=settings["precision"],
        machine=typed(MachinePlan, settings),
    )
    done = report(request)
    if json:
        console.result_json(done.as_dict())
    else:
        console.result(str(done.path))
