"""Typer makes the tree of all commands anew for each command line, which takes longer than most commands on few rows.

A process makes it once, so a test that runs twenty commands inside this process needs it once too."""

from __future__ import annotations

import functools
import sys
from typing import Any

import typer.main

build = functools.cache(typer.main.get_command)


def command_of(app: typer.Typer) -> Any:
    """In place of typer's `get_command`. Help hides flags of the tree that it is asked of, so it gets one of its own."""
    return build.__wrapped__(app) if any(word.startswith("--help") for word in sys.argv) else build(app)
