"""`bertft serve`: words to a request."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.plan.plan import merge
from bertft.plan.recipe import Recipe
from bertft.plan.sections import BackendPlan, MachinePlan
from bertft.plan.serve_plan import ServePlan
from bertft.plan.settings import checked, typed

Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN…",
        help="Run folders to serve, each under the name of its folder, or as NAME=FOLDER.",
        show_default=False,
    ),
]


@opt.takes_settings(MachinePlan, before="quiet")
@opt.takes_settings(BackendPlan, before="quiet")
@opt.takes_settings(Recipe, "precision", before="quiet")
@opt.takes_settings(ServePlan, before="quiet")
def serve_command(
    runs: Runs, quiet: opt.Quiet = False, verbose: opt.Verbose = False, help_all: HelpAll = False, **settings: Any
) -> None:
    """Answer over HTTP what a run predicts."""
    console.be_quiet(quiet)
    console.be_verbose(verbose)
    from bertft.jobs.serving.serve import ServeRequest, serve

    serve(
        ServeRequest(
            runs=runs,
            serving=typed(ServePlan, settings),
            machine=typed(MachinePlan, settings),
            precision=typed(Recipe, settings).get("precision"),
            backend=checked(merge(BackendPlan, typed(BackendPlan, settings))).backend,
        )
    )
