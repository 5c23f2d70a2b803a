"""Temperatures agree with scikit-learn, find the temperature that was used, and stay put where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression

from bertft.scoring import temperature
from bertft.scoring.temperature import FEWEST_OF_LABEL, fit_scales, fit_temperature, folds, with_temperature


def drawn(rows: int, classes: int, *, sharpened: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `sharpened` times too large, and labels that are drawn from the right ones."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, 2, (rows, classes))
    gold = np.array([chance.choice(classes, p=p) for p in softmax(logits, axis=1)])
    return logits * sharpened, gold


@pytest.mark.parametrize(("sharpened", "classes"), [(2.5, 4), (0.5, 4), (1.0, 2), (3.0, 77)])
def test_the_temperature_that_was_used_is_found(sharpened: float, classes: int) -> None:
    logits, gold = drawn(3000, classes, sharpened=sharpened)
    assert fit_temperature(softmax(logits, axis=1), gold) == pytest.approx(sharpened, rel=0.08)


def test_logistic_regression_finds_the_same_temperature_of_two_classes() -> None:
    logits, gold = drawn(5000, 2, sharpened=1.7)
    other = LogisticRegression(C=np.inf, fit_intercept=False).fit(logits[:, 1:] - logits[:, :1], gold)
    assert 1 / fit_temperature(softmax(logits, axis=1), gold) == pytest.approx(other.coef_[0, 0], rel=0.005)


def test_logistic_regression_finds_the_same_scale_of_a_label() -> None:
    chance = np.random.default_rng(0)
    logits = chance.normal(0, 2, (5000, 1))
    gold = (chance.random(5000) < expit(logits[:, 0])).astype(float)
    seen = 3 * logits + 2
    (scale,) = fit_scales(seen, gold[:, None])
    other = LogisticRegression(C=np.inf).fit(seen, gold)
    assert 1 / scale.temperature == pytest.approx(other.coef_[0, 0], rel=0.01)
    assert scale.offset == pytest.approx(other.intercept_[0], abs=0.02)


def test_equal_logits_and_no_known_label_leave_probabilities_alone() -> None:
    assert fit_temperature(np.full((100, 3), 1 / 3), [0] * 100) == pytest.approx(1, abs=1e-4)
    assert fit_temperature(np.full((100, 3), 1 / 3), [-1] * 100) == 1
    (scale,) = fit_scales(np.zeros((100, 1)), np.array([[1.0], [0.0]] * 50))
    assert (scale.temperature, scale.offset) == pytest.approx((1, 0), abs=1e-3)


@pytest.mark.parametrize("rows", [50, 500])
def test_rows_that_are_all_right_do_not_make_a_model_certain(rows: int) -> None:
    probabilities = np.tile([0.9, 0.1], (rows, 1))
    found = fit_temperature(probabilities, [0] * rows)
    assert 0.2 <= found < 1
    assert with_temperature(probabilities, found).max() < 1 - 1 / (20 * rows)


def test_the_best_class_stays_and_so_does_the_order_of_the_rest() -> None:
    logits, _ = drawn(500, 6, sharpened=5)
    before = softmax(logits, axis=1)
    for one in (0.2, 0.7, 3.0, 10.0):
        after = with_temperature(before, one)
        assert after.sum(axis=1) == pytest.approx(1)
        assert (after.argsort(axis=1, kind="stable") == before.argsort(axis=1, kind="stable")).all()
        assert after == pytest.approx(softmax(logits / one, axis=1))


def test_rare_labels_share_a_scale_and_keep_their_own_where_all_are_rare() -> None:
    chance = np.random.default_rng(5)
    logits = chance.normal(0, 1, (400, 4))
    gold = (chance.random((400, 4)) < expit(logits)).astype(float)
    gold[:, 2:] = 0
    gold[: FEWEST_OF_LABEL - 1, 2:] = 1  # 19 rows each
    scales = fit_scales(logits, gold)
    assert scales[2] == scales[3]
    assert len({scale.temperature for scale in scales}) == 3
    gold[:, 2:] = 0
    gold[0, 2:] = 1
    assert fit_scales(logits, gold)[2:] == [temperature.Scale()] * 2


def test_a_label_that_all_rows_have_has_no_scale_of_its_own() -> None:
    assert fit_scales(np.zeros((100, 1)), np.ones((100, 1))) == [temperature.Scale()]


def test_many_rows_are_looked_at_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, gold = drawn(4000, 3, sharpened=2)
    whole = fit_temperature(softmax(logits, axis=1), gold)
    monkeypatch.setattr(temperature, "MOST_NUMBERS", 6000)
    assert fit_temperature(softmax(logits, axis=1), gold) == pytest.approx(whole, rel=0.1)


def test_folds_hold_each_row_once_and_each_class_alike() -> None:
    classes = np.array([0] * 50 + [1] * 25 + [2] * 3)
    found = folds(len(classes), classes)
    assert sorted(np.concatenate(found).tolist()) == list(range(78))
    for fold in found:
        assert (classes[fold] == 0).sum() == 10
        assert (classes[fold] == 1).sum() == 5
    assert [fold.tolist() for fold in folds(len(classes), classes)] == [fold.tolist() for fold in found]
