"""`bertft predict`: the flags. What they do stands in runs.py."""

from __future__ import annotations

from typing import Any

from bertft import console
from bertft.commands import options as opt
from bertft.recipe import Recipe


@opt.takes_settings(Recipe, "precision", before="threads")
def predict_command(
    run: opt.Run,
    input: opt.Input,
    output: opt.Output = None,
    top_k: opt.TopK = None,
    min_probability: opt.MinProbability = None,
    scheme: opt.LearnedScheme = None,
    n_best: opt.NBest = None,
    text: opt.LearnedText = None,
    text_pair: opt.LearnedTextPair = None,
    format: opt.Format = None,
    encoding: opt.Encoding = None,
    delimiter: opt.Delimiter = None,
    no_header: opt.NoHeader = False,
    threads: opt.Threads = None,
    fast: opt.Fast = None,
    resume: opt.GoOn = False,
    raw: opt.Raw = False,
    quiet: opt.Quiet = False,
    **settings: Any,
) -> None:
    """Predict a file: the same rows in the same order, with the answers added."""
    flags = dict(locals())
    flags |= flags.pop("settings")
    console.be_quiet(quiet)
    from bertft.commands.prediction import run_predict

    run_predict(flags)
