"""Any number of labels per row. The oracles are scikit-learn, and trying every threshold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn import metrics as oracle

from bertft.errors import InternalError
from bertft.kinds import PROBLEMS
from bertft.scoring import score_multi_label, tune_thresholds
from bertft.scoring.rounding import ROUNDING


def random_case(seed: int, rows: int = 200, classes: int = 5):
    rng = np.random.default_rng(seed)
    probabilities = rng.random((rows, classes))
    gold = (rng.random((rows, classes)) < probabilities**2).astype(int)
    return gold, probabilities, [f"label {k}" for k in range(classes)]


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("family", ["f1", "precision", "recall"])
def test_averages_agree_with_scikit_learn(family: str, average: str) -> None:
    gold, probabilities, labels = random_case(1)
    cuts = [0.5, 0.3, 0.7, 0.5, 0.9]
    theirs = getattr(oracle, f"{family}_score")(gold, probabilities >= cuts, average=average)
    ours = score_multi_label(gold, probabilities, labels, thresholds=cuts).values[f"{family}_{average}"]
    assert ours == pytest.approx(theirs)


def test_the_other_metrics_agree_with_scikit_learn() -> None:
    gold, probabilities, labels = random_case(2)
    values, predicted = (
        score_multi_label(gold, probabilities, labels, thresholds=[0.5] * 5).values,
        probabilities >= 0.5,
    )
    assert values["f1_samples"] == pytest.approx(oracle.f1_score(gold, predicted, average="samples", zero_division=0))
    assert values["subset_accuracy"] == pytest.approx(oracle.accuracy_score(gold, predicted))
    assert values["hamming_loss"] == pytest.approx(oracle.hamming_loss(gold, predicted))
    assert values["roc_auc"] == pytest.approx(oracle.roc_auc_score(gold, probabilities))
    assert values["average_precision"] == pytest.approx(oracle.average_precision_score(gold, probabilities))
    assert list(values) == list(PROBLEMS["multi-label"].metrics)


def test_ranking_metrics_skip_labels_without_positives_and_the_rest_says_so() -> None:
    gold, probabilities, labels = random_case(3)
    gold[:, 2] = 0
    scores = score_multi_label(gold, probabilities, labels, thresholds=[0.5] * 5)
    others = [0, 1, 3, 4]
    assert scores.values["roc_auc"] == pytest.approx(oracle.roc_auc_score(gold[:, others], probabilities[:, others]))
    assert scores.notes == ["1 of 5 labels have no positive row and pull macro means down: label 2."]


def test_a_label_is_predicted_at_its_threshold_and_the_threshold_is_reported() -> None:
    scores = score_multi_label([[1, 0], [0, 1]], [[0.4, 0.1], [0.39, 0.7]], ["a", "b"], thresholds=[0.4, 0.7])
    assert scores.values["subset_accuracy"] == 1
    assert scores.per_class["a"] == {"precision": 1, "recall": 1, "f1": 1, "support": 1, "threshold": 0.4}


def test_gold_without_any_positive_leaves_the_ranking_out() -> None:
    scores = score_multi_label(np.zeros((4, 2)), np.full((4, 2), 0.1), ["a", "b"], thresholds=[0.5] * 2, main="roc_auc")
    assert scores.main_value == -math.inf
    assert "roc_auc is left out: no label has both positives and negatives." in scores.notes
    assert "No label was predicted for any of 4 rows." in scores.notes


def test_no_rows_give_no_numbers() -> None:
    scores = score_multi_label(np.zeros((0, 2)), np.zeros((0, 2)), ["a", "b"], thresholds=[0.5, 0.5])
    assert (scores.values, scores.interval) == ({}, None)


def test_gold_that_is_not_0_or_1_is_our_own_mistake() -> None:
    with pytest.raises(InternalError):
        score_multi_label([[2, 0]], [[0.1, 0.2]], ["a", "b"], thresholds=[0.5, 0.5])


def best_f1_of_all_thresholds(gold: np.ndarray, scores: np.ndarray) -> float:
    return max(oracle.f1_score(gold, scores >= cut, zero_division=0) for cut in np.unique(scores))


@pytest.mark.slow
@given(st.integers(0, 10_000), st.integers(1, 30), st.sampled_from([3, 10, 30]))
@settings(max_examples=60, deadline=None)
def test_tuned_thresholds_are_as_good_as_the_best_of_all(seed: int, rows: int, steps: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, steps, (rows, 3)) / steps  # few steps make many ties, and lie far beyond a rounding apart
    gold = (rng.random((rows, 3)) < 0.4).astype(int)
    cuts = tune_thresholds(gold, scores, least_positives=1)
    for k in np.flatnonzero(gold.any(0) & (np.ptp(scores, axis=0) > 0)):
        mine = oracle.f1_score(gold[:, k], scores[:, k] >= cuts[k], zero_division=0)
        assert mine == pytest.approx(best_f1_of_all_thresholds(gold[:, k], scores[:, k]))


def f1_if_moved(gold: np.ndarray, logits: np.ndarray, cut: float, by: float) -> float:
    place = logit(cut) + by * ROUNDING * max(1, abs(logit(cut)))
    return oracle.f1_score(gold, logits >= place, zero_division=0)


@pytest.mark.slow
@given(st.integers(0, 10_000), st.sampled_from([0.002, 0.02, 1.0]))
@settings(max_examples=60, deadline=None)
def test_no_threshold_owes_its_f1_to_rounding(seed: int, within: float) -> None:
    """As good as the best of all cuts wider than twice the rounding, and still so when rounding moves it."""
    rng = np.random.default_rng(seed)
    gold = (rng.random(60) < 0.4).astype(int)
    logits = np.sort(rng.integers(-3, 3, 60) + 0.5 * gold + within * rng.random(60))
    cuts = np.append((expit(logits[1:]) + expit(logits[:-1])) / 2, expit(logits[0]) / 2)
    wide = [cut for cut in cuts if min(abs(logits - logit(cut))) > ROUNDING * max(1, abs(logit(cut)))]
    best = max(oracle.f1_score(gold, logits >= logit(cut), zero_division=0) for cut in wide)
    tuned = tune_thresholds(gold[:, None], expit(logits)[:, None], least_positives=1)[0]
    assert min(f1_if_moved(gold, logits, tuned, by) for by in (-1, 0, 1)) >= best - 1e-12


@pytest.mark.parametrize("level", [0.05, 0.3, 0.9])
def test_probabilities_that_are_constant_within_rounding_keep_one_half(level: float) -> None:
    rng = np.random.default_rng(5)
    gold = (rng.random((200, 2)) < 0.4).astype(int)
    noise = 1e-4 * (2 * gold - 1 + rng.normal(0, 0.1, gold.shape))  # would separate the rows without a mistake
    cuts = tune_thresholds(gold, level + noise)
    assert cuts.tolist() == [0.5, 0.5]
    scores = score_multi_label(gold, level + noise, ["a", "b"], thresholds=cuts)
    same = np.full(gold.shape, int(level > 0.5))
    assert scores.values["f1_micro"] == pytest.approx(oracle.f1_score(gold, same, average="micro", zero_division=0))
    assert tune_thresholds(gold, level + 300 * noise) == pytest.approx([level, level], abs=0.03)


def test_of_equally_good_thresholds_the_one_nearest_to_one_half_is_taken() -> None:
    scores = np.array([[0.9], [0.6], [0.3]])  # 1 of 1 right, then 2 of 3: F1 2/3 at 0.75, 4/5 at 0.15
    assert tune_thresholds([[1], [0], [1]], scores, least_positives=1) == [0.15]
    # one positive on top of a row that is gold as well as not: letting in one or three gives the same F1
    tied = np.array([[0.95], [0.8], [0.45], [0.35]])
    gold = [[1], [0], [0], [1]]  # 1/1 found of 2: 2/3; all four: 2/3
    assert tune_thresholds(gold, tied, least_positives=1) == pytest.approx([0.175])
    high = np.array([[0.7], [0.5], [0.1], [0.04]])
    assert tune_thresholds(gold, high, least_positives=1) == pytest.approx([0.6])


def test_thresholds_lie_half_way_between_two_probabilities() -> None:
    assert tune_thresholds([[1], [1], [0]], [[0.9], [0.4], [0.2]], least_positives=1) == pytest.approx([0.3])


def test_a_cluster_within_rounding_is_not_parted() -> None:
    """Four rows at 0.6 that noise happens to sort, and one far below: the cut that lets in all four is taken."""
    scores = np.array([[0.6003], [0.6002], [0.6001], [0.6], [0.1]])
    assert tune_thresholds([[1], [1], [0], [0], [0]], scores, least_positives=1) == pytest.approx([0.35])


def test_labels_with_few_positives_keep_one_half() -> None:
    gold, probabilities, _ = random_case(4, rows=300)
    gold[:, 1] = 0
    gold[:9, 1] = 1
    gold[:, 2] = 0
    cuts = tune_thresholds(gold, probabilities)
    assert cuts[1] == cuts[2] == 0.5
    assert tune_thresholds(gold, probabilities, least_positives=9)[1] != 0.5
    assert tune_thresholds(np.zeros((0, 2)), np.zeros((0, 2))).tolist() == [0.5, 0.5]


def test_rare_labels_share_the_threshold_that_is_best_for_them_together() -> None:
    random = np.random.default_rng(4)
    gold = (random.random((30, 12)) < 0.1).astype(int)
    assert gold.sum(0).max() < 10 < gold.sum()
    scores = np.clip(0.1 + 0.3 * gold + 0.1 * random.normal(size=gold.shape), 0.01, 0.99)
    found = set(tune_thresholds(gold, scores).tolist())
    assert len(found) == 1
    best = max(oracle.f1_score(gold.ravel(), (scores >= cut).ravel()) for cut in np.unique(scores))
    assert (
        oracle.f1_score(gold.ravel(), (scores >= found.pop()).ravel()) > best - 0.03
    )  # the worst within rounding decides
    few = np.zeros_like(gold)
    few[:3] = gold[:3]
    assert few.sum() < 10
    assert set(tune_thresholds(few, scores).tolist()) == {0.5}
