"""`bertft convert`: the flags. What they do stands in conversion.py."""

from __future__ import annotations

from typing import Annotated

import typer

from bertft import console
from bertft.commands import options as opt

Form = Annotated[
    str | None,
    opt.flag(opt.OUTPUT, "NAME", "tokens, spans, doccano, prodigy, spacy or label-studio.", "--form"),
]
Into = Annotated[str, typer.Option("--output", "-o", help="By its ending: .conll, .jsonl, .json, .csv, .tsv.")]


def convert_command(
    input: Annotated[str, typer.Argument(help="A file of tagged words or of texts with spans.", show_default=False)],
    output: Into,
    form: Form = None,
    scheme: opt.OutputScheme = None,
    text: opt.Text = None,
    label: opt.Label = None,
    format: opt.Format = None,
    encoding: opt.Encoding = None,
    delimiter: opt.Delimiter = None,
    no_header: opt.NoHeader = False,
    raw: opt.Raw = False,
    quiet: opt.Quiet = False,
) -> None:
    """Turn tagged words or spans into another form, or their tags into another scheme."""
    flags = dict(locals())
    console.be_quiet(quiet)
    from bertft.commands.conversion import run_convert

    run_convert(flags)
