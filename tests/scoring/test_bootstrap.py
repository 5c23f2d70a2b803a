"""Intervals. The oracle draws the same rows one resample at a time and asks scikit-learn and scipy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from bertft.kinds import PROBLEMS
from bertft.scoring import bootstrap, multi_label, score_multi_label, score_regression, score_single_label
from bertft.scoring.bootstrap import SEED

FEW = 200


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow way takes a second for 1,000 resamples."""
    monkeypatch.setattr(bootstrap, "RESAMPLES", FEW)


def rows_drawn(rows: int) -> list[np.ndarray]:
    """The rows of every resample, drawn as the bootstrap draws them."""
    rng = np.random.default_rng(SEED)
    return [np.sort(rng.integers(0, rows, rows)) for _ in range(FEW)]


def middle(values: list[float]) -> list[float]:
    return np.nanpercentile(values, [2.5, 97.5]).tolist()


ROWS = 60
RNG = np.random.default_rng(5)
GOLD_NUMBERS = RNG.integers(0, 5, ROWS).astype(float)
NUMBERS = np.round(GOLD_NUMBERS + RNG.normal(size=ROWS), 1)
PROBABILITIES = RNG.random((ROWS, 4)).round(2)
GOLD = (RNG.random((ROWS, 4)) < PROBABILITIES).astype(int)
LABELS = ["a", "b", "c", "d"]

NUMBER_ORACLES = {
    "pearson": lambda gold, guess: stats.pearsonr(gold, guess).statistic,
    "spearman": lambda gold, guess: stats.spearmanr(gold, guess).statistic,
    "mse": oracle.mean_squared_error,
    "rmse": oracle.root_mean_squared_error,
    "mae": oracle.mean_absolute_error,
    "r2": oracle.r2_score,
}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("main", PROBLEMS["regression"].metrics)
def test_regression_intervals_equal_the_slow_way(main: str) -> None:
    slow = [NUMBER_ORACLES[main](GOLD_NUMBERS[rows], NUMBERS[rows]) for rows in rows_drawn(ROWS)]
    assert score_regression(GOLD_NUMBERS, NUMBERS, main=main).interval == pytest.approx(middle(slow))


MULTI_ORACLES = {
    "f1_micro": lambda gold, p: oracle.f1_score(gold, p >= 0.5, average="micro"),
    "precision_weighted": lambda gold, p: oracle.precision_score(gold, p >= 0.5, average="weighted"),
    "recall_macro": lambda gold, p: oracle.recall_score(gold, p >= 0.5, average="macro"),
    "f1_samples": lambda gold, p: oracle.f1_score(gold, p >= 0.5, average="samples", zero_division=0),
    "subset_accuracy": lambda gold, p: oracle.accuracy_score(gold, p >= 0.5),
    "hamming_loss": lambda gold, p: oracle.hamming_loss(gold, p >= 0.5),
    "roc_auc": oracle.roc_auc_score,
    "average_precision": oracle.average_precision_score,
}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("main", MULTI_ORACLES)
def test_multi_label_intervals_equal_the_slow_way(main: str) -> None:
    slow = [MULTI_ORACLES[main](GOLD[rows], PROBABILITIES[rows]) for rows in rows_drawn(ROWS)]
    ours = score_multi_label(GOLD, PROBABILITIES, LABELS, thresholds=[0.5] * 4, main=main).interval
    assert ours == pytest.approx(middle(slow))


@pytest.mark.usefixtures("few")
def test_labels_that_a_resample_leaves_empty_count_as_0_in_a_macro_mean() -> None:
    gold, probabilities = GOLD[:, :2] * [[1, 0]], PROBABILITIES[:, :2] * [[1, 0]]
    slow = [
        oracle.f1_score(gold[rows], probabilities[rows] >= 0.5, average="macro", zero_division=0)
        for rows in rows_drawn(ROWS)
    ]
    ours = score_multi_label(gold, probabilities, LABELS[:2], thresholds=[0.5] * 2, main="f1_macro").interval
    assert ours == pytest.approx(middle(slow))


@pytest.mark.usefixtures("few")
def test_roc_auc_intervals_of_one_label_equal_the_slow_way() -> None:
    gold, probabilities = GOLD[:, 0], np.stack([1 - PROBABILITIES[:, 0], PROBABILITIES[:, 0]], axis=1)
    slow = [oracle.roc_auc_score(gold[rows], probabilities[rows, 1]) for rows in rows_drawn(ROWS)]
    ours = score_single_label(gold, probabilities, ["no", "yes"], main="roc_auc").interval
    assert ours == pytest.approx(middle(slow))


SINGLE_ORACLES = {
    "accuracy": oracle.accuracy_score,
    "mcc": oracle.matthews_corrcoef,
    "f1_micro": lambda g, p: oracle.f1_score(g, p, average="micro", labels=known(g, p)),
    "f1_macro": lambda g, p: oracle.f1_score(g, p, average="macro", labels=known(g, p)),
    "precision_weighted": lambda g, p: oracle.precision_score(g, p, average="weighted", labels=known(g, p)),
}


def known(gold: np.ndarray, predicted: np.ndarray) -> list[int]:
    return sorted({*gold.tolist(), *predicted.tolist()} - {-1})


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("main", SINGLE_ORACLES)
@pytest.mark.parametrize("unknown", [0, 3])
def test_single_label_intervals_equal_the_slow_way(main: str, unknown: int) -> None:
    predicted = PROBABILITIES.argmax(1)
    gold = np.where(RNG.random(ROWS) < 0.6, predicted, 0)
    gold[:unknown] = -1
    kinds, counts = np.unique(np.stack([np.where(gold < 0, 4, gold), predicted]), axis=1, return_counts=True)
    draws = np.random.default_rng(SEED).multinomial(ROWS, counts / ROWS, FEW)
    drawn = [np.repeat(kinds, draw, axis=1) for draw in draws]
    with warnings.catch_warnings(action="ignore"):
        slow = [SINGLE_ORACLES[main](np.where(gold == 4, -1, gold), predicted) for gold, predicted in drawn]
    assert score_single_label(gold, PROBABILITIES, LABELS, main=main).interval == pytest.approx(middle(slow))


def test_drawing_counts_is_the_same_as_drawing_rows() -> None:
    right = np.arange(300) < 240
    by_rows = bootstrap.interval_by_rows(300, lambda weights: weights @ right / 300)
    by_counts = bootstrap.interval_by_counts(np.array([240.0, 60.0]), lambda draws: draws[:, 0] / 300)
    assert by_rows == pytest.approx(by_counts, abs=0.01)


@pytest.mark.parametrize("main", PROBLEMS["single-label"].metrics)
def test_the_interval_covers_the_point(main: str) -> None:
    probabilities = np.stack([1 - PROBABILITIES[:, 0], PROBABILITIES[:, 0]], axis=1)
    scores = score_single_label(GOLD[:, 0], probabilities, ["no", "yes"], main=main)
    low, high = scores.interval
    assert low < scores.main_value < high


def test_the_interval_of_an_accuracy_covers_the_truth_95_times_in_100() -> None:
    rng, truth, covered = np.random.default_rng(3), 0.8, 0
    for _ in range(400):
        right = float(rng.binomial(200, truth))
        low, high = bootstrap.interval_by_counts(np.array([right, 200 - right]), lambda draws: draws[:, 0] / 200)
        covered += low <= truth <= high
    assert covered / 400 == pytest.approx(0.95, abs=0.03)


def test_the_same_predictions_give_the_same_interval() -> None:
    once, again = (score_regression(GOLD_NUMBERS, NUMBERS).interval for _ in range(2))
    assert once == again


def test_blocks_do_not_change_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = score_regression(GOLD_NUMBERS, NUMBERS).interval
    monkeypatch.setattr(bootstrap, "BLOCK", 7 * ROWS)
    assert score_regression(GOLD_NUMBERS, NUMBERS).interval == pytest.approx(whole)


def test_an_interval_that_would_take_too_long_is_left_out() -> None:
    def never(weights: np.ndarray) -> np.ndarray:
        raise AssertionError("must not be asked")

    assert bootstrap.interval_by_rows(100_000, never, passes=100) is None
    assert bootstrap.interval_by_rows(1, never) is None


def test_a_metric_that_most_resamples_leave_undefined_has_no_interval() -> None:
    gold = np.zeros((40, 1), dtype=int)
    gold[0] = 1  # drawn in 63 % of the resamples
    case = multi_label.case_of(gold, np.linspace(0, 1, 40)[:, None], [0.5], 1)
    assert multi_label.interval("roc_auc", case) is not None
    assert bootstrap.percentiles([np.array([np.nan, np.nan, 1.0])]) is None
