"""`bertft eval`: words to a request, its result to the terminal."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.plan.recipe import Recipe
from bertft.plan.sections import READS_LABELLED, BackendPlan, DataPlan, MachinePlan
from bertft.plan.settings import typed
from bertft.runs import RECORD


@opt.takes_settings(MachinePlan, before="json")
@opt.takes_settings(BackendPlan, before="json")
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
    min_probability: opt.CoverageAt = None,
    min_accuracy: opt.MinAccuracy = None,
    raw_probabilities: opt.RawProbabilities = False,
    json: opt.Json = False,
    full: opt.Full = False,
    revision: opt.Revision = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Evaluate a run on a labelled file."""
    console.be_quiet(quiet)
    console.be_verbose(verbose)
    opt.check_full(full, as_json=json)
    from bertft.jobs.judging.eval import evaluate
    from bertft.jobs.requests import EvalRequest
    from bertft.report.terminal import show_coverage, show_scores

    request = EvalRequest(
        run=opt.at_revision(run, revision),
        data=data,
        columns={"text": text, "text_pair": text_pair, "label": label},
        reading=typed(DataPlan, settings),
        metric=metric,
        max_answer=max_answer,
        min_probability=min_probability,
        min_accuracy=min_accuracy,
        raw_probabilities=raw_probabilities,
        precision=settings["precision"],
        backend=settings["backend"],
        machine=typed(MachinePlan, settings),
    )
    found = evaluate(request)
    if json:
        shown = {"run": run, "data": found.data, **found.scores.as_dict(), "timings": found.timings}
        console.result_json(
            {**shown, **({"coverage": [asdict(one) for one in found.coverage]} if found.coverage else {})}
        )
    else:
        record = Path(run) / RECORD  # nothing is noted in a run that was fetched
        show_scores(found.scores, title=found.data, record=str(record) if record.is_file() else "--json", full=full)
        show_coverage(found.coverage)
