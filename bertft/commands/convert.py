"""`bertft convert`: words to a request."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.plan.sections import READS, DataPlan
from bertft.plan.settings import OUTPUT, typed

Form = Annotated[
    str | None,
    opt.flag(OUTPUT, "NAME", "tokens, spans, doccano, prodigy, spacy or label-studio.", "--form"),
]
Into = Annotated[str, typer.Option("--output", "-o", help="By its ending: .conll, .jsonl, .json, .csv, .tsv.")]


@opt.takes_settings(DataPlan, *READS, before="raw")
def convert_command(
    input: Annotated[str, typer.Argument(help="A file of tagged words or of texts with spans.", show_default=False)],
    output: Into,
    form: Form = None,
    scheme: opt.OutputScheme = None,
    text: opt.Text = None,
    label: opt.Label = None,
    raw: opt.Raw = False,
    quiet: opt.Quiet = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Convert tagged words or spans to another format or tag scheme."""
    console.be_quiet(quiet)
    from bertft.jobs.files.convert import convert
    from bertft.jobs.requests import ConvertRequest

    request = ConvertRequest(
        input=input,
        output=output,
        form=form,
        scheme=scheme,
        columns={"text": text, "label": label},
        reading=typed(DataPlan, settings),
        raw=raw,
    )
    convert(request)
