"""`bertft compare`: words to a request, its result to the terminal or into a file."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.plan.recipe import Recipe
from bertft.plan.sections import READS_LABELLED, DataPlan, MachinePlan
from bertft.plan.settings import OUTPUT, TASK, typed

Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN RUN...", help="Run folders; the others are compared with the first.", show_default=False
    ),
]
Rows = Annotated[
    str | None,
    opt.flag(TASK, "FILE", "Labelled file to judge all runs on.", "--data", default="the rows that judged the runs"),
]
Page = Annotated[
    str | None,
    opt.flag(OUTPUT, "FILE", "Also write it to this file: .md, .html or .json.", "--output", "-o", default="none"),
]
Examples = Annotated[int, opt.flag(OUTPUT, "N", "Show N rows of each kind of change.", "--examples", default="5")]


@opt.takes_settings(MachinePlan, before="json")
@opt.takes_settings(Recipe, "precision", before="json")
@opt.takes_settings(DataPlan, "fix_answers", before="json")
@opt.takes_settings(DataPlan, *READS_LABELLED, before="metric")
def compare_command(
    runs: Runs,
    data: Rows = None,
    text: opt.LearnedText = None,
    text_pair: opt.LearnedTextPair = None,
    label: opt.LearnedLabel = None,
    metric: opt.MainMetric = None,
    examples: Examples = 5,
    output: Page = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Compare runs on the same rows."""
    console.be_quiet(quiet)
    from bertft.jobs.judging.compare import compare
    from bertft.jobs.requests import CompareRequest
    from bertft.report.comparing import show_compared

    found = compare(
        CompareRequest(
            runs=runs,
            data=data,
            columns={"text": text, "text_pair": text_pair, "label": label},
            reading=typed(DataPlan, settings),
            metric=metric,
            precision=settings["precision"],
            machine=typed(MachinePlan, settings),
            examples=examples,
            output=output,
        )
    )
    if json:
        console.result_json(found.as_dict())
    else:
        show_compared(found)
