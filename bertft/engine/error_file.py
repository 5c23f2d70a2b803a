"""errors.csv of a run folder: the validation rows that went wrong, with where they stand, what they say and what was answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bertft.adapters.mistakes import Mistake
from bertft.engine.examples import Examples
from bertft.reading import Table
from bertft.rows.fields import Fields
from bertft.runs import ERRORS
from bertft.writing import open_writer

COLUMNS = ("row", "gold", "predicted", "confidence")


def write_errors(folder: Path, mistakes: Sequence[Mistake], examples: Examples, table: Table, fields: Fields) -> None:
    """Most confident first; no file where nothing went wrong. `examples` are those that were predicted, `table` their file."""
    path = folder / ERRORS
    if not mistakes:
        path.unlink(missing_ok=True)
        return
    texts = {free_name(name): name for name in (*fields.texts, fields.text_pair) if name}
    with open_writer(str(path), columns=[COLUMNS[0], *texts, *COLUMNS[1:]]) as writer:
        for record in _records(mistakes, examples, table, texts):
            writer.write(record)


def free_name(column: str) -> str:
    """The name of a text's column, which may be one of ours."""
    return f"text_{column}" if column in COLUMNS else column


def _records(
    mistakes: Sequence[Mistake], examples: Examples, table: Table, texts: dict[str, str]
) -> Iterator[dict[str, Any]]:
    for mistake in mistakes:
        row = table[examples.windows[mistake.position][0].row]
        yield {
            "row": row.origin,
            **{shown: row.fields.get(name) for shown, name in texts.items()},
            "gold": mistake.gold,
            "predicted": mistake.predicted,
            "confidence": mistake.confidence,
        }
