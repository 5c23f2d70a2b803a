"""Paired tests against scipy's permutation test, exact and by chance, and against tests by brute force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, norm, permutation_test, rankdata, zscore
from sklearn.metrics import matthews_corrcoef

from bertft.scoring.paired import McNemar, RowSums, difference_interval, holm, randomisation_p
from bertft.scoring.row_sums import (
    answer_sums,
    multi_label_sums,
    regression_sums,
    single_label_sums,
    tag_sums,
)
from bertft.scoring.scores import Scores

rng = np.random.default_rng(5)


def by_scipy(metric: Callable[[Any], float], one: Any, other: Any, *, resamples: float = np.inf) -> float:
    """Two-sided p of scipy for rows (N,) of two systems; `metric` is one of row numbers."""
    found = permutation_test(
        (one, other),
        lambda x, y: abs(metric(x) - metric(y)),
        permutation_type="samples",
        alternative="greater",
        n_resamples=resamples,
        rng=np.random.default_rng(1),
    )
    return float(found.pvalue)


def labels(rows: int, wrong: float, classes: int = 3) -> tuple[Any, Any, Any]:
    """Gold labels, and two systems that are wrong in such a share of the rows, the second in half of it."""
    gold = rng.integers(0, classes, rows)
    one, other = (
        np.where(rng.random(rows) < share, rng.integers(0, classes, rows), gold) for share in (wrong, wrong / 2)
    )
    return gold, one, other


def macro_f1(gold: Any, predicted: Any) -> float:
    """By its definition, over the labels that occur."""
    tables = [(gold == k, predicted == k) for k in range(3) if (gold == k).any() or (predicted == k).any()]
    return float(np.mean([2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in tables]))


def certain(predicted: Any, classes: int = 3) -> Any:
    return np.eye(classes)[predicted]


@pytest.mark.parametrize("main", ["accuracy", "f1_macro", "mcc"])
def test_all_swaps_of_few_rows_are_those_of_scipy(main: str) -> None:
    gold, one, other = labels(7, 0.9)
    metric = {
        "accuracy": lambda x: np.mean(x == gold),
        "f1_macro": lambda x: macro_f1(gold, x.astype(int)),
        "mcc": lambda x: matthews_corrcoef(gold, x.astype(int)),
    }[main]
    sums = [single_label_sums(gold, side, certain(side), main=main) for side in (one, other)]
    assert randomisation_p(*sums) == pytest.approx(by_scipy(metric, one, other), abs=1e-12)


@pytest.mark.parametrize("main", ["pearson", "spearman", "mae", "rmse", "r2"])
@pytest.mark.parametrize(("rows", "resamples", "near"), [(7, np.inf, 1e-12), (60, 1500, 0.035)])
def test_tests_of_numbers_are_those_of_scipy(main: str, rows: int, resamples: float, near: float) -> None:
    gold = rng.normal(size=rows)
    one, other = gold + rng.normal(size=rows), 3 * gold + 1.5 * rng.normal(size=rows)
    form = {"pearson": zscore, "spearman": rankdata}.get(main, np.asarray)
    truth = rankdata(gold) if main == "spearman" else gold
    metric: dict[str, Callable[[Any], float]] = {
        "mae": lambda x: np.mean(np.abs(x - truth)),
        "rmse": lambda x: np.sqrt(np.mean((x - truth) ** 2)),
        "r2": lambda x: 1 - np.sum((x - truth) ** 2) / np.sum((truth - truth.mean()) ** 2),
    }
    correlation = lambda x: np.corrcoef(x, truth)[0, 1]  # noqa: E731
    sums = [regression_sums(gold, side, main=main) for side in (one, other)]
    expected = by_scipy(metric.get(main, correlation), form(one), form(other), resamples=resamples)
    assert randomisation_p(*sums) == pytest.approx(expected, abs=near)


def test_many_rows_are_tested_by_chance_as_scipy_does() -> None:
    gold, one, other = labels(300, 0.25)
    sums = [single_label_sums(gold, side, certain(side), main="f1_macro") for side in (one, other)]
    macro = lambda x: macro_f1(gold, x.astype(int))  # noqa: E731
    assert randomisation_p(*sums) == pytest.approx(by_scipy(macro, one, other, resamples=2000), abs=0.03)


def test_accuracy_is_the_exact_test_of_mcnemar() -> None:
    """Swapping rows that only one has right is tossing a coin for each."""
    gold, one, other = labels(400, 0.2)
    sums = [single_label_sums(gold, side, certain(side), main="accuracy") for side in (one, other)]
    counted = McNemar.of(one == gold, other == gold)
    assert randomisation_p(*sums) == pytest.approx(counted.exact_p, abs=0.015)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (3, 3), (1, 9), (12, 5), (40, 60)])
def test_mcnemar_is_a_binomial_test(b: int, c: int) -> None:
    found = McNemar(b, c)
    exact = binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert found.exact_p == pytest.approx(exact)
    assert found.mid_p <= found.exact_p
    if (b, c) == (40, 60):  # of many rows both come near the normal distribution without correction
        assert found.mid_p == pytest.approx(2 * norm.sf(20 / 10), abs=0.001)


def test_mid_p_is_that_of_the_paper() -> None:
    """Fagerland, Lydersen and Laake 2013, their example of 1 against 7 rows, p 0.070 exact and 0.039 mid-p."""
    assert McNemar(1, 7).exact_p == pytest.approx(0.0703, abs=1e-4)
    assert McNemar(1, 7).mid_p == pytest.approx(0.0391, abs=1e-4)


def test_systems_that_answer_alike_do_not_differ() -> None:
    gold, one, _ = labels(50, 0.5)
    sums = single_label_sums(gold, one, certain(one), main="f1_macro")
    assert randomisation_p(sums, sums) == 1.0
    assert difference_interval(sums, sums) == (0.0, 0.0)


@pytest.mark.parametrize(("main", "rows"), [("accuracy", 90), ("f1_macro", 90), ("f1_macro", 12), ("roc_auc", 40)])
def test_the_other_way_round_the_difference_is_turned(main: str, rows: int) -> None:
    gold, one, other = labels(rows, 0.5)
    chances = np.random.default_rng(8).dirichlet(np.ones(3), (2, rows))
    sums = [
        single_label_sums(gold, side, certain(side) + chance, main=main)
        for side, chance in zip((one, other), chances, strict=True)
    ]
    low, high = difference_interval(sums[0], sums[1]) or (0, 0)
    assert low < high
    assert difference_interval(sums[1], sums[0]) == pytest.approx((-high, -low), abs=1e-12)
    assert randomisation_p(sums[1], sums[0]) == randomisation_p(sums[0], sums[1])


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    gold, one, other = labels(2000, 0.4)
    sums = [single_label_sums(gold, side, certain(side), main="accuracy") for side in (one, other)]
    gain = (other == gold).astype(float) - (one == gold)
    error = gain.std() / np.sqrt(len(gain))
    assert difference_interval(*sums) == pytest.approx(
        (gain.mean() - 1.96 * error, gain.mean() + 1.96 * error), abs=0.004
    )


@pytest.mark.parametrize("main", ["pearson", "spearman", "rmse", "r2"])
def test_the_interval_of_numbers_is_drawn_for_both_alike(main: str) -> None:
    """Rows are drawn once for both: of two nearly equal systems the difference is much surer than each score."""
    gold = rng.normal(size=300)
    one = gold + rng.normal(size=300)
    sums = [regression_sums(gold, side, main=main) for side in (one, one + 0.01 * rng.normal(size=300))]
    low, high = difference_interval(*sums) or (0, 0)
    assert low < sums[1].total - sums[0].total < high
    assert high - low < 0.01
    worse = regression_sums(gold, gold + 4 * rng.normal(size=300), main=main)
    low, high = difference_interval(sums[0], worse) or (0, 0)
    assert low > 0 if main == "rmse" else high < 0


def test_sums_give_the_metric_of_the_scores() -> None:
    """Of every metric there is, for every problem."""
    from bertft.kinds import ANSWER_SPANS, MULTI_LABEL, REGRESSION, SINGLE_LABEL, WORD_TAGS
    from bertft.scoring import score_answers, score_multi_label, score_regression, score_single_label, score_tags

    def agree(sums: RowSums | None, scores: Scores) -> None:
        assert sums is None or sums.total == pytest.approx(scores.main_value, abs=1e-12), scores.main

    for classes in (2, 4):
        chances = rng.dirichlet(np.ones(classes), 80).round(2)
        gold = rng.integers(-1, classes, 80)
        for main in SINGLE_LABEL.metrics:
            if classes == 2 or main not in SINGLE_LABEL.binary_metrics:
                scores = score_single_label(gold, chances, [*"abcd"][:classes], main=main)
                agree(single_label_sums(gold, chances.argmax(1), chances, main=main), scores)
    several, chances = rng.integers(0, 2, (60, 2)), rng.random((60, 2)).round(1)
    for main in MULTI_LABEL.metrics:
        scores = score_multi_label(several, chances, ["a", "b"], thresholds=[0.4, 0.6], main=main)
        sums = multi_label_sums(several, chances, [0.4, 0.6], main=main)
        assert (sums is None) == (main == "average_precision")
        agree(sums, scores)
    for main in REGRESSION.metrics:
        numbers, guesses = rng.normal(size=50).round(1), rng.normal(size=50).round(1)
        agree(regression_sums(numbers, guesses, main=main), score_regression(numbers, guesses, main=main))
    tags = [[["O", "B-X", "I-X", "B-Y", "I-Y"][k] for k in rng.integers(0, 5, 6)] for _ in range(40)]
    for main in WORD_TAGS.metrics:
        scores = score_tags(tags[:20], tags[20:], scheme="IOB2", main=main)
        agree(tag_sums(tags[:20], tags[20:], scheme="IOB2", types=["X"], main=main), scores)
    plain = score_tags(tags[:20], tags[20:], scheme=None)
    agree(tag_sums(tags[:20], tags[20:], scheme=None, types=[], main="accuracy"), plain)
    golds = [["a red car"], [], ["Rome", "in Rome"], []]
    for main in ANSWER_SPANS.metrics:
        scores = score_answers(["red car", "", "Roma", "x"], golds, main=main)
        agree(answer_sums(["red car", "", "Roma", "x"], golds, main=main), scores)


def test_holm_is_step_by_step() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_tests_hold_what_they_promise() -> None:
    """Of systems that are equally good, few differ by more than chance."""
    chance = np.random.default_rng(3)
    found = []
    for _ in range(60):
        gold = chance.integers(0, 2, 80)
        sides = [np.where(chance.random(80) < 0.3, 1 - gold, gold) for _ in range(2)]
        sums = [single_label_sums(gold, side, certain(side, 2), main="f1") for side in sides]
        found.append(randomisation_p(*sums, rounds=400))
    assert sum(p < 0.05 for p in found) <= 7
    assert 0.3 < np.mean(found) < 0.75
