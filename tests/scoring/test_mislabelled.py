"""Labels in doubt, against cleanlab where it is installed, and against labels that were made wrong on purpose."""

from __future__ import annotations

import numpy as np
import pytest

from bertft.scoring.mislabelled import doubtful_labels, doubtful_sets


def noisy(rows: int, classes: int, *, share: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True classes, labels of which some are wrong, and what a model makes of the rows."""
    chance = np.random.default_rng(seed)
    truth = chance.integers(0, classes, rows)
    wrong = chance.random(rows) < share
    labels = np.where(wrong, (truth + chance.integers(1, classes, rows)) % classes, truth)
    logits = chance.normal(size=(rows, classes)) + 4 * np.eye(classes)[truth]
    odds = np.exp(logits)
    return truth, labels, odds / odds.sum(1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_rows_are_those_of_cleanlab(classes: int, seed: int) -> None:
    cleanlab = pytest.importorskip("cleanlab.filter")
    _, labels, probabilities = noisy(400, classes, share=0.2, seed=seed)
    wanted = cleanlab.find_label_issues(
        labels, probabilities, filter_by="confident_learning", return_indices_ranked_by="normalized_margin", n_jobs=1
    )
    found = doubtful_labels(labels, probabilities)
    assert {one.position for one in found} == {int(row) for row in wanted}
    assert len(found) > 20
    assert [one.position for one in found[:20]] == [int(row) for row in wanted[:20]]


def test_planted_errors_are_found_and_their_classes_suggested() -> None:
    truth, labels, probabilities = noisy(2000, 5)
    found = doubtful_labels(labels, probabilities)
    planted = set(np.flatnonzero(truth != labels).tolist())
    hit = [one for one in found if one.position in planted]
    assert len(hit) / len(planted) > 0.75
    assert len(hit) / len(found) > 0.9
    assert sum(one.suggested == truth[one.position] for one in hit) / len(hit) > 0.95
    assert all(one.label == labels[one.position] for one in found)


def test_a_class_is_confident_only_as_its_own_rows_are() -> None:
    """Class 1 is predicted with 0.9 where it is right, so 0.6 says nothing; class 0 with 0.55, so 0.6 says much."""
    probabilities = [[0.55, 0.45]] * 3 + [[0.1, 0.9]] * 3 + [[0.6, 0.4], [0.4, 0.6]]
    found = doubtful_labels([0, 0, 0, 1, 1, 1, 1, 0], probabilities)
    assert [(one.position, one.label, one.suggested) for one in found] == [(6, 1, 0)]
    assert found[0].margin == pytest.approx(-0.2)


def test_unknown_labels_and_classes_without_rows_are_left_out() -> None:
    probabilities = np.asarray([[0.9, 0.05, 0.05], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1], [0.05, 0.9, 0.05]])
    assert doubtful_labels([0, 1, -1, 1], probabilities) == []
    assert doubtful_labels([-1, -1, -1, -1], probabilities) == []
    assert doubtful_labels([], np.zeros((0, 3))) == []
    assert doubtful_sets(np.zeros((0, 3)), np.zeros((0, 3))) == []


def test_labels_that_are_missing_or_too_many_are_told_apart() -> None:
    chance = np.random.default_rng(3)
    truth = chance.random((300, 3)) < 0.4
    probabilities = np.where(truth, 0.9, 0.1) + chance.uniform(-0.05, 0.05, truth.shape)
    gold = truth.astype(int)
    gold[10, 2], gold[20, 0] = 1 - gold[10, 2], 1 - gold[20, 0]
    found = {(one.position, one.label, one.suggested) for one in doubtful_sets(gold, probabilities)}
    assert found == {
        (row, label if gold[row, label] else None, None if gold[row, label] else label)
        for row, label in ((10, 2), (20, 0))
    }
