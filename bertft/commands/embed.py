"""`bertft embed`: words to a request."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.plan.embed_plan import EmbedPlan
from bertft.plan.sections import READS, DataPlan, MachinePlan
from bertft.plan.settings import COLUMNS, OUTPUT, typed

AnyModel = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Run folder, model folder, name on the Hugging Face Hub, or minilm.",
        show_default=False,
    ),
]
VectorFile = Annotated[str, opt.flag(OUTPUT, "FILE", "File to write: .npy, .jsonl or .parquet.", "--output", "-o")]
_MODEL_TEXT = "a run's as in training, else the only text"
Text = Annotated[list[str] | None, opt.flag(COLUMNS, "COLUMN", opt.TEXT_HELP, default=_MODEL_TEXT)]
TextPair = Annotated[
    str | None, opt.flag(COLUMNS, "COLUMN", opt.PAIR_HELP, default="a run's as in training, else none")
]
Prefix = Annotated[
    str | None,
    opt.flag(
        OUTPUT,
        "PREFIX",
        "Prefix for the names of all added columns.",
        default="vector_ where the input already has a column of that name",
    ),
]


@opt.takes_settings(MachinePlan, before="resume")
@opt.takes_settings(EmbedPlan, before="text")
@opt.takes_settings(DataPlan, *READS, before="resume")
def embed_command(
    model: AnyModel,
    input: opt.Input,
    output: VectorFile,
    text: Text = None,
    text_pair: TextPair = None,
    prefix: Prefix = None,
    resume: opt.GoOn = False,
    revision: opt.Revision = None,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Turn texts into vectors: one for each text, token or word."""
    console.be_quiet(quiet)
    console.be_verbose(verbose)
    from bertft.jobs.embedding.embed import embed
    from bertft.jobs.requests import EmbedRequest

    embed(
        EmbedRequest(
            model=opt.at_revision(model, revision),
            input=input,
            output=output,
            embedding=typed(EmbedPlan, settings),
            prefix=prefix,
            columns={"text": text, "text_pair": text_pair},
            reading=typed(DataPlan, settings),
            machine=typed(MachinePlan, settings),
            resume=resume,
            command=opt.typed_line(),
        )
    )
