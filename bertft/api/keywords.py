"""What the functions of the Python door share: their keywords, and rows in the place of files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bertft.plan.keywords import keywords_of
from bertft.plan.sections import MEMORY, READS_LABELLED, DataPlan, MachinePlan

if TYPE_CHECKING:
    from bertft.reading import Table

COLUMNS: dict[str, tuple[str, Any]] = {
    **{name: (name, str) for name in ("text_pair", "separator")},
    **{name: (name, tuple[str, ...]) for name in ("text", "label", "label_names")},
}
"""Keywords of columns, with their types."""


def table_name(data: Any, split: str, tables: dict[str, Table]) -> str:
    """The name of a file, or the one that rows get; those are put into `tables`."""
    if isinstance(data, str | os.PathLike):
        return str(data)
    from bertft.reading.memory import table_of_rows

    name = f"{MEMORY}{split}"
    tables[name] = table_of_rows(data, name)
    return name


def roles(*names: str) -> dict[str, tuple[str, Any]]:
    return {name: COLUMNS[name] for name in names}


def of_labelled() -> dict[str, tuple[str, Any]]:
    """Keywords of what reads a labelled file."""
    reading = keywords_of(DataPlan, only=(*READS_LABELLED, "fix_answers"))
    return {**roles("text", "text_pair", "label"), **reading, **keywords_of(MachinePlan)}


def columns_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {role: settings[role] for role in COLUMNS if settings.get(role)}
