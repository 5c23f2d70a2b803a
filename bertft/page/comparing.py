"""What `compare` found, as a page of its own."""

from __future__ import annotations

from collections.abc import Sequence

from bertft.markup import Html, Part, element, joined
from bertft.page.blocks import foreign, listed, more, paragraph, remark, table
from bertft.page.skeleton import Section, write_page
from bertft.report.compared import ChangedRow, Changes, Compared
from bertft.report.comparing import cost_table, notes_on_tests, score_table
from bertft.wording import counted


def page_of(compared: Compared) -> str:
    """The sentences first, then what they rest on. It names no folder of this machine."""
    compared = compared.without_folders
    lead = joined([paragraph(foreign(sentence)) for sentence in compared.sentences])
    sections = [_scores(compared), _cost(compared), *_changes(compared)]
    return write_page(f"{len(compared.runs)} runs on {compared.data}", lead, sections)


def _scores(compared: Compared) -> Section:
    notes = listed([foreign(note) for note in [*compared.notes, *notes_on_tests(compared)]])
    columns, rows = score_table(compared)
    return Section("Scores", joined([table(columns, _foreign(rows), caption=counted(compared.rows, "row")), notes]))


def _cost(compared: Compared) -> Section:
    columns, rows = cost_table(compared)
    said = f"Rows per second were measured on: {compared.machine}. Training times are those that the runs noted."
    return Section("Size, speed and cost", joined([table(columns, _foreign(rows)), remark(foreign(said))]))


def _changes(compared: Compared) -> Sequence[Section]:
    first = compared.runs[0].name
    later = list(zip(compared.runs[1:], compared.changes, strict=True))
    titles = ["Rows that changed"] if len(later) == 1 else [f"From {first} to {run.name}" for run, _ in later]
    return [
        Section(title, _of_run(changes, first, run.name)) for title, (run, changes) in zip(titles, later, strict=True)
    ]


def _of_run(changes: Changes, first: str, other: str) -> Html:
    return joined(
        [
            more(
                f"{counted(count, 'row')} {changes.means(kind, first, other)}",
                _rows(changes.examples[kind], first, other),
            )
            for kind, count in changes.counts.items()
        ]
    )


def _rows(rows: Sequence[ChangedRow], first: str, other: str) -> Part:
    if not rows:
        return element("p", "None is shown.")
    cells = [[row.row, row.text, row.gold, row.one, row.other] for row in rows]
    return table(["row", "text", "label", first, other], _foreign(cells), text_columns=5)


def _foreign(rows: Sequence[Sequence[str]]) -> list[list[Part]]:
    return [[foreign(cell) for cell in row] for row in rows]
