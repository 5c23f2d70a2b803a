"""How every side of the first-run table is scored, and how the sides without bertft choose thresholds for several labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

LEAST_POSITIVES = 10
"""A label with fewer takes the threshold of all labels together: a few rows would only teach their own noise."""


def score_of(metric: str, gold: Sequence[Any], predicted: Sequence[Any]) -> float:
    """By the libraries that define it. A correlation with a constant is none: 0."""
    if metric == "entity_f1":
        from seqeval.metrics import f1_score

        return float(f1_score(gold, predicted))
    if metric == "spearman":
        from scipy.stats import spearmanr

        found = float(spearmanr(gold, predicted).statistic)
        return 0.0 if math.isnan(found) else found
    from sklearn import metrics

    if metric == "f1_micro":
        from sklearn.preprocessing import MultiLabelBinarizer

        flags = MultiLabelBinarizer().fit([*gold, *predicted])
        return micro_f1(flags.transform(gold), flags.transform(predicted))
    return float({"accuracy": metrics.accuracy_score, "mcc": metrics.matthews_corrcoef}[metric](gold, predicted))


def micro_f1(gold: Any, predicted: Any) -> float:
    """Of flags (rows, labels)."""
    from sklearn.metrics import f1_score

    return float(f1_score(gold, predicted, average="micro", zero_division=0))


def best_thresholds(gold: Any, probabilities: Any) -> Any:
    """For flags and probabilities (rows, labels) of rows that the model did not learn from: one threshold for all labels, or
    one for each label that is common enough, whichever gives the better micro F1."""
    together = np.full(gold.shape[1], best_cut(gold.ravel(), probabilities.ravel()))
    each = together.copy()
    for label in np.flatnonzero(gold.sum(axis=0) >= LEAST_POSITIVES):
        each[label] = best_cut(gold[:, label], probabilities[:, label])
    return max((together, each), key=lambda cuts: micro_f1(gold, probabilities >= cuts))


def best_cut(gold: Any, probabilities: Any) -> float:
    """The threshold with the best F1, half-way between two neighbouring probabilities."""
    order = np.argsort(-probabilities, kind="stable")
    ranked, right = probabilities[order], np.cumsum(gold[order])
    f1 = 2 * right / (np.arange(1, len(ranked) + 1) + gold.sum())
    last_of_equals = np.append(ranked[1:] < ranked[:-1], True)
    best = int(np.where(last_of_equals, f1, -1.0).argmax())
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)
