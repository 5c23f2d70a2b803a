"""The linear fit that a head starts from. Oracles: scikit-learn's logistic and ridge regression, and trying every penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from bertft.start import probe
from bertft.start.probe import FOLD_ROWS, PENALTIES, Probe, ProbeTask, fit_probe, folds, held_out_losses, prior_bias

Array = np.ndarray[Any, Any]
LINKS = ("softmax", "sigmoid", "identity")


@dataclass(frozen=True)
class Data:
    """Features, and targets that follow from them, with noise."""

    features: Array
    targets: Array
    weights: Array

    @property
    def classes(self) -> Array:
        return self.targets.argmax(axis=1)


def data(link: str, *, rows: int = 200, width: int = 12, outputs: int = 3, seed: int = 0, noise: float = 1.0) -> Data:
    """Features are float32 and far from zero, as an encoder's may be."""
    random = np.random.default_rng(seed)
    features = (3 + 0.2 * random.normal(size=(rows, width))).astype(np.float32)
    truth = random.normal(size=(width, outputs)) * 5
    logits = (features - 3) @ truth + noise * random.normal(size=(rows, outputs))
    weights = random.uniform(0.2, 3, size=rows)
    if link == "softmax":
        return Data(features, np.eye(outputs)[logits.argmax(axis=1)], np.repeat(weights[:, None], outputs, axis=1))
    if link == "sigmoid":
        targets = (logits > 1).astype(float)
        return Data(features, targets, np.where(targets > 0, random.uniform(0.2, 3, size=outputs), 1.0))
    return Data(features, logits, np.repeat(weights[:, None], outputs, axis=1))


def logits_of(probe: Probe, features: Array) -> Array:
    return np.asarray(features @ probe.weight.T + probe.bias)


def by_sklearn(given: Data, link: str, penalty: float, *, weighted: bool) -> Array:
    """(N, K) logits of scikit-learn with the same penalty, on features of which the whole is standardised."""
    centred = StandardScaler(with_std=False).fit_transform(given.features.astype(np.float64))
    centred /= centred.std()
    weights = given.weights if weighted else np.ones_like(given.targets)
    if link == "identity":
        fitted = Ridge(alpha=len(centred) * penalty).fit(centred, given.targets, sample_weight=weights[:, 0])
        return np.asarray(fitted.predict(centred)).reshape(given.targets.shape)
    model = LogisticRegression(C=1 / (len(centred) * penalty), tol=1e-10, max_iter=20_000)
    if link == "softmax":
        return np.asarray(model.fit(centred, given.classes, sample_weight=weights[:, 0]).decision_function(centred))
    columns = zip(given.targets.T, weights.T, strict=True)
    return np.stack([model.fit(centred, one, sample_weight=w).decision_function(centred) for one, w in columns], axis=1)


@pytest.mark.parametrize("weighted", [False, True], ids=["alike", "weighted"])
@pytest.mark.parametrize("link", LINKS)
def test_the_fit_is_that_of_scikit_learn(link: str, weighted: bool) -> None:
    given = data(link)
    probe = fit_probe(given.features, given.targets, link, weights=given.weights if weighted else None)
    ours = logits_of(probe, given.features)
    theirs = by_sklearn(given, link, probe.penalty, weighted=weighted)
    if link == "softmax":  # only differences between classes count
        ours, theirs = log_softmax(ours, axis=1), log_softmax(theirs, axis=1)
    assert np.abs(ours - theirs).max() < 0.01 * theirs.std()


@pytest.mark.parametrize("link", LINKS)
def test_the_penalty_is_the_one_with_the_least_loss_on_held_out_rows(link: str) -> None:
    given = data(link, rows=60, noise=3.0)
    losses = np.zeros(len(PENALTIES))
    centred = (given.features - given.features.mean(axis=0, dtype=np.float64)) / given.features.std(axis=0).mean()
    for fitted, held in folds(60, seed=5):
        for place, penalty in enumerate(PENALTIES):
            losses[place] += loss_of_sklearn(centred, given, link, penalty * len(fitted), fitted, held) / 60
    probe = fit_probe(given.features, given.targets, link, seed=5)
    near = losses <= losses.min() + 0.002 * abs(losses.min())
    assert probe.penalty in np.asarray(PENALTIES)[near]
    assert probe.loss == pytest.approx(losses.min(), rel=0.01)
    assert probe.penalty not in (PENALTIES[0], PENALTIES[-1])  # or this shows little


def loss_of_sklearn(centred: Array, given: Data, link: str, alpha: float, fitted: Array, held: Array) -> float:
    """Summed over held-out rows and outputs."""
    inside, outside, targets = centred[fitted], centred[held], given.targets[held]
    model = LogisticRegression(C=1 / alpha, tol=1e-8, max_iter=20_000)
    if link == "softmax":
        model.fit(inside, given.classes[fitted])
        return float(-(targets * log_softmax(model.decision_function(outside), axis=1)).sum())
    if link == "sigmoid":
        fits = (model.fit(inside, one).decision_function(outside) for one in given.targets[fitted].T)
        logits = np.stack(list(fits), axis=1)
        return float((np.logaddexp(0, logits) - targets * logits).sum())
    predicted = Ridge(alpha=alpha).fit(inside, given.targets[fitted]).predict(outside)
    return float(((predicted - targets) ** 2).sum() / 2)


def test_every_row_is_held_out_once_in_small_files_and_a_quarter_in_large_ones() -> None:
    small = list(folds(101, seed=3))
    assert sorted(np.concatenate([held for _, held in small])) == list(range(101))
    for fitted, held in small:
        assert sorted([*fitted, *held]) == list(range(101))
    ((fitted, held),) = folds(FOLD_ROWS, seed=3)
    assert (len(fitted), len(held)) == (FOLD_ROWS * 3 // 4, FOLD_ROWS // 4)


def test_the_loss_of_a_large_file_is_the_mean_of_the_rows_that_were_held_out() -> None:
    random = np.random.default_rng(0)
    targets = np.eye(2)[random.integers(0, 2, FOLD_ROWS)]
    probe = fit_probe(random.normal(size=(FOLD_ROWS, 2)), targets, "softmax")
    assert probe.loss == pytest.approx(np.log(2), rel=0.02)  # nothing to be learned: what a coin costs


@pytest.mark.parametrize("link", LINKS)
def test_the_same_input_gives_the_same_weights_bit_for_bit(link: str) -> None:
    given = data(link, rows=80)
    one, same, other = (
        fit_probe(given.features.copy(), given.targets.copy(), link, weights=given.weights, seed=seed)
        for seed in (1, 1, 2)
    )
    assert one.weight.tobytes() == same.weight.tobytes()
    assert one.bias.tobytes() == same.bias.tobytes()
    assert one.loss != other.loss


def test_priors_are_frequencies_base_rates_and_means() -> None:
    targets = np.eye(3)[[0] * 700 + [1] * 200 + [2] * 100]
    even = np.ones_like(targets)
    assert softmax(prior_bias(targets, even, "softmax")) == pytest.approx([0.7, 0.2, 0.1], abs=1e-3)
    labels = np.stack([np.arange(1000) < 900, np.arange(1000) < 10], axis=1).astype(float)
    assert expit(prior_bias(labels, np.ones_like(labels), "sigmoid")) == pytest.approx([0.9, 0.01], abs=1e-3)
    numbers = np.random.default_rng(0).normal(7, 2, size=(50, 1))
    assert prior_bias(numbers, np.ones_like(numbers), "identity") == pytest.approx(numbers.mean(axis=0))


def test_balanced_weights_give_an_even_prior() -> None:
    classes = np.asarray([0] * 90 + [1] * 10)
    weights = np.repeat((100 / (2 * np.bincount(classes)))[classes][:, None], 2, axis=1)
    assert softmax(prior_bias(np.eye(2)[classes], weights, "softmax")) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_a_class_or_label_without_rows_is_unlikely_and_not_impossible(link: str) -> None:
    given = data(link, outputs=3)
    targets = np.concatenate([given.targets, np.zeros((len(given.targets), 1))], axis=1)
    probe = fit_probe(given.features, targets, link)
    logits = logits_of(probe, given.features)
    assert np.isfinite(logits).all()
    shares = softmax(logits, axis=1)[:, 3] if link == "softmax" else expit(logits[:, 3])
    assert 0 < shares.max() < 0.02
    others = fit_probe(given.features, given.targets, link)
    assert (logits[:, :3].argmax(axis=1) == logits_of(others, given.features).argmax(axis=1)).mean() > 0.97


@pytest.mark.parametrize("rows", [1, 2, 7])
@pytest.mark.parametrize("link", LINKS)
def test_too_few_rows_to_hold_any_out_take_a_middling_penalty(link: str, rows: int) -> None:
    given = data(link, rows=rows)
    probe = fit_probe(given.features, given.targets, link)
    assert probe.penalty == 1.0
    assert np.isfinite(logits_of(probe, given.features)).all()


@pytest.mark.parametrize("value", [0.0, 0.1, 1e4])
@pytest.mark.parametrize("noise", [0.0, 1e-7], ids=["the same", "rounding apart"])
@pytest.mark.parametrize("link", LINKS)
def test_features_that_tell_nothing_leave_the_prior(link: str, value: float, noise: float) -> None:
    """A text in batches of other widths comes out a rounding apart; what that seems to tell must not be blown up."""
    given = data(link, rows=40)
    apart = 1 + noise * np.random.default_rng(1).normal(size=given.features.shape)
    features = (value * apart).astype(np.float32)
    probe = fit_probe(features, given.targets, link)
    prior = prior_bias(given.targets, np.ones_like(given.targets), link)
    single = (features.astype(np.float32) @ probe.weight.T.astype(np.float32)) + probe.bias.astype(np.float32)
    assert np.abs(single - prior).max() < 0.05
    assert np.abs(probe.weight).max() <= 10


def test_a_column_of_zeros_has_no_weight() -> None:
    given = data("softmax")
    features = np.concatenate([given.features, np.zeros((len(given.features), 1))], axis=1)
    probe = fit_probe(features, given.targets, "softmax")
    assert probe.weight[:, -1] == pytest.approx(0.0, abs=1e-9)
    assert logits_of(probe, features).argmax(axis=1).tolist() == pytest.approx(given.classes.tolist(), abs=2)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_numbers_of_any_scale_are_fitted_alike(scale: float) -> None:
    given = data("identity", outputs=1)
    wanted = logits_of(fit_probe(given.features, given.targets, "identity"), given.features)
    probe = fit_probe(given.features, given.targets * scale + 5 * scale, "identity")
    assert logits_of(probe, given.features) / scale - 5 == pytest.approx(wanted, abs=0.01)


def test_features_of_any_scale_are_fitted_alike() -> None:
    given = data("softmax")
    one = fit_probe(given.features, given.targets, "softmax")
    other = fit_probe(given.features.astype(np.float64) * 1e-3, given.targets, "softmax")
    assert one.penalty == other.penalty
    assert logits_of(other, given.features * 1e-3) == pytest.approx(logits_of(one, given.features), abs=0.02)


def test_one_number_for_all_rows_is_learned_as_it_is() -> None:
    given = data("identity", outputs=1)
    probe = fit_probe(given.features, np.full((200, 1), 2.5), "identity")
    assert logits_of(probe, given.features) == pytest.approx(2.5)


def test_more_features_than_rows_are_no_trouble() -> None:
    given = data("softmax", rows=30, width=200)
    probe = fit_probe(given.features, given.targets, "softmax")
    assert np.isfinite(logits_of(probe, given.features)).all()
    losses = held_out_losses_of(given)
    assert np.isfinite(losses).all()


def held_out_losses_of(given: Data) -> Array:
    from bertft.start.probe import ProbeTask

    centred = given.features.astype(np.float64) - given.features.mean(axis=0)
    return held_out_losses(ProbeTask(centred, given.targets, np.ones_like(given.targets), "softmax"), seed=0)


def test_thousands_of_classes_get_fewer_iterations() -> None:
    def iterations(rows: int, classes: int) -> int:
        targets = np.broadcast_to(np.zeros(1), (rows, classes))  # no memory for them
        return ProbeTask(np.broadcast_to(np.zeros(1), (rows, 384)), targets, targets, "softmax").iterations

    assert iterations(10_003, 77) == iterations(360, 6) == 200
    assert iterations(12_000, 6_000) == 3
    assert iterations(100_000, 50_000) == 3


def test_the_search_of_a_large_task_ends_where_the_loss_has_risen_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    task = ProbeTask(
        random.normal(size=(200, 8)), np.eye(4)[random.integers(4, size=200)], np.ones((200, 4)), "softmax"
    )
    whole = held_out_losses(task, 0)
    monkeypatch.setattr(probe, "_MOST_WORK", 4.0 * 150 * 4 * 8 * len(PENALTIES) * 199)  # one iteration less than 200
    found = held_out_losses(task, 0)
    best = int(np.argmin(whole))
    assert int(np.argmin(found)) == best
    assert np.isinf(found[best + 3 :]).all()
    assert np.isfinite(found[: best + 2]).all()
