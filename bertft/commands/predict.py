"""`bertft predict`: the flags. What they do stands in runs.py."""

from __future__ import annotations

from bertft import console
from bertft.commands import options as opt


def predict_command(
    run: opt.Run,
    input: opt.Input,
    output: opt.Output = None,
    top_k: opt.TopK = None,
    min_probability: opt.MinProbability = None,
    scheme: opt.Scheme = None,
    n_best: opt.NBest = None,
    text: opt.Text = None,
    text_pair: opt.TextPair = None,
    format: opt.Format = None,
    encoding: opt.Encoding = None,
    delimiter: opt.Delimiter = None,
    no_header: opt.NoHeader = False,
    precision: opt.Precision = None,
    threads: opt.Threads = None,
    resume: opt.GoOn = False,
    raw: opt.Raw = False,
    quiet: opt.Quiet = False,
) -> None:
    """Predict a file: the same rows in the same order, with the answers added."""
    flags = dict(locals())
    console.be_quiet(quiet)
    from bertft.commands.prediction import run_predict

    run_predict(flags)
