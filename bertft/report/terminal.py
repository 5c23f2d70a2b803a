"""Scores for people: a table, the classes, and what was taken for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bertft import console
from bertft.report.figures import interval_text
from bertft.report.series import series_remarks, series_table, series_title
from bertft.runs.series import Series
from bertft.scoring import Comparison, Confusion, Coverage, Scores
from bertft.wording import counted

WIDEST_CONFUSION = 12
"""Labels; with more of them the commonest mistakes are listed instead."""

MOST_MISTAKES = MOST_LABELS = 10
MOST_METRICS = 8
"""That are shown unless all are wanted."""


def show_scores(scores: Scores, *, title: str, record: str, full: bool = False) -> None:
    """The main metric with its interval first, then the others, the worst labels and the commonest mistakes; or, if `full`, all
    there is. `record`: the file that has it all."""
    metrics = dict(scores.values) if full else _short(scores)
    labels = scores.per_class if full else _worst(scores.per_class)
    console.table(
        f"{title}: {counted(scores.examples, 'row')}",
        ["metric", "value", "95 % interval"],
        _metric_rows(scores, metrics),
    )
    if labels:
        cut = (
            f"The worst {len(labels)} of {len(scores.per_class):,} labels"
            if len(labels) < len(scores.per_class)
            else ""
        )
        support = "entities" if scores.errors else "rows"
        console.table(cut, ["label", "precision", "recall", "f1", support], _class_rows(labels))
    if scores.confusion:
        _show_confusion(scores.confusion)
    if scores.errors:
        _show_errors(scores.errors)
    for note in scores.notes:
        console.result(note)
    _show_rest(len(scores.values) - len(metrics), len(scores.per_class) - len(labels), record)


def _short(scores: Scores) -> dict[str, float]:
    """The metrics that tell most: each once, and of the averages over labels the one that no common label rules."""
    names = [name for name in scores.distinct if name == scores.main or not name.endswith("_weighted")]
    return {name: scores.values[name] for name in names[:MOST_METRICS]}


def _worst(per_class: Mapping[str, Mapping[str, float]]) -> Mapping[str, Mapping[str, float]]:
    """All labels where they are few; else those with the lowest F1 that have rows, and among these the most frequent."""
    if len(per_class) <= MOST_LABELS:
        return per_class
    columns = per_class.items()
    worst = sorted(columns, key=lambda item: (not item[1]["support"], item[1]["f1"], -item[1]["support"]))
    return dict(worst[:MOST_LABELS])


def _show_rest(metrics: int, labels: int, record: str) -> None:
    """Where what is not shown can be read."""
    rest = [counted(count, noun) for count, noun in ((metrics, "metric"), (labels, "label")) if count]
    if rest:
        console.result(f"Not shown: {' and '.join(rest)} (--full, or {record}).")


def show_series(series: Series) -> None:
    """The runs that a training was done in, and how far their scores lie apart."""
    console.table(series_title(series), *series_table(series))
    for remark in series_remarks(series):
        console.result(remark)


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


def tell_comparison(comparison: Comparison, advice: str, *, learns: bool = True) -> None:
    """How the model stands to what needs no training, and what would make it better; a warning if it has not learned. `learns`:
    whether it was to learn from the texts at all."""
    say = console.warn if learns and comparison.is_warning else console.note
    say(comparison.summary)
    if advice:
        console.warn(advice)


def _metric_rows(scores: Scores, metrics: Mapping[str, float]) -> list[list[str]]:
    names = sorted(metrics, key=lambda name: name != scores.main)  # stable: the others keep their order
    return [[name, f"{metrics[name]:.4f}", interval_text(scores) if name == scores.main else ""] for name in names]


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
