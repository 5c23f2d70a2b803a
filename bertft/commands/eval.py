"""`bertft eval`: words to a request, its result to the terminal."""

from __future__ import annotations

from typing import Any

from bertft import console
from bertft.commands import options as opt
from bertft.plan.recipe import Recipe
from bertft.plan.sections import READS_LABELLED, DataPlan, MachinePlan
from bertft.plan.settings import typed


@opt.takes_settings(MachinePlan, before="json")
@opt.takes_settings(Recipe, "precision", before="json")
@opt.takes_settings(DataPlan, "fix_answers", before="json")
@opt.takes_settings(DataPlan, *READS_LABELLED, before="metric")
def eval_command(
    run: opt.RunFolder,
    data: opt.Labelled,
    text: opt.LearnedText = None,
    text_pair: opt.LearnedTextPair = None,
    label: opt.LearnedLabel = None,
    metric: opt.MainMetric = None,
    max_answer: opt.MaxAnswer = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    **settings: Any,
) -> None:
    """Score a run on a labelled file."""
    console.be_quiet(quiet)
    from bertft.jobs.eval import evaluate
    from bertft.jobs.requests import EvalRequest
    from bertft.report.terminal import show_scores

    request = EvalRequest(
        run=run,
        data=data,
        columns={"text": text, "text_pair": text_pair, "label": label},
        reading=typed(DataPlan, settings),
        metric=metric,
        max_answer=max_answer,
        precision=settings["precision"],
        machine=typed(MachinePlan, settings),
    )
    found = evaluate(request)
    if json:
        console.result_json({"run": run, "data": found.data, **found.scores.as_dict(), "timings": found.timings})
    else:
        show_scores(found.scores, title=found.data)
