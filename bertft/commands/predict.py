"""`bertft predict`: words to a request."""

from __future__ import annotations

from typing import Any

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.plan.recipe import Recipe
from bertft.plan.sections import READS, BackendPlan, DataPlan, MachinePlan
from bertft.plan.settings import typed
from bertft.system.lean import ask_for_lean


@opt.takes_settings(MachinePlan, before="resume")
@opt.takes_settings(BackendPlan, before="resume")
@opt.takes_settings(Recipe, "precision", before="resume")
@opt.takes_settings(DataPlan, *READS, before="resume")
def predict_command(
    run: opt.RunFolder,
    input: opt.Input,
    output: opt.Output = None,
    top_k: opt.TopK = None,
    min_probability: opt.MinProbability = None,
    min_accuracy: opt.MinAccuracy = None,
    raw_probabilities: opt.RawProbabilities = False,
    fallback_label: opt.FallbackLabel = None,
    scheme: opt.LearnedScheme = None,
    n_best: opt.NBest = None,
    max_answer: opt.MaxAnswer = None,
    prefix: opt.Prefix = None,
    form: opt.AnswerForm = None,
    text: opt.LearnedText = None,
    text_pair: opt.LearnedTextPair = None,
    resume: opt.GoOn = False,
    shard: opt.ShardOf = None,
    shard_rows: opt.ShardRows = None,
    raw: opt.Raw = False,
    revision: opt.Revision = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Predict a file: the same rows in the same order, with added columns."""
    console.be_quiet(quiet)
    console.be_verbose(verbose)
    ask_for_lean()
    from bertft.jobs.predicting.predict_file import predict_file
    from bertft.jobs.requests import PredictRequest

    request = PredictRequest(
        run=opt.at_revision(run, revision),
        input=input,
        output=output,
        top_k=top_k,
        min_probability=min_probability,
        min_accuracy=min_accuracy,
        raw_probabilities=raw_probabilities,
        fallback_label=fallback_label,
        scheme=scheme,
        n_best=n_best,
        prefix=prefix,
        form=form,
        columns={"text": text, "text_pair": text_pair},
        reading=typed(DataPlan, settings),
        max_answer=max_answer,
        precision=settings["precision"],
        backend=settings["backend"],
        machine=typed(MachinePlan, settings),
        resume=resume,
        raw=raw,
        shard=shard,
        shard_rows=shard_rows,
        command=opt.typed_line(),
    )
    predict_file(request)
