"""The metrics of each problem as functions of sums over rows, for paired tests: what each row adds, and what becomes of the sums.

Ranks are those among all rows of one system; what is swapped between systems is a rank. So Spearman is Pearson of ranks, and the
area under the ROC curve a difference of mean ranks. Pearson's predictions are standardised first: their scale is no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertft.arrays import Array
from bertft.scoring.answers import Golds, scored_rows
from bertft.scoring.counts import Counts, averaged, family, pooled
from bertft.scoring.entities import Tags, counts_by_sentence, right_words
from bertft.scoring.multi_label import RANKED, case_of, multi_label_statistic, per_row
from bertft.scoring.paired import RowSums
from bertft.scoring.ranks import Ranking, auc, quotient
from bertft.scoring.regression import CORRELATIONS, regression_statistic
from bertft.scoring.single_label import from_counts, one_hot

_COUNTED = ("f1", "precision", "recall")


def _means(rows: Array) -> RowSums:
    """Of a metric that is the mean of what each row has, (N,)."""
    return RowSums.of(rows[:, None].astype(np.float64), lambda sums: sums[:, 0] / len(rows))


def _three(sums: Array) -> Counts:
    return Counts(*np.split(sums, 3, axis=-1))


def single_label_sums(
    gold: NDArray[np.int64], predicted: NDArray[np.int64], probabilities: Array, *, main: str
) -> RowSums:
    """`gold` (N,) is -1 where the label is unknown; `probabilities` (N, K)."""
    if main == "accuracy":
        return _means(gold == predicted)
    if main == "roc_auc":
        columns = np.arange(probabilities.shape[1])[1 if probabilities.shape[1] == 2 else 0 :]
        return _areas(probabilities[:, columns], gold[:, None] == columns, known=gold >= 0)
    from scipy.sparse import csr_array, hstack

    rows, classes = len(gold), probabilities.shape[1]
    cells, kinds = np.unique(np.where(gold < 0, classes, gold) * classes + predicted, return_inverse=True)
    of_gold, of_predicted = (one_hot(side, classes) for side in np.divmod(cells, classes))
    table = csr_array(hstack([of_gold.multiply(of_predicted), of_gold, of_predicted]))
    return RowSums(kinds.reshape(-1), table, lambda sums: from_counts(main, _three(sums), rows))


def multi_label_sums(
    gold: ArrayLike, probabilities: Array, thresholds: Sequence[float] | Array, *, main: str
) -> RowSums | None:
    """`gold` and `probabilities` are (N, K). None for average precision, which no sums over rows give."""
    case = case_of(gold, probabilities, thresholds, len(thresholds))
    if main == "roc_auc":
        ranked = case.rankable
        sums = _areas(case.probabilities[:, ranked], case.gold[:, ranked], known=np.ones(len(case.gold), dtype=bool))
        return RowSums(sums.kinds, sums.table, sums.value, multi_label_statistic(main, case))
    if main in RANKED:
        return None
    if main in ("subset_accuracy", "hamming_loss", "f1_samples"):
        return _means(per_row(main, case))
    three = [case.gold & case.predicted, case.gold, case.predicted]
    if main.endswith("_micro"):
        three = [side.sum(1, keepdims=True) for side in three]
    rows = np.hstack(three).astype(np.float64)
    return RowSums.of(rows, lambda sums: averaged(main, _three(sums), only_present=False))


def _areas(scores: Array, positive: NDArray[np.bool_], *, known: NDArray[np.bool_]) -> RowSums:
    """The mean over labels of the area under the ROC curve: 1/2 + (mean rank of positives - that of negatives) / rows."""
    from scipy.stats import rankdata

    picked, right = scores[known], positive[known]
    ranks = rankdata(picked, axis=0) / len(picked)
    positives = right.sum(0)
    share = np.where(right, ranks / positives, -ranks / (len(picked) - positives))
    rows = np.zeros(len(known))
    rows[known] = share.mean(1)
    sides = [(Ranking.of(picked[:, k]), right[:, k]) for k in range(picked.shape[1])]
    return RowSums.of(rows[:, None], lambda sums: 0.5 + sums[:, 0], _area_again(sides, known))


def _area_again(
    sides: Sequence[tuple[Ranking, NDArray[np.bool_]]], known: NDArray[np.bool_]
) -> Callable[[Array], Array]:
    return lambda weights: np.asarray(np.mean([auc(weights[:, known], order, right) for order, right in sides], axis=0))


def tag_sums(gold: Tags, predicted: Tags, *, scheme: str | None, types: Sequence[str], main: str) -> RowSums:
    """By sentence. `types` of entities come first among those that are counted; others may occur in gold."""
    if main == "accuracy" or scheme is None:
        rows = np.stack([right_words(gold, predicted), [len(tags) for tags in gold]], axis=1).astype(np.float64)
        return RowSums.of(rows, lambda sums: quotient(sums[:, 0], sums[:, 1]))
    name, lenient = main.removesuffix("_lenient"), main.endswith("_lenient")
    counts = counts_by_sentence(gold, predicted, scheme, types, lenient=lenient)
    if name in _COUNTED:
        counts = pooled(counts)
    rows = np.hstack([counts.right, counts.gold, counts.predicted])
    if name in _COUNTED:
        return RowSums.of(rows, lambda sums: family(name, _three(sums))[..., 0])
    return RowSums.of(rows, lambda sums: averaged(name, _three(sums), only_present=True))


def answer_sums(predicted: Sequence[str], gold: Golds, *, main: str) -> RowSums:
    """`predicted` "" is no answer."""
    scores, counted = scored_rows(main, predicted, gold)
    return RowSums.of(np.stack([scores * counted, counted], axis=1), lambda sums: quotient(sums[:, 0], sums[:, 1]))


def regression_sums(gold: Array, predicted: Array, *, main: str) -> RowSums:
    """Both (N,)."""
    if main in CORRELATIONS:
        return _correlation(gold, predicted, main)
    errors = np.abs(gold - predicted) if main == "mae" else (gold - predicted) ** 2
    if main == "rmse":
        return RowSums.of(errors[:, None], lambda sums: np.sqrt(sums[:, 0] / len(gold)))
    if main == "r2":
        spread = float(((gold - gold.mean()) ** 2).sum())
        return RowSums.of(
            errors[:, None], lambda sums: 1 - sums[:, 0] / spread, regression_statistic(main, gold, predicted)
        )
    return _means(errors)


def _correlation(gold: Array, predicted: Array, main: str) -> RowSums:
    from scipy.stats import rankdata, zscore

    x, y = (zscore(rankdata(side) if main == "spearman" else side) for side in (gold, predicted))

    def value(sums: Array) -> Array:
        both, first, second = sums.T  # of x y, y and y²
        return quotient(both, np.sqrt(np.maximum(0, len(x) * second - first**2)))

    return RowSums.of(np.stack([x * y, y, y * y], axis=1), value, regression_statistic(main, gold, predicted))
