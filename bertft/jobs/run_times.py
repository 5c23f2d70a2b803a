"""How long a command took, noted in the run that it used: in run.json, and in the table of its card."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bertft.errors import CheckpointError
from bertft.report.timing_table import timing_table
from bertft.runs import CARD
from bertft.runs.record import add_to_run, read_record
from bertft.system.files import write_text


def note_time(run: str, verb: str, timings: Mapping[str, float], device: str) -> None:
    """Nothing where the run has no record. A card whose table of times was changed by hand stays as it is."""
    folder = Path(run)
    before = _table_of(folder)
    if not add_to_run(folder, "timings", verb, {**timings, "device": device}) or not before:
        return
    after = _table_of(folder)
    with suppress(OSError, UnicodeError):
        card = (folder / CARD).read_text(encoding="utf-8")
        if card.count(before) == 1:
            write_text(folder / CARD, card.replace(before, after))


def _table_of(folder: Path) -> str:
    """As it stands in the card; '' where the record cannot be read."""
    try:
        return timing_table(read_record(folder))
    except (CheckpointError, AttributeError, TypeError, ValueError):
        return ""
