"""Accuracy against coverage agrees with scikit-learn on the rows that are left."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from bertft.scoring import coverage_at


@pytest.mark.parametrize("seed", range(5))
def test_each_threshold_agrees_with_scoring_the_rows_that_reach_it(seed: int) -> None:
    chance = np.random.default_rng(seed)
    probabilities = chance.dirichlet(np.ones(4), size=50)
    gold = chance.integers(-1, 4, size=50)
    for one in coverage_at(gold, probabilities, (0.0, 0.9, 0.4, 0.5, 0.4)):
        kept = probabilities.max(1) >= one.threshold
        assert one.rows == kept.sum()
        assert one.coverage == kept.mean()
        assert one.probability == (pytest.approx(probabilities[kept].max(1).mean()) if kept.any() else None)
        assert one.accuracy == (accuracy_score(gold[kept], probabilities[kept].argmax(1)) if kept.any() else None)


def test_a_threshold_that_no_row_reaches_has_no_accuracy() -> None:
    (one,) = coverage_at([0, 1], [[0.6, 0.4], [0.5, 0.5]], (0.99,))
    assert (one.rows, one.coverage, one.accuracy, one.probability) == (0, 0.0, None, None)


def test_a_probability_at_the_threshold_reaches_it() -> None:
    (one,) = coverage_at([0, 1], [[0.6, 0.4], [0.5, 0.5]], (0.6,))
    assert (one.rows, one.accuracy) == (1, 1.0)
