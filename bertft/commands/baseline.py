"""`bertft baseline`: words to a request, what BERT is worth to the terminal."""

from __future__ import annotations

from typing import Annotated, Any

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.commands.train import one_problem
from bertft.plan.recipe import Recipe
from bertft.plan.sections import READS_LABELLED, DataPlan, MachinePlan, ModelPlan, OutputPlan
from bertft.plan.settings import OUTPUT, TASK, typed

Models = Annotated[
    str | None,
    opt.flag(TASK, "NAMES", "Models from before BERT, separated by commas.", default="those that suit the task"),
]
OnlyMissing = Annotated[bool, opt.flag(OUTPUT, None, "Train only what is missing in the output folder.", "--resume")]
AllAgain = Annotated[bool, opt.flag(OUTPUT, None, "Replace the runs in the output folder.", "--overwrite")]


@opt.takes_settings(OutputPlan, "dir", before="overwrite")
@opt.takes_settings(MachinePlan, before="resume")
@opt.takes_settings(DataPlan, "limit", before="resume")
@opt.takes_settings(DataPlan, *READS_LABELLED, before="resume")
@opt.takes_settings(Recipe, before="resume")
@opt.takes_settings(ModelPlan, "name", before="single_label")
@opt.takes_settings(DataPlan, "validation", "validation_share", "test", before="single_label")
def baseline_command(
    data: opt.Data = None,
    models: Models = None,
    task: opt.TaskName = None,
    single_label: opt.IsSingleLabel = False,
    multi_label: opt.IsMultiLabel = False,
    regression: opt.IsRegression = False,
    text: opt.Text = None,
    text_pair: opt.TextPair = None,
    label: opt.Label = None,
    separator: opt.Separator = None,
    label_names: opt.LabelNames = None,
    resume: OnlyMissing = False,
    overwrite: AllAgain = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Train simple models and BERT on the same rows, and say what BERT is worth."""
    console.be_quiet(quiet)
    from bertft.jobs.judging.baseline import baseline, models_named
    from bertft.jobs.requests import BaselineRequest, TrainRequest
    from bertft.report.baselines import show_baselines

    request = TrainRequest(
        task=task,
        problem=one_problem(single_label=single_label, multi_label=multi_label, regression=regression),
        columns=opt.columns_of(text, text_pair, label, separator, label_names),
        data={**typed(DataPlan, settings), **({"train": data[0], "more_train": data[1:] or None} if data else {})},
        model=typed(ModelPlan, settings),
        recipe=typed(Recipe, settings),
        output=typed(OutputPlan, settings),
        machine=typed(MachinePlan, settings),
        resume=resume,
        overwrite=overwrite,
        command=opt.typed_line(),
    )
    found = baseline(BaselineRequest(train=request, models=models_named(models)))
    if json:
        console.result_json(found.as_dict())
    else:
        show_baselines(found)
