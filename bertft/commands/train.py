"""`bertft train`: words to a request, its result to the terminal."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.errors import UsageError
from bertft.kinds import KINDS, NAMED_PROBLEMS
from bertft.plan.recipe import Recipe
from bertft.plan.sections import READS_LABELLED, DataPlan, MachinePlan, ModelPlan, OutputPlan, RunsPlan
from bertft.plan.settings import typed
from bertft.runs import ERRORS, RECORD

if TYPE_CHECKING:
    from bertft.engine.record import Finished
    from bertft.plan.plan import Plan


@opt.takes_settings(OutputPlan, "dir", "track", before="overwrite")
@opt.takes_settings(MachinePlan, before="resume")
@opt.takes_settings(OutputPlan, "save_steps", "card_title", "license", "language", before="resume")
@opt.takes_settings(RunsPlan, before="config")
@opt.takes_settings(DataPlan, "split_seed", "limit", "fix_answers", before="config")
@opt.takes_settings(DataPlan, *READS_LABELLED, before="config")
@opt.takes_settings(Recipe, before="config")
@opt.takes_settings(ModelPlan, before="single_label")
@opt.takes_settings(DataPlan, "validation", "validation_share", "test", before="single_label")
def train_command(
    data: opt.Data = None,
    task: opt.TaskName = None,
    single_label: opt.IsSingleLabel = False,
    multi_label: opt.IsMultiLabel = False,
    regression: opt.IsRegression = False,
    text: opt.Text = None,
    text_pair: opt.TextPair = None,
    label: opt.Label = None,
    separator: opt.Separator = None,
    label_names: opt.LabelNames = None,
    config: opt.Config = None,
    resume: opt.Resume = False,
    overwrite: opt.Overwrite = False,
    dry_run: opt.DryRun = False,
    json: opt.Json = False,
    full: opt.Full = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Fine-tune a model on a labelled file. The run folder gets the model, its scores and a model card."""
    console.be_quiet(quiet)
    console.be_verbose(verbose)
    opt.check_full(full, as_json=json)
    from bertft.jobs.requests import TrainRequest
    from bertft.jobs.training.train import plan_training, train  # torch wakes here, not at --help

    request = TrainRequest(
        task=task,
        problem=one_problem(single_label=single_label, multi_label=multi_label, regression=regression),
        columns=opt.columns_of(text, text_pair, label, separator, label_names),
        data={**typed(DataPlan, settings), **({"train": data[0], "more_train": data[1:] or None} if data else {})},
        model=typed(ModelPlan, settings),
        recipe=typed(Recipe, settings),
        runs=typed(RunsPlan, settings),
        output=typed(OutputPlan, settings),
        machine=typed(MachinePlan, settings),
        config=config,
        resume=resume,
        overwrite=overwrite,
        command=opt.typed_line(),
    )
    if dry_run:
        show_plan(plan_training(request).plan)
    else:
        show_training(train(request), as_json=json, full=full)


def one_problem(**typed: bool) -> str | None:
    """The problem that was typed, if any; UsageError for several."""
    given = [name for name in NAMED_PROBLEMS if typed[name.replace("-", "_")]]
    if len(given) > 1:
        raise UsageError(f"{' and '.join('--' + name for name in given)} exclude each other: a task is one of them.")
    return given[0] if given else None


def show_plan(plan: Plan) -> None:
    """What can be told without training; what cannot yet is said."""
    import tomli_w

    from bertft.engine.sizing import unsized

    console.result(tomli_w.dumps(plan.to_dict()).rstrip())
    if plan.runs.seeds or plan.runs.folds:
        console.note(said_of_runs(plan))
    if left := unsized(plan.recipe, plan.card.kind, held_back=plan.data.validation is None):
        console.note(
            f"Not in this plan, as the number of rows and tokens decides when they are read: {', '.join(left)}."
        )


def said_of_runs(plan: Plan) -> str:
    """How often a plan is trained, and what is kept."""
    first, (seeds, folds) = plan.recipe.seed, (plan.runs.seeds, plan.runs.folds)
    if seeds:
        return (
            f"This trains {seeds:,} runs, with the seeds {first} to {first + seeds - 1}, on the same rows: {seeds:,} times the "
            f"time of one. The one that is best on validation is kept; the others keep their scores, not their weights."
        )
    if plan.runs.fold:
        return f"This trains one run, without fold {plan.runs.fold} of {folds}, on which it is scored."
    return (
        f"This trains {(folds or 0) + 1:,} runs: one without each of {folds} folds, on which it is scored, and one on all rows, "
        f"whose model is kept. The others keep their scores and answers, not their weights."
    )


def show_training(finished: Finished, *, as_json: bool, full: bool) -> None:
    """The scores, and what to do next."""
    from bertft.engine.record import run_record
    from bertft.report.model_card import REFITTED
    from bertft.report.terminal import show_scores, show_series, tell_comparison

    learns = finished.backbone.classic is None or bool(finished.backbone.classic.grams)
    if as_json:
        record = asdict(run_record(finished))
        shown = {name: record[name] for name in ("scores", "reference", "refitted", "trust", "series", "timings")}
        console.result_json({"run": str(finished.folder), "model": finished.backbone.name, **shown})
        tell_comparison(finished.comparison, finished.advice, learns=learns)
        return
    for split, scores in finished.scores.items():
        show_scores(scores, title=split.capitalize(), record=str(finished.folder / RECORD), full=full)
    for sentence in finished.trust.told(chose_epoch=run_record(finished).chose_epoch):
        console.result(sentence)
    if finished.refitted:
        console.result(REFITTED)
    if finished.series:
        show_series(finished.series)
    tell_comparison(finished.comparison, finished.advice, learns=learns)
    if (finished.folder / ERRORS).is_file():
        console.result(f"Validation rows that went wrong, most confident first: {finished.folder / ERRORS}")
    folder = shlex.quote(str(finished.folder))
    from_scratch = finished.backbone.is_new or finished.backbone.classic
    how = (
        "from scratch:"
        if from_scratch
        else "pre-trained further from"
        if finished.plan.pretraining
        else "fine-tuned from"
    )
    how = "a head on the frozen" if finished.plan.recipe.features else how
    console.result(f"Run folder: {folder} ({how} {finished.backbone.name})")
    use = KINDS[finished.plan.card.kind].use
    console.result(f"Next: {use.format(folder=folder, input='INPUT', output='OUTPUT.csv')}")
