"""`bertft check`: words to a request, its findings to the terminal."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.commands.train import one_problem
from bertft.plan.recipe import LENGTHS, Recipe
from bertft.plan.sections import READS, DataPlan, ModelPlan
from bertft.plan.settings import OUTPUT, typed

Files = Annotated[
    list[str],
    typer.Argument(metavar="DATA...", help="A labelled file, or several, as for train.", show_default=False),
]
Strict = Annotated[bool, opt.flag(OUTPUT, None, "Exit with 1 if something was found.", "--strict")]


@opt.takes_settings(DataPlan, *READS, "fix_answers", before="strict")
@opt.takes_settings(Recipe, *LENGTHS, before="strict")
@opt.takes_settings(ModelPlan, "name", before="single_label")
@opt.takes_settings(DataPlan, "validation", "test", before="single_label")
def check_command(
    data: Files,
    task: opt.TaskName = None,
    single_label: opt.IsSingleLabel = False,
    multi_label: opt.IsMultiLabel = False,
    regression: opt.IsRegression = False,
    text: opt.Text = None,
    text_pair: opt.TextPair = None,
    label: opt.Label = None,
    separator: opt.Separator = None,
    label_names: opt.LabelNames = None,
    strict: Strict = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Look for what is wrong with a data set before training on it."""
    console.be_quiet(quiet)
    from bertft.jobs.files.check import check
    from bertft.jobs.requests import TrainRequest
    from bertft.report.findings import as_json, show_checked

    request = TrainRequest(
        task=task,
        problem=one_problem(single_label=single_label, multi_label=multi_label, regression=regression),
        columns=opt.columns_of(text, text_pair, label, separator, label_names),
        data={**typed(DataPlan, settings), "train": data[0], "more_train": data[1:] or None},
        model=typed(ModelPlan, settings),
        recipe=typed(Recipe, settings),
    )
    found = check(request)
    if json:
        console.result_json(as_json(found))
    else:
        show_checked(found)
    if strict and len(found.findings):
        raise typer.Exit(1)
