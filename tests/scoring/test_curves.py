"""Curves against scikit-learn's, which sees the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from bertft.scoring.curves import Curve, accuracy_by_coverage, precision_recall, roc


def some(seed: int, *, rows: int = 200, steps: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Gold and scores; few `steps` make many ties."""
    rng = np.random.default_rng(seed)
    gold = rng.random(rows) < 0.3
    return gold, np.round((gold + rng.normal(size=rows)) * steps / 10) / steps


@pytest.mark.parametrize(("seed", "steps"), [(0, 1000), (1, 1000), (2, 5), (3, 1)])
def test_precision_and_recall_are_those_of_scikit_learn(seed: int, steps: int) -> None:
    gold, scores = some(seed, steps=steps)
    found = precision_recall(gold, scores)
    precision, recall, _ = metrics.precision_recall_curve(gold, scores)
    assert found is not None
    assert found.area == pytest.approx(metrics.average_precision_score(gold, scores))
    assert found.x[1:] == pytest.approx(recall[:-1][::-1])
    assert found.y[1:] == pytest.approx(precision[:-1][::-1])


@pytest.mark.parametrize(("seed", "steps"), [(0, 1000), (1, 1000), (2, 5), (3, 1)])
def test_roc_is_that_of_scikit_learn(seed: int, steps: int) -> None:
    gold, scores = some(seed, steps=steps)
    found = roc(gold, scores)
    x, y, _ = metrics.roc_curve(gold, scores, drop_intermediate=False)
    assert found is not None
    assert found.area == pytest.approx(metrics.roc_auc_score(gold, scores))
    assert (found.x, found.y) == (pytest.approx(x), pytest.approx(y))


def test_accuracy_by_coverage_is_that_of_each_threshold() -> None:
    right, scores = some(4, steps=20)
    found = accuracy_by_coverage(right, scores)
    assert found is not None
    wanted = [(np.mean(scores >= cut), right[scores >= cut].mean()) for cut in np.unique(scores)[::-1]]
    assert found.points() == [(pytest.approx(x), pytest.approx(y)) for x, y in wanted]


@pytest.mark.parametrize("curve", [precision_recall, roc, accuracy_by_coverage])
def test_the_order_of_the_rows_does_not_matter(curve: object) -> None:
    gold, scores = some(5, steps=10)
    order = np.random.default_rng(0).permutation(len(gold))
    one, other = curve(gold, scores), curve(gold[order], scores[order])  # type: ignore[operator]
    assert isinstance(one, Curve)
    assert one.points() == other.points()


def test_what_is_undefined_has_no_curve() -> None:
    assert precision_recall([0, 0], [0.1, 0.2]) is None
    assert roc([0, 0], [0.1, 0.2]) is None
    assert roc([1, 1], [0.1, 0.2]) is None
    assert accuracy_by_coverage([], []) is None
    assert roc([0, 1], [0.1, np.nan]) is None
