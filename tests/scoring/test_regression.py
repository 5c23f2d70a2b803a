"""A number per row. The oracles are scipy and scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from bertft.errors import InternalError
from bertft.scoring import score_regression


def test_every_metric_agrees_with_scipy_and_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(0, 6, 200) / 1.0  # ties
    guess = gold + rng.normal(size=200)
    values = score_regression(gold, guess).values
    assert values == pytest.approx(
        {
            "pearson": stats.pearsonr(gold, guess).statistic,
            "spearman": stats.spearmanr(gold, guess).statistic,
            "mse": oracle.mean_squared_error(gold, guess),
            "rmse": oracle.root_mean_squared_error(gold, guess),
            "mae": oracle.mean_absolute_error(gold, guess),
            "r2": oracle.r2_score(gold, guess),
        }
    )


def test_a_constant_prediction_has_no_correlation_but_has_errors() -> None:
    scores = score_regression([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
    assert set(scores.values) == {"mse", "rmse", "mae", "r2"}
    assert "spearman is left out: every prediction is 2." in scores.notes
    assert scores.main_value == -math.inf
    assert scores.interval is None


def test_constant_gold_has_neither_correlation_nor_r2() -> None:
    scores = score_regression([2.0, 2.0], [1.0, 2.0])
    assert set(scores.values) == {"mse", "rmse", "mae"}
    assert "r2 is left out: every gold number is 2." in scores.notes


def test_numbers_that_are_not_finite_leave_nothing_to_measure() -> None:
    scores = score_regression([1.0, 2.0], [math.nan, 1.0], main="mse")
    assert scores.values == {}
    assert scores.main_value == math.inf
    assert "mse is left out: some numbers are not finite." in scores.notes


def test_only_what_is_asked_for_is_measured() -> None:
    scores = score_regression([1.0, 2.0, 4.0], [1.0, 2.5, 3.0], main="pearsonr", metrics=["pearson", "spearmanr"])
    assert list(scores.values) == ["pearson", "spearman"]
    assert scores.main == "pearson"


def test_arrays_that_do_not_fit_are_our_own_mistake() -> None:
    with pytest.raises(InternalError):
        score_regression([1.0], [1.0, 2.0])
    assert score_regression([], []).values == {}
