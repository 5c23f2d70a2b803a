"""`bertft eval`: the flags. What they do stands in runs.py."""

from __future__ import annotations

from typing import Any

from bertft import console
from bertft.commands import options as opt
from bertft.recipe import Recipe


@opt.takes_settings(Recipe, "precision", before="threads")
def eval_command(
    run: opt.Run,
    data: opt.Labelled,
    text: opt.LearnedText = None,
    text_pair: opt.LearnedTextPair = None,
    label: opt.LearnedLabel = None,
    format: opt.Format = None,
    encoding: opt.Encoding = None,
    delimiter: opt.Delimiter = None,
    no_header: opt.NoHeader = False,
    unknown_labels: opt.UnknownLabels = None,
    metric: opt.MainMetric = None,
    fix_answers: opt.FixAnswers = None,
    threads: opt.Threads = None,
    fast: opt.Fast = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    **settings: Any,
) -> None:
    """Score a run on a labelled file."""
    flags = dict(locals())
    flags |= flags.pop("settings")
    console.be_quiet(quiet)
    from bertft.commands.runs import run_eval

    run_eval(flags)
