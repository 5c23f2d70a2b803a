"""From a network's logits to probabilities that mean what they say, learned from held-out rows: one temperature for classes (Guo
et al. 2017, arXiv 1706.04599), a temperature and an offset for a label that is given by itself (Platt 1999).

Few rows say little, and where all of them are right the likelihood asks for certainty. So each fit starts from a prior at the
network's own probabilities, a few rows strong, which many rows outweigh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertft.arrays import Array, Positions, log_softmax, sigmoid, softmax

FEWEST_ROWS = 50
"""Held-out rows that a fit needs."""

FEWEST_OF_LABEL = 20
"""Rows with a label, and rows without it, that a fit of its own needs. Rarer labels share one, if they have so many together."""

MOST_NUMBERS = 4_000_000
"""Logits that a fit looks at; of more rows it takes as many, evenly spread."""

FOLDS = 5

_SPREAD, _OFFSET_SPREAD = 1.0, 3.0
"""Standard deviations of the prior: of the logarithm of the temperature, and of the offset."""

_LIMITS = np.log(0.2), np.log(10.0)
"""Of the temperature's logarithm. A lower one would make probabilities 0 that rank the lesser labels."""
_OFFSET_LIMIT = 12.0


@dataclass(frozen=True)
class Scale:
    """Of one label: its logit is divided by `temperature`, then `offset` is added. The order of rows stays."""

    temperature: float = 1.0
    offset: float = 0.0


def fit_temperature(probabilities: ArrayLike, gold: ArrayLike) -> float:
    """For softmax probabilities (N, K) and positions (N,); rows whose label is unknown, -1, are left out. 1.0 without rows."""
    truth = np.asarray(gold, dtype=np.int64)
    logits = _logs(np.asarray(probabilities, dtype=np.float64)[truth >= 0])
    truth = truth[truth >= 0]
    some = _spread_out(len(truth), logits.shape[1])
    logits, truth = logits[some], truth[some]

    def cost(log: float) -> float:
        likelihood = log_softmax(logits / np.exp(log), axis=1)[np.arange(len(truth)), truth].sum()
        return float(log**2 / (2 * _SPREAD**2) - likelihood)

    if not len(truth):
        return 1.0
    from scipy.optimize import minimize_scalar  # heavy, and no answer needs it

    return float(np.exp(minimize_scalar(cost, bounds=_LIMITS, method="bounded").x))


def with_temperature(probabilities: ArrayLike, temperature: float) -> Array:
    """Softmax probabilities (N, K) as they are at another temperature than 1. The best class stays the best."""
    return np.asarray(softmax(_logs(np.asarray(probabilities, dtype=np.float64)) / temperature, axis=1))


def fit_scales(logits: ArrayLike, gold: ArrayLike, counted: ArrayLike | None = None) -> list[Scale]:
    """For each of K labels that are given by themselves, from logits and gold 0 or 1, both (N, K). `counted` (M, K): gold of the
    rows that decide which labels get a scale of their own, where they are not these."""
    values, truth = np.asarray(logits, dtype=np.float64), np.asarray(gold, dtype=np.float64)
    deciding = truth if counted is None else np.asarray(counted, dtype=np.float64)
    with_it = deciding.sum(axis=0)
    frequent = np.minimum(with_it, len(deciding) - with_it) >= FEWEST_OF_LABEL
    rare = ~frequent
    shared = Scale()
    if FEWEST_OF_LABEL <= with_it[rare].sum() <= deciding[:, rare].size - FEWEST_OF_LABEL:
        shared = _fit_scale(values[:, rare].ravel(), truth[:, rare].ravel())
    return [_fit_scale(values[:, k], truth[:, k]) if frequent[k] else shared for k in range(values.shape[1])]


def _fit_scale(logits: Array, gold: Array) -> Scale:
    """Of one label, both (N,)."""
    from scipy.optimize import minimize  # heavy: see above

    some = _spread_out(len(gold), 1)
    logits, gold = logits[some], gold[some]

    def cost(given: Array) -> tuple[float, Array]:
        log, offset = given
        scaled = logits * np.exp(-log)
        slope = sigmoid(scaled + offset) - gold  # of the cross-entropy
        total = np.logaddexp(0, scaled + offset).sum() - gold @ (scaled + offset)
        prior = (log / _SPREAD) ** 2 / 2 + (offset / _OFFSET_SPREAD) ** 2 / 2
        rise = [log / _SPREAD**2 - slope @ scaled, offset / _OFFSET_SPREAD**2 + slope.sum()]
        return float(total + prior), np.asarray(rise)

    limits = [_LIMITS, (-_OFFSET_LIMIT, _OFFSET_LIMIT)]
    log, offset = minimize(cost, np.zeros(2), jac=True, method="L-BFGS-B", bounds=limits).x
    return Scale(float(np.exp(log)), float(offset))


def folds(rows: int, strata: ArrayLike | None = None, *, count: int = FOLDS) -> list[Positions]:
    """Positions of the rows of each fold: drawn, always alike, and each stratum (N,) spread evenly over the folds."""
    drawn = np.random.default_rng([rows, 0xCA1]).permutation(rows)
    if strata is not None:
        drawn = drawn[np.argsort(np.asarray(strata)[drawn], kind="stable")]
    return [np.sort(drawn[fold::count]) for fold in range(count)]


def _logs(probabilities: Array) -> Array:
    """Logits, up to a number for each row, which a softmax does not see."""
    return np.asarray(np.log(np.maximum(probabilities, np.finfo(np.float64).tiny)))


def _spread_out(rows: int, numbers: int) -> NDArray[np.int64]:
    most = max(MOST_NUMBERS // max(numbers, 1), 1)
    return np.arange(rows) if rows <= most else np.linspace(0, rows - 1, most).astype(np.int64)
