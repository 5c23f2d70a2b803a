"""`bertft info`: words to a request, its result to the terminal."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.plan.recipe import Recipe
from bertft.plan.sections import MachinePlan
from bertft.plan.settings import TASK, TRAINING

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Run folder, model folder, config.json, Hub name, or minilm. Weights are not needed.",
        show_default=False,
    ),
]
HeadName = Annotated[
    str | None,
    opt.flag(
        TASK,
        "NAME",
        "Count it with this head: none, sequence, token, qa, mlm or pretraining.",
        "--head",
        default="none; a run's own",
    ),
]
Labels = Annotated[int | None, opt.flag(TASK, "N", "Labels of the head.", "--labels", default="the config's")]
BatchSize = Annotated[
    int | None, opt.flag(TRAINING, "N", "Texts in a batch, for the memory.", "--batch-size", default="32")
]
Length = Annotated[
    int | None,
    opt.flag(
        TRAINING, "TOKENS", "Length of each text.", "--length", default="128, or the longest that the model takes"
    ),
]
UsedTokens = Annotated[
    int | None,
    opt.flag(
        TRAINING,
        "N",
        "Different tokens in the training texts. On a processor only these are trained, which saves memory.",
        "--used-tokens",
        default="all of them",
    ),
]


@opt.takes_settings(MachinePlan, "fast", before="json")
@opt.takes_settings(Recipe, "freeze", "precision", before="json")
def info_command(
    model: Model,
    head: HeadName = None,
    labels: Labels = None,
    batch_size: BatchSize = None,
    length: Length = None,
    used_tokens: UsedTokens = None,
    json: opt.Json = False,
    revision: opt.Revision = None,
    quiet: opt.Quiet = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Count a model's parameters, memory and operations; tell what a run learned from."""
    console.be_quiet(quiet)
    from bertft.jobs.judging.info import info
    from bertft.jobs.requests import InfoRequest
    from bertft.report.describing import show_described

    found = info(
        InfoRequest(
            model=opt.at_revision(model, revision),
            head=head,
            labels=labels,
            freeze=settings["freeze"],
            batch_size=batch_size,
            length=length,
            precision=settings["precision"],
            used_tokens=used_tokens,
            fast=settings["fast"],
        )
    )
    if json:
        console.result_json(found.as_dict())
    else:
        show_described(found)
