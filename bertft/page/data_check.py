"""What `check` finds in the files that a run learned from, or why it could not look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bertft.checking.finding import Checked, Finding
from bertft.markup import Html, joined
from bertft.page.blocks import foreign, listed, paragraph, remark, table
from bertft.page.skeleton import Section
from bertft.report.model_card import file_name
from bertft.rows.surrogates import shown

TITLE = "Data check"
_FOLDERS = re.compile(r"(?<![^\s'\"(:])~?/(?:[^/\s'\"]+/)+")
"""Before the name of a file, in a sentence."""
LONGEST = 160


def check_section(checked: Checked, sample: int | None) -> Section:
    """Each finding with its examples and what mends it. `sample`: so many rows of the training file the run took."""
    folders = [name.removesuffix(Path(name).name) for name in checked.rows if Path(name).name != name]
    rows = table(["file", "rows"], [[foreign(file_name(name)), f"{count:,}"] for name, count in checked.rows.items()])
    found = [_finding(finding, folders) for finding in checked.findings]
    of_all = remark(f"This is about whole files; the run took a sample of {sample:,} rows.") if sample else None
    nothing = None if found else paragraph("Nothing was found.")
    return Section(
        TITLE,
        joined([rows, of_all, *found, nothing, *(remark(foreign(_without(folders, note))) for note in checked.notes)]),
    )


def unchecked_section(why: str) -> Section:
    """Where the files are gone or cannot be read."""
    return Section(
        TITLE, paragraph("The files that the run learned from were not checked: ", foreign(_FOLDERS.sub("", why)))
    )


def _finding(finding: Finding, folders: Sequence[str]) -> Html:
    places = [foreign(shown(_without(folders, str(place)), LONGEST)) for place in finding.examples]
    return joined([paragraph(finding.what), listed(places), remark(finding.advice)])


def _without(folders: Sequence[str], text: str) -> str:
    """Where the files lie is nobody's business."""
    for folder in folders:
        text = text.replace(folder, "")
    return text
