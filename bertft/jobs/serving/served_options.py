"""What a request to the service may ask of rows and say of files, beside the rows: names and types. The settings of a request in,
those of `predict` out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from bertft.errors import UsageError
from bertft.plan.sections import WISHES

OPTIONS: dict[str, type] = {**WISHES, "max_answer": int, "raw_probabilities": bool}
"""What can be asked of rows, with types."""
COLUMNS, READING = ("text", "text_pair"), ("no_header", "encoding", "delimiter")
"""What can be said of a file besides."""
OF_A_FILE = (*OPTIONS, *COLUMNS, *READING)


def check_known(options: Mapping[str, Any], known: Collection[str]) -> None:
    if unknown := [name for name in options if name not in known]:
        raise UsageError(f"Unknown option '{unknown[0][:100]}'. Wanted: {', '.join(known)}.")


def reading_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of [data]."""
    found = {name: said[name] for name in READING if name in said}
    no_header = found.pop("no_header", False)
    if not isinstance(no_header, bool):
        raise UsageError(f"no_header is {no_header!r}, wanted true or false.")
    return {**found, "header": False} if no_header else found
