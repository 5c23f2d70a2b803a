"""`bertft train`: the flags. What they do stands in runs.py."""

from __future__ import annotations

from typing import Any

from bertft import console
from bertft.commands import options as opt
from bertft.recipe import Recipe


@opt.takes_settings(Recipe, before="format")
def train_command(
    data: opt.Data = None,
    task: opt.Task = None,
    validation: opt.Validation = None,
    validation_share: opt.ValidationShare = None,
    test: opt.Test = None,
    model: opt.Model = None,
    single_label: opt.SingleLabel = False,
    multi_label: opt.MultiLabel = False,
    regression: opt.Regression = False,
    text: opt.Text = None,
    text_pair: opt.TextPair = None,
    label: opt.Label = None,
    separator: opt.Separator = None,
    format: opt.Format = None,
    encoding: opt.Encoding = None,
    delimiter: opt.Delimiter = None,
    no_header: opt.NoHeader = False,
    unknown_labels: opt.UnknownLabels = None,
    max_train_rows: opt.MaxTrainRows = None,
    fix_answers: opt.FixAnswers = None,
    config: opt.Config = None,
    save_steps: opt.SaveSteps = None,
    threads: opt.Threads = None,
    fast: opt.Fast = None,
    resume: opt.Resume = False,
    output_dir: opt.OutputDir = None,
    overwrite: opt.Overwrite = False,
    dry_run: opt.DryRun = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    **recipe: Any,
) -> None:
    """Fine-tune a model on a labelled file; write it, its scores and its card to a run folder."""
    flags = dict(locals())
    flags |= flags.pop("recipe")
    console.be_quiet(quiet)
    from bertft.commands.runs import run_train  # torch wakes here, not at --help

    run_train(flags)
