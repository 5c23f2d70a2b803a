"""A linear model on frozen features, fitted in seconds: (N, H) features and targets to a weight (K, H) and a bias (K,).

Softmax regression for classes, one logistic regression per label, ridge regression for numbers. The penalty is chosen on
held-out rows by the loss itself. Convex, solved by L-BFGS in float64: the same input gives the same weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from bertft.arrays import Array, Positions

PENALTIES = tuple(10.0**power for power in np.arange(1.0, -4.1, -0.5))
"""On the squared weights of standardised features, beside the mean loss of a row; the strictest first."""

FOLD_ROWS = 2000
"""Rows below which every row is held out once, in FOLDS parts; above, only the first part is."""

FOLDS = 4

_ROUNDING = 1e-5
"""Share of the features' size below which their differences are rounding, as of batches of other widths."""

_ITERATIONS, _FEWEST = 200, 3

_MOST_WORK = 3e12
"""Multiplications of one way through all penalties, about two minutes of a core. Thousands of classes would
take hours; they get fewer iterations, of which each begins where the last penalty ended."""


@dataclass(frozen=True)
class Probe:
    """logits = features @ weight.T + bias."""

    weight: Array
    bias: Array
    penalty: float
    loss: float
    """Of the held-out rows."""


@dataclass(frozen=True)
class ProbeTask:
    """Features, and what is to be told from them."""

    features: Array
    """(N, H) float64."""
    targets: Array
    """(N, K): 0 and 1, or numbers."""
    weights: Array
    """(N, K) of each row's loss; for softmax and numbers all K columns are alike."""
    link: str
    """`softmax`, `sigmoid` or `identity`."""

    @property
    def iterations(self) -> int:
        """Of L-BFGS for each penalty."""
        work = 4.0 * self.targets.size * self.features.shape[1] * len(PENALTIES)
        return max(_FEWEST, min(_ITERATIONS, int(_MOST_WORK / work)))

    @property
    def is_large(self) -> bool:
        """Whether the work is bounded."""
        return self.iterations < _ITERATIONS

    def at(self, rows: Positions) -> ProbeTask:
        return ProbeTask(self.features[rows], self.targets[rows], self.weights[rows], self.link)


def fit_probe(features: Array, targets: Array, link: str, *, weights: Array | None = None, seed: int = 0) -> Probe:
    """`targets` (N, K): one-hot for softmax, 0 and 1 for sigmoid, numbers for identity. `weights` (N, K) multiply losses."""
    features = np.asarray(features, dtype=np.float64)
    centre = features.mean(0)
    scale = spread(features, centre)
    targets = np.asarray(targets, dtype=np.float64)
    unit = float(targets.std()) or 1.0 if link == "identity" else 1.0  # L-BFGS stops at a slope of a given size
    weights = np.ones_like(targets) if weights is None else np.broadcast_to(weights, targets.shape)
    task = ProbeTask((features - centre) / scale, targets / unit, weights, link)
    losses = held_out_losses(task, seed)
    best = int(np.argmin(losses))
    theta = prior(task)
    for penalty in PENALTIES[: best + 1]:
        theta = fit(task, penalty, theta)
    weight, bias = theta[:, :-1] * (unit / scale), theta[:, -1] * unit
    return Probe(weight, bias - weight @ centre, PENALTIES[best], float(losses[best]) * unit**2)


def spread(values: Array, centre: Array) -> float:
    """The standard deviation from each column's centre; where that is rounding, which must not be blown up, the values' size."""
    deviation = float(np.sqrt(((values - centre) ** 2).mean()))
    size = float(np.abs(centre).max())
    return deviation if deviation > _ROUNDING * size else size or 1.0


def held_out_losses(task: ProbeTask, seed: int) -> Array:
    """The mean loss of held-out rows under each penalty; infinite where there are too few rows to hold any out."""
    rows = len(task.features)
    if rows < 2 * FOLDS:
        return np.asarray([0.0 if penalty == 1.0 else np.inf for penalty in PENALTIES])
    losses, seen = np.zeros(len(PENALTIES)), 0
    for fitted, held in folds(rows, seed):
        seen += len(held)
        inside, outside = task.at(fitted), task.at(held)
        theta = prior(inside)
        for place, penalty in enumerate(PENALTIES):
            theta = fit(inside, penalty, theta)
            losses[place] += loss_and_slope(outside, theta)[0] * len(held)
            if inside.is_large and place > losses[: place + 1].argmin() + 1:
                losses[place + 1 :] = np.inf  # it has risen twice
                break
    return losses / seen


def folds(rows: int, seed: int) -> Iterator[tuple[Positions, Positions]]:
    """Rows to fit and rows held out."""
    parts = np.array_split(np.random.default_rng([seed, 0xF01D]).permutation(rows), FOLDS)
    for held in parts if rows < FOLD_ROWS else parts[:1]:
        yield np.setdiff1d(np.arange(rows), held), held


def prior(task: ProbeTask) -> Array:
    """(K, H + 1) weights of zero, and the biases that the targets' means ask for: what is known without any text."""
    theta = np.zeros((task.targets.shape[1], task.features.shape[1] + 1))
    theta[:, -1] = prior_bias(task.targets, task.weights, task.link)
    return theta


def prior_bias(targets: Array, weights: Array, link: str) -> Array:
    """(K,) biases. Half a row is added to each class or label, so that none is impossible."""
    if link == "identity":
        return np.asarray(np.average(targets, axis=0, weights=weights))
    counts, rows = (targets * weights).sum(0), weights.sum(0)
    if link == "softmax":
        return np.asarray(np.log((counts + 0.5) / (counts + 0.5).sum()))
    return np.asarray(logit((counts + 0.5) / (rows + 1.0)))


def fit(task: ProbeTask, penalty: float, start: Array) -> Array:
    """(K, H + 1): weights and biases that minimise the mean loss and the penalty, from a `start` nearby."""
    shape = start.shape

    def objective(flat: Array) -> tuple[float, Array]:
        theta = flat.reshape(shape)
        loss, slope = loss_and_slope(task, theta)
        slope[:, :-1] += penalty * theta[:, :-1]
        return loss + penalty / 2 * float((theta[:, :-1] ** 2).sum()), slope.ravel()

    found = minimize(objective, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": task.iterations})
    return np.asarray(found.x).reshape(shape)


def loss_and_slope(task: ProbeTask, theta: Array) -> tuple[float, Array]:
    """The mean loss of a row, summed over labels, and its derivative (K, H + 1)."""
    logits = task.features @ theta[:, :-1].T + theta[:, -1]  # (N, K)
    losses, errors = _LINKS[task.link](logits, task.targets)
    rows = len(logits)
    errors = errors * task.weights / rows  # (N, K)
    slope = np.concatenate([errors.T @ task.features, errors.sum(0)[:, None]], axis=1)
    return float((losses * task.weights).sum()) / rows, slope


def loss_of(logits: Array, targets: Array, weights: Array, link: str) -> float:
    """The mean loss of a row, summed over labels."""
    return float((_LINKS[link](logits, targets)[0] * weights).sum()) / len(logits)


def _softmax(logits: Array, targets: Array) -> tuple[Array, Array]:
    """The sums of scipy's log_softmax and softmax, to the bit. With few rows the two calls took half of the time of a fit."""
    shifted = logits - logits.max(1, keepdims=True)  # (N, K)
    shares = np.exp(shifted)
    total = shares.sum(1, keepdims=True)  # (N, 1)
    return -targets * (shifted - np.log(total)), shares / total - targets


def _sigmoid(logits: Array, targets: Array) -> tuple[Array, Array]:
    return np.logaddexp(0, logits) - targets * logits, expit(logits) - targets


def _identity(logits: Array, targets: Array) -> tuple[Array, Array]:
    return (logits - targets) ** 2 / 2, logits - targets


_LINKS = {"softmax": _softmax, "sigmoid": _sigmoid, "identity": _identity}
