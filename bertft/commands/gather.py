"""`bertft gather`: words to a request."""

from __future__ import annotations

from typing import Annotated

import typer

from bertft import console
from bertft.commands import options as opt

Parts = Annotated[
    list[str],
    typer.Argument(metavar="PART…", help="All files that predict --shard wrote, in any order.", show_default=False),
]
Whole = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="File to write, of the format of the parts.")
]


def gather_command(parts: Parts, output: Whole, quiet: opt.Quiet = False) -> None:
    """Put the parts of a prediction together, in the order of the input's rows."""
    console.be_quiet(quiet)
    from bertft.jobs.predicting.gather import gather
    from bertft.jobs.requests import GatherRequest

    gather(GatherRequest(parts=parts, output=output))
