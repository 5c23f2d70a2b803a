"""How far probabilities can be trusted, and what a threshold costs and gains: curves over all thresholds, the reliability
diagram, accuracy against coverage."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from bertft.markup import Html, joined
from bertft.page.blocks import Plot, figure, paragraph, remark, side_by_side, table
from bertft.page.skeleton import Section
from bertft.plots.dots import BinDot, plot_dots, plot_reliability
from bertft.plots.frame import UNIT, Axis
from bertft.plots.lines import Line, plot_lines
from bertft.rows.surrogates import shown
from bertft.scoring import coverage_at
from bertft.scoring.calibration import Reliability, expected_by_chance, mean_error, reliability
from bertft.scoring.coverage import USUAL
from bertft.scoring.curves import Curve, accuracy_by_coverage, precision_recall, roc
from bertft.scoring.evidence import Evidence, LabelSets, Numbers, OneLabel
from bertft.wording import counted

MOST_LINES = 6
MOST_CELLS = 5_000_000
"""Rows times labels of a reliability diagram of label sets."""
Z = 1.96
FITTED_HERE = " The probabilities were calibrated on these very rows, so expect a larger error on new ones."


def trust_sections(evidence: Evidence | None, *, fitted_here: bool = False) -> Iterator[Section]:
    """Those that the kind of answer allows. `fitted_here`: whether the probabilities were calibrated on these rows."""
    if isinstance(evidence, OneLabel) and len(evidence.gold):
        yield _curves(*_sides_of_one(evidence))
        yield _reliability_of_one(evidence, FITTED_HERE if fitted_here else "")
        yield _coverage(evidence)
    elif isinstance(evidence, LabelSets) and len(evidence.gold):
        yield _curves(*_sides_of_sets(evidence))
        yield _reliability_of_sets(evidence, FITTED_HERE if fitted_here else "")
    elif isinstance(evidence, Numbers) and len(evidence.gold):
        yield _numbers(evidence)


Sides = list[tuple[str, ArrayLike, ArrayLike]]
"""Label, whether each row has it, and its probability in each row."""


def _sides_of_one(evidence: OneLabel) -> tuple[Sides, str]:
    """Rows of unknown gold are left out, as in the scores."""
    known = np.flatnonzero(evidence.gold >= 0)
    gold = evidence.gold[known]
    if len(evidence.labels) == 2:
        second = evidence.probabilities[known, 1]
        return [(evidence.labels[1], gold == 1, second)], f"Of the label {shown(evidence.labels[1])}."
    chosen = _most_frequent(np.bincount(gold, minlength=len(evidence.labels)))
    sides: Sides = [(evidence.labels[k], gold == k, evidence.probabilities[known, k]) for k in chosen]
    return sides, _which(len(chosen), len(evidence.labels))


def _sides_of_sets(evidence: LabelSets) -> tuple[Sides, str]:
    chosen = _most_frequent(evidence.gold.sum(0))
    sides: Sides = [(evidence.labels[k], evidence.gold[:, k], evidence.probabilities[:, k]) for k in chosen]
    return sides, _which(len(chosen), len(evidence.labels))


def _most_frequent(rows: ArrayLike) -> list[int]:
    order = np.argsort(-np.asarray(rows), kind="stable")[:MOST_LINES]
    return [int(k) for k in order]


def _which(drawn: int, labels: int) -> str:
    which = "Each label" if drawn == labels else f"The {drawn} most frequent of {labels:,} labels, each"
    return f"{which} against all others."


def _curves(sides: Sides, which: str) -> Section:
    plots = [
        *_curve_plot(
            "precision-recall",
            "Precision by recall",
            sides,
            precision_recall,
            ("recall", "precision", "average precision"),
        ),
        *_curve_plot("roc", "ROC curve", sides, roc, ("false positive rate", "recall", "area")),
    ]
    body = joined([remark(which), side_by_side(*map(figure, plots))]) if plots else joined([])
    return Section("Curves over all thresholds", body, tuple(plots))


def _curve_plot(
    name: str,
    title: str,
    sides: Sides,
    curve: Callable[[ArrayLike, ArrayLike], Curve | None],
    words: tuple[str, str, str],
) -> Iterator[Plot]:
    x, y, area = words
    found = [(label, drawn) for label, gold, scores in sides if (drawn := curve(gold, scores)) is not None]
    if found:
        lines = [Line(f"{shown(label, 40)} ({drawn.area:.3f})", drawn.points()) for label, drawn in found]
        ideal = ((0.0, 0.0), (1.0, 1.0)) if name == "roc" else None
        drawing = plot_lines(title, lines, Axis(x, *UNIT), Axis(y, *UNIT), ideal=ideal)
        one = f"; {area} {found[0][1].area:.4f}" if len(found) == 1 else f"; {area} in brackets"
        yield Plot(name, drawing, f"{title}{one}.")


def _reliability_of_one(evidence: OneLabel, more: str) -> Section:
    found = reliability(evidence.right, evidence.best)
    chance = expected_by_chance(evidence.best) if found else 0.0
    what = "probability of the predicted label", "share that was right"
    return _reliability(found, chance, what, more)


def _reliability_of_sets(evidence: LabelSets, more: str) -> Section:
    if evidence.gold.size > MOST_CELLS:
        rows, labels = evidence.gold.shape
        return Section(
            "Probabilities", remark(f"No reliability diagram: {rows:,} rows of {labels:,} labels are too many for it.")
        )
    sides = zip(evidence.labels, evidence.gold.T, evidence.probabilities.T, strict=True)
    parts = {label: found for label, gold, given in sides if (found := reliability(gold, given)) is not None}
    mean = mean_error(parts)
    said = f" Label by label it is {mean:.4f} on average." if mean is not None else ""
    flat = evidence.probabilities.ravel()
    found = reliability(evidence.gold.ravel(), flat)
    what = "probability of a label", "share of the rows that have it"
    return _reliability(found, expected_by_chance(flat) if found else 0.0, what, said + more)


def _reliability(found: Reliability | None, chance: float, what: tuple[str, str], more: str) -> Section:
    if found is None:
        return Section("Probabilities", joined([]))
    bins = [BinDot(one.probability, one.accuracy, *wilson(one.accuracy, one.rows), one.rows) for one in found.bins]
    title = "Reliability diagram"
    caption = (
        f"{title}: dots below the line are surer than they should be. A dot is a bin of rows, with its 95 % interval."
    )
    plot = Plot("reliability", plot_reliability(title, bins, x=what[0], y=what[1]), caption)
    bins_said = counted(len(bins), "bin")
    chance_said = f"perfect probabilities would show {chance:.4f} on as many rows by chance"
    said = f"Expected calibration error {found.error:.4f} over {bins_said}; {chance_said}.{more}"
    return Section("Probabilities", joined([paragraph(said), figure(plot)]), (plot,))


def wilson(share: float, rows: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    middle, room = share + Z * Z / (2 * rows), Z * math.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows))
    size = 1 + Z * Z / rows
    return max(0.0, (middle - room) / size), min(1.0, (middle + room) / size)


def _coverage(evidence: OneLabel) -> Section:
    title = "Accuracy by coverage"
    curve = accuracy_by_coverage(evidence.right, evidence.best)
    if curve is None:
        return Section(title, joined([]))
    x, y = Axis("share of the rows that are answered", *UNIT), Axis.around("accuracy of these", curve.y.tolist())
    drawing = plot_lines(title, [Line("accuracy", curve.points())], x, y)
    plot = Plot("coverage", drawing, f"{title}: what leaving the least sure rows without an answer gains.")
    return Section(title, side_by_side(figure(plot), _coverage_table(evidence)), (plot,))


def _coverage_table(evidence: OneLabel) -> Html:
    rows = [
        [
            f"{one.threshold:g}",
            f"{one.rows:,}",
            f"{one.coverage:.3f}",
            "" if one.accuracy is None else f"{one.accuracy:.4f}",
        ]
        for one in coverage_at(evidence.gold, evidence.probabilities, USUAL)
    ]
    return table(["--min-probability", "rows answered", "share", "accuracy"], rows, text_columns=0)


def _numbers(evidence: Numbers) -> Section:
    title = "Predicted by gold"
    points = list(zip(evidence.gold.tolist(), evidence.predicted.tolist(), strict=True))
    plot = Plot("predicted", plot_dots(title, points, "gold", "predicted"), f"{title}: dots on the line are exact.")
    return Section("Numbers", figure(plot), (plot,))
