"""What is wrong with a data set, for the terminal and as JSON."""

from __future__ import annotations

from typing import Any

from bertft import console
from bertft.checking.finding import Checked

MOST_LABELS = 20


def as_json(checked: Checked) -> dict[str, Any]:
    """Every finding with its count, examples and advice."""
    return {
        "task": checked.task,
        "why": list(checked.why),
        "rows": dict(checked.rows),
        "labels": {name: dict(labels) for name, labels in checked.labels.items()},
        "findings": [finding.as_dict() for finding in checked.findings],
        "notes": list(checked.notes),
    }


def show_checked(checked: Checked) -> None:
    """Labels first, then what was found, each with examples and what mends it."""
    _show_labels(checked)
    for finding in checked.findings:
        console.result(finding.what)
        for place in finding.examples:
            console.result(f"    {place}")
        console.result(f"  {finding.advice}\n")
    for note in checked.notes:
        console.result(note)
    number = len(checked.findings)
    console.result(f"{number} kinds of findings." if number > 1 else "1 finding." if number else "Nothing was found.")


def _show_labels(checked: Checked) -> None:
    files = list(checked.labels)
    totals = checked.labels[files[0]]
    if not totals:
        return
    names = list(totals)
    shown = names if len(names) <= MOST_LABELS else [*names[: MOST_LABELS // 2], *names[-MOST_LABELS // 2 :]]
    rows = [[name, *(f"{checked.labels[file].get(name, 0):,}" for file in files)] for name in shown]
    title = f"{len(names):,} labels" + (", the commonest and the rarest" if len(shown) < len(names) else "")
    console.table(title, ["label", *files], rows)
