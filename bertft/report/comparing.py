"""What `compare` found, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from bertft import console
from bertft.report.compared import ChangedRow, Changes, Compared, ComparedRun
from bertft.report.figures import interval_text, value_text
from bertft.report.markdown import one_line
from bertft.wording import counted, duration

MOST_METRICS = 3
"""Beside the main one."""

WIDTH = 92
"""Characters of a line that shows a row, beside its indentation."""


def show_compared(compared: Compared) -> None:
    """Scores, size and speed, which rows changed, and at the end what it comes to."""
    console.table(f"{compared.data}: {counted(compared.rows, 'row')}", *score_table(compared))
    console.table(f"Size, speed and cost ({compared.machine})", *cost_table(compared))
    first = compared.runs[0].name
    for run, changes in zip(compared.runs[1:], compared.changes, strict=True):
        _show_changes(changes, first, run.name)
    for note in [*compared.notes, *notes_on_tests(compared)]:
        console.result(note)
    for sentence in compared.sentences:
        console.result(sentence)


def score_table(compared: Compared) -> tuple[list[str], list[list[str]]]:
    """Columns and rows: a run in each."""
    others = _other_metrics(compared)
    rows = [
        [
            run.name,
            value_text(run.scores, compared.metric),
            interval_text(run.scores),
            *(value_text(run.scores, name) for name in others),
        ]
        for run in compared.runs
    ]
    return ["run", compared.metric, "95 % interval", *others], rows


def _other_metrics(compared: Compared) -> list[str]:
    """Those that tell something of their own in all runs."""
    shared = [set(run.scores.values) for run in compared.runs]
    names = [name for name in compared.runs[0].scores.distinct if all(name in values for values in shared)]
    return [name for name in names if name != compared.metric and not name.endswith("_weighted")][:MOST_METRICS]


def cost_table(compared: Compared) -> tuple[list[str], list[list[str]]]:
    """Columns and rows: a run in each."""
    return ["run", "parameters", "MB", "rows/s", "training"], [_cost(run) for run in compared.runs]


def _cost(run: ComparedRun) -> list[str]:
    training = "unknown" if run.training_seconds is None else duration(run.training_seconds)
    size = f"{run.megabytes:,.1f}" if run.megabytes >= 1 else f"{run.megabytes:.3f}"
    return [run.name, f"{run.parameters:,}", size, f"{run.rows_per_second:,.0f}", training]


def _show_changes(changes: Changes, one: str, other: str) -> None:
    for kind, count in changes.counts.items():
        console.result(f"{counted(count, 'row')} {changes.means(kind, one, other)}")
        for row in changes.examples[kind]:
            console.result(f"    {one_line(row.row)}  {_shortened(one_line(row.text), WIDTH - len(row.row))}")
            for line in _answers(row, one, other):
                console.result(f"        {one_line(line)}")
    console.result("")


def _answers(row: ChangedRow, one: str, other: str) -> list[str]:
    """In one line where there is room, else in a line each."""
    said = [f"{name}: {answer or 'none'}" for name, answer in (("label", row.gold), (one, row.one), (other, row.other))]
    return [line] if len(line := "; ".join(said)) < WIDTH else said


def _shortened(text: str, most: int) -> str:
    most = max(most, 40)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def notes_on_tests(compared: Compared) -> Sequence[str]:
    """How the differences were tested."""
    said = []
    if len(compared.runs) > 2:
        said.append(f"Each run is held against the first, {compared.runs[0].name}.")
    for run, found in zip(compared.runs[1:], compared.differences, strict=True):
        if (tested := found.mcnemar) is not None:
            first = f"only {compared.runs[0].name} is right in {counted(tested.one_only, 'row')}"
            values = f"p = {tested.exact_p:.2g} exact, {tested.mid_p:.2g} mid-p"
            alone = ", not corrected" if found.comparisons > 1 else ""
            said.append(
                f"McNemar's test of accuracy: {first}, only {run.name} in {tested.other_only:,}; {values}{alone}."
            )
    return said
