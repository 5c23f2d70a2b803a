"""`bertft pretrain`: words to a request, its result to the terminal."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.commands.train import show_training
from bertft.plan.pretraining import OF_TEXTS, READS_TEXTS, PretrainPlan
from bertft.plan.recipe import Recipe
from bertft.plan.sections import DataPlan, MachinePlan, ModelPlan, OutputPlan
from bertft.plan.settings import typed

TOLD = {
    "epochs": ("Passes over the corpus.", "chosen by its size"),
    "batch_size": ("Blocks per batch, summed over all processes.", "32"),
    "learning_rate": ("Peak learning rate.", "5e-05; 1e-04 for models no wider than 384"),
    "max_length": ("Longest block in tokens, including special tokens.", "128"),
    "seed": ("Random seed: masks, order of the blocks, new head, dropout and held-back documents.", "42"),
    "metric": ("Metric that selects the best model: perplexity or accuracy.", "perplexity"),
    "validation": ("Text used to select the best model.", "a seeded share of the documents"),
    "validation_share": ("Share of the documents held back for validation, without --validation.", "0.05"),
    "name": (
        "Model to go on with: a name on the Hugging Face Hub, a folder, minilm (built in), or bilstm, which is new.",
        "",
    ),
    "split_seed": ("Seed of the held-back documents, where it is not to be --seed.", "--seed"),
    "format": (
        "File format: text, csv, tsv, jsonl, json, parquet, arrow or xlsx.",
        "by the file's extension, else text",
    ),
}
"""What the help says otherwise than for labelled rows."""

Corpus = Annotated[
    list[str] | None,
    typer.Argument(
        help="Text without labels: plain text, or a column of any table. Several files, or a quoted pattern, too.",
        show_default=False,
    ),
]


TextColumn = Annotated[
    list[str] | None,
    opt.flag(opt.COLUMNS, "COLUMN", "Column of a table that holds the text. Repeat it for several.", default="guessed"),
]


@opt.takes_settings(OutputPlan, "dir", "track", before="overwrite")
@opt.takes_settings(MachinePlan, before="resume")
@opt.takes_settings(OutputPlan, "save_steps", "card_title", "license", "language", before="resume")
@opt.takes_settings(DataPlan, "split_seed", *READS_TEXTS, before="config", told=TOLD)
@opt.takes_settings(Recipe, *OF_TEXTS, before="config", told=TOLD)
@opt.takes_settings(PretrainPlan, before="config")
@opt.takes_settings(ModelPlan, "name", before="text", told=TOLD)
@opt.takes_settings(DataPlan, "validation", "validation_share", before="text", told=TOLD)
def pretrain_command(
    corpus: Corpus = None,
    text: TextColumn = None,
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
    """Pre-train a model further, on texts without labels. The run folder serves as --model of train."""
    console.be_quiet(quiet)
    console.be_verbose(verbose)
    opt.check_full(full, as_json=json)
    from bertft.jobs.requests import TrainRequest
    from bertft.jobs.training.pretrain import plan_pretraining, pretrain  # torch wakes here, not at --help

    request = TrainRequest(
        columns={"text": text} if text else {},
        data={
            **typed(DataPlan, settings),
            **({"train": corpus[0], "more_train": corpus[1:] or None} if corpus else {}),
        },
        model=typed(ModelPlan, settings),
        recipe=typed(Recipe, settings),
        pretraining=typed(PretrainPlan, settings),
        output=typed(OutputPlan, settings),
        machine=typed(MachinePlan, settings),
        config=config,
        resume=resume,
        overwrite=overwrite,
        command=opt.typed_line(),
    )
    if dry_run:
        import tomli_w

        console.result(tomli_w.dumps(plan_pretraining(request).plan.to_dict()).rstrip())
    else:
        show_training(pretrain(request), as_json=json, full=full)
