"""Scores where each row has a number: correlations and errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from bertft.arrays import Array
from bertft.errors import InternalError
from bertft.kinds import REGRESSION
from bertft.kinds.metric_names import check_metric
from bertft.scoring.bootstrap import interval_by_rows
from bertft.scoring.ranks import Ranking, pearson, quotient, spearman
from bertft.scoring.scores import Scores

CORRELATIONS = ("pearson", "spearman")


def score_regression(
    gold: ArrayLike, predicted: ArrayLike, *, main: str = "spearman", metrics: Sequence[str] | None = None
) -> Scores:
    """`gold` and `predicted` are (N,). `values` holds `metrics` and `main`; without `metrics`, all there are."""
    truth, guess = np.asarray(gold, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != guess.shape:
        raise InternalError(f"gold {truth.shape} and predictions {guess.shape} do not fit")
    main = check_metric(REGRESSION.name, main)
    wanted = REGRESSION.metrics if metrics is None else [check_metric(REGRESSION.name, name) for name in metrics]
    wanted = list(dict.fromkeys([*wanted, main]))
    gaps = _undefined(truth, guess)
    values = {name: _value(name, truth, guess) for name in wanted if name not in gaps}
    return Scores(
        main=main,
        values=values,
        examples=len(truth),
        interval=_interval(main, truth, guess) if main in values else None,
        notes=[f"{name} is left out: {gaps[name]}." for name in wanted if name in gaps],
    )


def _undefined(gold: Array, predicted: Array) -> dict[str, str]:
    """Metric -> why it cannot be had."""
    if not len(gold):
        return dict.fromkeys(REGRESSION.metrics, "there is no row")
    if not (np.isfinite(gold).all() and np.isfinite(predicted).all()):
        return dict.fromkeys(REGRESSION.metrics, "some numbers are not finite")
    gaps = {}
    if (gold == gold[0]).all():
        gaps = dict.fromkeys((*CORRELATIONS, "r2"), f"every gold number is {gold[0]:g}")
    elif (predicted == predicted[0]).all():
        gaps = dict.fromkeys(CORRELATIONS, f"every prediction is {predicted[0]:g}")
    return gaps


def _value(name: str, gold: Array, predicted: Array) -> float:
    """One metric, by way of its `evaluate.Metric`."""
    import bertft.scoring.real_metrics as local

    if name == "rmse":
        return float(local.Mse().measure(predicted, gold, squared=False)["mse"])
    metric, key = {
        "pearson": (local.Pearsonr, "pearsonr"),
        "spearman": (local.Spearmanr, "spearmanr"),
        "mse": (local.Mse, "mse"),
        "mae": (local.Mae, "mae"),
        "r2": (local.RSquared, "r_squared"),
    }[name]
    return float(metric().measure(predicted, gold)[key])


def _interval(main: str, gold: Array, predicted: Array) -> tuple[float, float] | None:
    """95 % bootstrap interval: rows are drawn, and each draw is a weight per row. Ranks are those of the resample."""
    return interval_by_rows(len(gold), regression_statistic(main, gold, predicted))


def regression_statistic(main: str, gold: Array, predicted: Array) -> Callable[[Array], Array]:
    """The same metrics from weights (R, N), one value per resample."""
    if main == "pearson":
        return lambda w: pearson(w, gold, predicted)
    if main == "spearman":
        of_gold, of_predicted = Ranking.of(gold), Ranking.of(predicted)
        return lambda w: spearman(w, of_gold, of_predicted)
    if main == "r2":
        return lambda w: _explained(w, gold, predicted)
    errors = np.abs(gold - predicted) if main == "mae" else (gold - predicted) ** 2
    if main == "rmse":
        return lambda w: np.sqrt(w @ errors / len(gold))
    return lambda w: w @ errors / len(gold)


def _explained(weights: Array, gold: Array, predicted: Array) -> Array:
    """R² per resample; NaN where gold is constant."""
    total = weights.sum(1)
    centred = gold - gold.mean()  # keeps the squares small
    spread = weights @ centred**2 - (weights @ centred) ** 2 / total
    return 1 - quotient(weights @ (gold - predicted) ** 2, spread)
