"""Labels one by one: what was taken for what, and precision, recall and F1 of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from bertft.markup import Html, Part, joined
from bertft.page.blocks import Plot, figure, foreign, more, remark, table
from bertft.page.skeleton import Section
from bertft.plots.matrix import plot_matrix
from bertft.rows.surrogates import shown
from bertft.scoring import Confusion, Scores

WIDEST = 15
"""Labels of a confusion matrix; of more, those with the most mistakes."""
MOST_OPEN, MOST_IN_ALL, LONGEST = 20, 1_000, 80
"""Labels of the table that are shown at once, and after a click; characters of a name."""

CHOSEN_HERE = "The thresholds were chosen on these very rows, so expect slightly lower scores on new ones."

Row = Mapping[str, float]


def classes_section(scores: Scores, *, chosen_here: bool = False) -> Section:
    """Empty where no label has numbers of its own. `chosen_here`: whether thresholds, if there are any, fit these rows."""
    plots = (_matrix(scores.confusion),) if scores.confusion and scores.confusion.cells else ()
    has_thresholds = any("threshold" in row for row in scores.per_class.values())
    chosen = remark(CHOSEN_HERE) if chosen_here and has_thresholds else None
    body = joined([*map(figure, plots), per_class_table(scores) if scores.per_class else None, chosen])
    return Section("Labels", body, plots)


def _matrix(confusion: Confusion) -> Plot:
    chosen = most_mistaken(confusion, WIDEST)
    is_whole = len(chosen) == len(confusion.labels)
    title = "Gold labels (rows) and predicted labels (columns)"
    names = [confusion.labels[position] for position in chosen]
    drawing = plot_matrix(title, names, counts_of(confusion, chosen))
    part = "" if is_whole else f" Of {len(confusion.labels):,} labels the {len(chosen)} with the most mistakes."
    unknown = sum(confusion.unknown)
    left_out = f" {unknown:,} rows whose gold label the model does not know are left out." if unknown else ""
    return Plot("confusion", drawing, f"{title}; colours are shares of a row.{part}{left_out}")


def most_mistaken(confusion: Confusion, most: int) -> list[int]:
    """Positions of the labels with the most mistakes, as gold or predicted label, in their own order; all where they are few."""
    if len(confusion.labels) <= most:
        return list(range(len(confusion.labels)))
    mistakes: Counter[int] = Counter()
    for gold, predicted, rows in confusion.cells:
        if gold != predicted:
            mistakes[gold] += rows
            mistakes[predicted] += rows
    ranked = sorted(range(len(confusion.labels)), key=lambda position: (-mistakes[position], position))
    return sorted(ranked[:most])


def counts_of(confusion: Confusion, chosen: Sequence[int]) -> list[list[int]]:
    """Of the chosen gold labels: a column for each chosen predicted label, and one for all others unless all are chosen."""
    place = {position: number for number, position in enumerate(chosen)}
    columns = len(chosen) + (len(chosen) < len(confusion.labels))
    counts = [[0] * columns for _ in chosen]
    for gold, predicted, rows in confusion.cells:
        if gold in place:
            counts[place[gold]][place.get(predicted, columns - 1)] += rows
    return counts


def per_class_table(scores: Scores) -> Html:
    """The lowest F1 first where labels are many; else in their own order."""
    named, unit = list(scores.per_class.items()), "entities" if scores.errors else "rows"
    extra = ["threshold"] if all("threshold" in row for _, row in named) else []
    header = ["label", "precision", "recall", "F1", unit, *extra]
    if len(named) <= MOST_OPEN:
        return table(header, _lines(named, extra))
    worst = sorted(named, key=lambda item: (not item[1]["support"], item[1]["f1"], -item[1]["support"]))
    open_part = table(
        header, _lines(worst[:MOST_OPEN], extra), caption=f"The worst {MOST_OPEN} of {len(named):,} labels"
    )
    rest = table(header, _lines(worst[MOST_OPEN:MOST_IN_ALL], extra))
    left_out = len(named) - MOST_IN_ALL
    said = (
        remark(f"{left_out:,} labels with better scores, or without rows, are not on this page.")
        if left_out > 0
        else None
    )
    return joined([open_part, more(f"The next {min(len(named), MOST_IN_ALL) - MOST_OPEN:,} labels", rest), said])


def _lines(named: Sequence[tuple[str, Row]], extra: Sequence[str]) -> list[list[Part]]:
    return [_line(label, row, extra) for label, row in named]


def _line(label: str, row: Row, extra: Sequence[str]) -> list[Part]:
    shares = [f"{row[name]:.3f}" for name in ("precision", "recall", "f1")]
    return [foreign(shown(label, LONGEST)), *shares, f"{row['support']:,.0f}", *(f"{row[name]:.3f}" for name in extra)]
