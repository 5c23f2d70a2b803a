"""Plain numbers in, scores out; no torch, no files. The metrics are `evaluate.Metric`s that need no network."""

from bertft.scoring.answers import score_answers, tune_null_threshold
from bertft.scoring.comparison import Baseline, Comparison
from bertft.scoring.confusion import Confusion
from bertft.scoring.coverage import Coverage, coverage_at
from bertft.scoring.entities import score_tags
from bertft.scoring.multi_label import best_fixed_labels, score_multi_label
from bertft.scoring.regression import score_regression
from bertft.scoring.scores import Scores, better, higher_is_better, standard_error
from bertft.scoring.single_label import score_single_label
from bertft.scoring.thresholds import tune_thresholds

__all__ = [
    "Baseline",
    "Comparison",
    "Confusion",
    "Coverage",
    "Scores",
    "best_fixed_labels",
    "better",
    "coverage_at",
    "higher_is_better",
    "score_answers",
    "score_multi_label",
    "score_regression",
    "score_single_label",
    "score_tags",
    "standard_error",
    "tune_null_threshold",
    "tune_thresholds",
]
