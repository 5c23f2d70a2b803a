"""Help in two tiers: `--help` shows the everyday flags, `--help-all` the others too. The panel of a flag decides its tier."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from bertft.plan.settings import COLUMNS, OUTPUT, SCORES, TASK, TRAINING

EVERYDAY = (None, TASK, COLUMNS, TRAINING, SCORES, OUTPUT)
"""Panels that `--help` shows; None: arguments, and flags without a panel."""


class TieredGroup(TyperGroup):
    """All commands."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _without_types(self.get_params(ctx))
        super().format_help(ctx, formatter)


class TieredCommand(TyperCommand):
    """A command whose help leaves out the flags of rarer panels, and says so."""

    shows_all = False

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _without_types(self.get_params(ctx))
        rarer = [one for one in self.params if getattr(one, "rich_help_panel", None) not in EVERYDAY]
        for one in rarer:
            one.hidden = not self.shows_all  # type: ignore[attr-defined]
        if rarer and not self.shows_all:
            self.epilog = f"{len(rarer)} more flags: {ctx.command_path} --help-all"
        super().format_help(ctx, formatter)


def _show_all(ctx: typer.Context, asked: bool) -> None:
    if asked:
        command: Any = ctx.command
        command.shows_all = True
        ctx.get_help()  # typer prints it
        raise typer.Exit


HelpAll = Annotated[
    bool,
    typer.Option("--help-all", is_eager=True, callback=_show_all, help="Show all flags and exit.", show_default=False),
]


def _without_types(params: list[Any]) -> None:
    """A switch takes no value, and what an argument is its help says."""
    for one in params:
        if isinstance(one, TyperArgument):
            one.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
        elif getattr(one, "is_flag", False):
            one.metavar = ""
