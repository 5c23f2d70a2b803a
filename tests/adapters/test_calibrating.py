"""Calibration changes what probabilities say, never which labels are given; it is judged on rows that did not fit it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import build_tokenizer
from scipy.special import expit, softmax

from bertft.adapters import Adapter, Answer, Options, Prediction, adapter_for
from bertft.adapters.calibrating import calibrate, judge_calibration
from bertft.plan.card import plain_card
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.scoring.temperature import folds

NAMES = ("a", "b", "c")


def adapter_of(problem: str) -> Adapter:
    card = plain_card("text-classification", problem)
    return adapter_for(card, Labels(NAMES), Fields("text", None, ("label",)), build_tokenizer("bert"), Options(64))


def one_of_three(rows: int, *, sharpened: float, seed: int = 0) -> tuple[Adapter, np.ndarray, list[int]]:
    """Logits that are that much too large, and labels drawn from the right ones."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, 2, (rows, 3))
    gold = [int(chance.choice(3, p=p)) for p in softmax(logits, axis=1)]
    return adapter_of("single-label"), logits * sharpened, gold


def any_of_three(rows: int, *, sharpened: float, offset: float, seed: int = 1) -> tuple[Adapter, np.ndarray, list[Any]]:
    chance = np.random.default_rng(seed)
    logits = chance.normal(-1, 2, (rows, 3))
    given = chance.random((rows, 3)) < expit(logits)
    return adapter_of("multi-label"), logits * sharpened + offset, list(np.pad(given, ((0, 0), (0, 1))).astype(float))


def answers(adapter: Adapter, logits: np.ndarray) -> list[Prediction]:
    """As a network with these outputs would give them."""
    return [adapter.decode([row], []) for row in logits]


def given(adapter: Adapter, found: Sequence[Prediction]) -> list[Any]:
    key = "predicted_label" if adapter.one_label_a_row else "predicted_labels"
    labels = [adapter.answered(None, one, Answer())[key] for one in found]
    return labels if adapter.one_label_a_row else [sorted(row) for row in labels]


@pytest.mark.parametrize("kind", ["one", "any"])
def test_probabilities_come_true_and_labels_stay(kind: str) -> None:
    adapter, logits, gold = (
        one_of_three(900, sharpened=3) if kind == "one" else any_of_three(900, sharpened=3, offset=-4)
    )
    own = answers(adapter, logits)
    adapter = adapter.tuned(own, gold)
    fitted, worth = calibrate(adapter, own, gold)
    assert worth is not None
    assert worth.before is not None
    assert worth.after is not None
    assert worth.after < worth.before / 2
    assert given(fitted, answers(fitted, logits)) == given(adapter, own)
    assert fitted.in_words(fitted.rescaled(own), gold) == adapter.in_words(own, gold)
    assert fitted.uncalibrated == adapter


@pytest.mark.parametrize("kind", ["one", "any"])
def test_own_probabilities_are_rescaled_to_those_that_are_decoded(kind: str) -> None:
    adapter, logits, gold = (
        one_of_three(200, sharpened=2) if kind == "one" else any_of_three(200, sharpened=2, offset=1)
    )
    own = answers(adapter, logits)
    fitted = adapter.calibrated(own, gold)
    for mine, decoded in zip(fitted.rescaled(own), answers(fitted, logits), strict=True):
        assert mine.values == pytest.approx(decoded.values, abs=1e-9)


def test_its_worth_is_measured_on_rows_that_did_not_fit_it(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter, logits, gold = one_of_three(100, sharpened=2)
    own, fitted_on = answers(adapter, logits), []
    real = type(adapter).calibrated

    def spy(self: Any, predictions: Sequence[Prediction], targets: Sequence[Any], *counted: Any) -> Adapter:
        fitted_on.append({id(one) for one in predictions})
        return real(self, predictions, targets, *counted)  # type: ignore[arg-type]

    monkeypatch.setattr(type(adapter), "calibrated", spy)
    calibrate(adapter, own, gold)
    everything = {id(one) for one in own}
    assert fitted_on[0] == everything  # the one that is kept
    held = [everything - part for part in fitted_on[1:]]
    assert [len(part) for part in held] == [20] * 5
    assert set.union(*held) == everything


def test_test_rows_are_judged_by_what_validation_rows_chose() -> None:
    adapter, logits, gold = one_of_three(900, sharpened=3)
    fitted, _ = calibrate(adapter, answers(adapter, logits), gold)
    _, others, truth = one_of_three(900, sharpened=3, seed=7)
    own = answers(adapter, others)
    found = judge_calibration(fitted, "test", own, truth, why_not="")
    assert found is not None
    reliable = fitted.reliability(answers(fitted, others), truth)[""]
    assert (found.split, found.rows, found.after) == ("test", 900, pytest.approx(reliable.error))
    assert found.before == pytest.approx(adapter.reliability(own, truth)[""].error)


def test_too_few_rows_leave_probabilities_alone_and_say_so() -> None:
    adapter, logits, gold = one_of_three(49, sharpened=3)
    fitted, worth = calibrate(adapter, answers(adapter, logits), gold)
    assert fitted == adapter
    assert worth is not None
    assert worth.after is None
    assert "takes 50 validation rows or more (--validation, --validation-share)" in str(worth)


def test_what_is_no_number_is_left_alone_and_said() -> None:
    adapter, logits, gold = one_of_three(60, sharpened=3)
    logits[7, 1] = np.nan
    fitted, worth = calibrate(adapter, answers(adapter, logits), gold)
    assert fitted == adapter
    assert "no number" in str(worth)


def test_labels_that_nobody_knows_count_as_wrong_but_fit_nothing() -> None:
    adapter, logits, gold = one_of_three(300, sharpened=3)
    own = answers(adapter, logits)
    unknown = [-1 if place % 10 == 0 else target for place, target in enumerate(gold)]
    known = [place for place in range(300) if place % 10]
    apart = adapter.calibrated([own[place] for place in known], [gold[place] for place in known])
    assert adapter.calibrated(own, unknown) == apart
    wrong = adapter.reliability(own, unknown)[""]
    assert sum(one.rows * (1 - one.accuracy) for one in wrong.bins) == pytest.approx(
        sum(one.values.argmax() != target for one, target in zip(own, unknown, strict=True))
    )


def test_validation_rows_of_one_class_and_equal_logits_are_no_obstacle() -> None:
    adapter, logits, _ = one_of_three(60, sharpened=3)
    for rows, gold in ((logits, [0] * 60), (np.zeros((60, 3)), [0, 1, 2] * 20)):
        fitted, worth = calibrate(adapter, answers(adapter, rows), gold)
        assert worth is not None
        assert (worth.after is None) == (gold[1] == 1)  # equal logits are true here at any temperature
        assert 0.2 <= fitted.stored()["temperature"] <= 10


def test_the_folds_fit_the_same_labels_as_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """20 rows have the first label, so that four fifths of the rows alone would give it no scale."""
    adapter, logits, gold = any_of_three(300, sharpened=3, offset=2)
    others = np.flatnonzero([row[0] for row in gold])[20:]
    gold = [np.where([place in others, False, False, False], 0, row) for place, row in enumerate(gold)]
    fitted: list[list[float]] = []
    real = type(adapter).calibrated

    def spy(*words: Any) -> Any:
        scaled = real(*words)
        fitted.append(scaled.stored()["scales"]["a"])
        return scaled

    monkeypatch.setattr(type(adapter), "calibrated", spy)
    calibrate(adapter, answers(adapter, logits), gold)
    assert len(fitted) == 6
    assert [1.0, 0.0] not in fitted


@pytest.mark.parametrize("kind", ["one", "any"])
def test_a_scale_that_is_no_gain_on_other_rows_is_not_kept(kind: str) -> None:
    """The network's probabilities are true, so that whatever is fitted is chance."""
    kept = set()
    for seed in range(6):
        if kind == "one":
            adapter, logits, gold = one_of_three(60, sharpened=1, seed=seed)
        else:
            adapter, logits, gold = any_of_three(60, sharpened=1, offset=0, seed=seed)
        own = answers(adapter, logits)
        fitted, worth = calibrate(adapter, own, gold)
        assert worth is not None
        loss = dict.fromkeys(("own", "given"), 0.0)
        for held in folds(60, gold if kind == "one" else None):
            rest = [place for place in range(60) if place not in held]
            scale = adapter.calibrated([own[place] for place in rest], [gold[place] for place in rest], gold)
            for name, one in (("own", adapter), ("given", scale)):
                probabilities = np.stack([one.decode([logits[place]], []).values for place in held])
                truth = np.stack([np.eye(3)[gold[place]] if kind == "one" else gold[place][:3] for place in held])
                sure = (probabilities,) if kind == "one" else (probabilities, 1 - probabilities)
                for p, came in zip(sure, (truth, 1 - truth), strict=False):
                    loss[name] -= float(np.log(p[came > 0]).sum())
        assert (fitted != adapter) == (loss["given"] < loss["own"]) == (worth.after is not None)
        assert (fitted == adapter) == ("no gain" in worth.why_not)
        kept.add(fitted != adapter)
    assert kept == {True, False}


def test_labels_that_are_all_too_rare_are_left_alone_and_said() -> None:
    adapter, logits, gold = any_of_three(60, sharpened=2, offset=0)
    few = [np.where(place < 5, target, 0) for place, target in enumerate(gold)]
    fitted, worth = calibrate(adapter, answers(adapter, logits), few)
    assert fitted == adapter
    assert "not calibrated: no label has 20 validation rows with it and 20 without it" in str(worth)


def test_kinds_without_labels_of_rows_are_not_calibrated() -> None:
    adapter = replace(adapter_of("regression"), labels=Labels(()))
    found = [Prediction(np.asarray([0.5]))] * 60
    assert calibrate(adapter, found, [0.5] * 60) == (adapter, None)
