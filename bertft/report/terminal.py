"""Scores for people: a table, the classes, and what was taken for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bertft import console
from bertft.scoring import Comparison, Confusion, Coverage, Scores
from bertft.wording import counted

WIDEST_CONFUSION = 12
"""Labels; with more of them the commonest mistakes are listed instead."""

MOST_MISTAKES = 10


def show_scores(scores: Scores, *, title: str) -> None:
    """Everything that was measured, the main metric first."""
    console.table(
        f"{title}: {counted(scores.examples, 'row')}", ["metric", "value", "95 % interval"], _metric_rows(scores)
    )
    if scores.per_class:
        console.table(
            "",
            ["label", "precision", "recall", "f1", "entities" if scores.errors else "rows"],
            _class_rows(scores.per_class),
        )
    if scores.confusion:
        _show_confusion(scores.confusion)
    if scores.errors:
        _show_errors(scores.errors)
    for note in scores.notes:
        console.result(note)


def show_coverage(coverage: Sequence[Coverage]) -> None:
    """What leaving unsure rows without a label costs and gains."""
    rows = [
        [
            f"{one.threshold:g}",
            f"{one.rows:,}",
            f"{one.coverage:.4f}",
            "" if one.accuracy is None else f"{one.accuracy:.4f}",
        ]
        for one in coverage
    ]
    if rows:
        columns = ["--min-probability", "rows with a label", "coverage", "accuracy of these"]
        console.table("Accuracy against coverage", columns, rows, text_columns=0)


def tell_comparison(comparison: Comparison, advice: str) -> None:
    """How the model stands to what needs no training, and what would make it better; a warning if it has not learned."""
    say = console.warn if comparison.is_warning else console.note
    say(comparison.summary)
    if advice:
        console.warn(advice)


def _metric_rows(scores: Scores) -> list[list[str]]:
    names = sorted(scores.values, key=lambda name: name != scores.main)  # stable: the others keep their order
    interval = "{:.4f} to {:.4f}".format(*scores.interval) if scores.interval else ""
    return [[name, f"{scores.values[name]:.4f}", interval if name == scores.main else ""] for name in names]


def _class_rows(per_class: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    return [
        [label, *(f"{row[name]:.3f}" for name in ("precision", "recall", "f1")), f"{row['support']:,.0f}"]
        for label, row in per_class.items()
    ]


def _show_errors(errors: Mapping[str, int]) -> None:
    """What was wrong with the entities that were not right."""
    console.table("Errors", ["kind", "entities"], [[kind, f"{count:,}"] for kind, count in errors.items()])


def _show_confusion(confusion: Confusion) -> None:
    if len(confusion.labels) > WIDEST_CONFUSION:
        _show_mistakes(confusion)
        return
    rows = [
        [label, *(f"{count:,}" if count else "·" for count in counts)]
        for label, counts in zip(confusion.labels, confusion.counts, strict=True)
    ]
    console.table("Rows: true label; columns: predicted", ["", *confusion.labels], rows)


def _show_mistakes(confusion: Confusion) -> None:
    """The commonest confusions of a task with many labels."""
    rows = [[gold, given, f"{count:,}"] for gold, given, count in confusion.mistakes[:MOST_MISTAKES]]
    if rows:
        console.table("Commonest mistakes", ["true label", "predicted", "rows"], rows, text_columns=2)
