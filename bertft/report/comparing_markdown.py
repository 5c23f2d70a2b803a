"""What `compare` found, as a Markdown document. Names and texts are shown as they are, and do nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bertft.report.compared import ChangedRow, Compared
from bertft.report.comparing import cost_table, notes_on_tests, score_table
from bertft.report.markdown import code, words
from bertft.wording import counted


def markdown_of(compared: Compared) -> str:
    """The sentences first, then what they rest on. It names no folder of this machine."""
    compared = compared.without_folders
    return "\n\n".join(_parts(compared)) + "\n"


def _parts(compared: Compared) -> Iterator[str]:
    yield f"# {len(compared.runs)} runs on {code(compared.data)}"
    yield from (words(sentence) for sentence in [*compared.sentences, *compared.notes, *notes_on_tests(compared)])
    yield f"## Scores on {counted(compared.rows, 'row')}"
    yield _table(*score_table(compared))
    yield "## Size, speed and cost"
    yield _table(*cost_table(compared))
    yield words(f"Rows per second were measured on: {compared.machine}. Training times are those that the runs noted.")
    first = compared.runs[0].name
    for run, changes in zip(compared.runs[1:], compared.changes, strict=True):
        yield f"## From {code(first)} to {code(run.name)}"
        for kind, count in changes.counts.items():
            yield words(f"{counted(count, 'row')} {changes.means(kind, first, run.name)}")
            if changes.examples[kind]:
                yield _table(["row", "text", "label", first, run.name], [_cells(row) for row in changes.examples[kind]])


def _cells(row: ChangedRow) -> list[str]:
    return [row.row, row.text, row.gold, row.one, row.other]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head, *body = ([words(cell) for cell in line] for line in [columns, *rows])
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(columns), *body])
