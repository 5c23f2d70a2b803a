"""`bertft vocab`: words to a request, a line to the terminal."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.plan.pretraining import READS_TEXTS
from bertft.plan.sections import DataPlan
from bertft.plan.settings import COLUMNS, OUTPUT, TRAINING, typed

Corpus = Annotated[
    list[str],
    typer.Argument(
        metavar="CORPUS...",
        help="Texts: a text file, with empty lines between documents, or a table with a column of texts.",
        show_default=False,
    ),
]
Folder = Annotated[str, opt.flag(OUTPUT, "DIR", "Folder to write the tokenizer to.", "--output-dir", "-o")]
Size = Annotated[int, opt.flag(TRAINING, "N", "Tokens at most, the special ones among them.", default="30522")]
Pieces = Annotated[
    str, opt.flag(TRAINING, "NAME", "wordpiece, as BERT has it, or bpe, byte-level as in RoBERTa.", default="wordpiece")
]
Lower = Annotated[
    bool | None,
    opt.flag(
        TRAINING,
        None,
        "Put texts in lower case and drop accents, as bert-base-uncased does; only for wordpiece.",
        "--lower/--no-lower",
        default="--lower",
    ),
]
TextColumn = Annotated[str | None, opt.flag(COLUMNS, "COLUMN", "Column with the text.", default="by its name")]


@opt.takes_settings(DataPlan, *READS_TEXTS, before="json")
def vocab_command(
    corpus: Corpus,
    output: Folder,
    size: Size = 30_522,
    kind: Pieces = "wordpiece",
    lower: Lower = None,
    text: TextColumn = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Learn a vocabulary from texts, for a model from scratch."""
    console.be_quiet(quiet)
    from bertft.jobs.requests import VocabRequest
    from bertft.jobs.training.vocab import vocab

    found = vocab(
        VocabRequest(
            corpus=corpus,
            output=output,
            kind=kind,
            size=size,
            lower=lower,
            text=text,
            reading=typed(DataPlan, settings),
        )
    )
    if json:
        console.result_json(asdict(found))
