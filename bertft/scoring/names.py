"""The metrics by name and problem, so that a card or a flag is checked before anything is trained."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from bertft.errors import UsageError

AVERAGES = tuple(
    f"{family}_{average}" for family in ("f1", "precision", "recall") for average in ("macro", "micro", "weighted")
)
BINARY = ("f1", "precision", "recall")
"""With two labels only: the second label is the positive one, as in GLUE."""

METRICS: dict[str, tuple[str, ...]] = {
    "single-label": ("accuracy", *BINARY, *AVERAGES, "mcc", "roc_auc"),
    "multi-label": (*AVERAGES, "f1_samples", "subset_accuracy", "hamming_loss", "roc_auc", "average_precision"),
    "regression": ("pearson", "spearman", "mse", "rmse", "mae", "r2"),
    "token-classification": (
        *("f1", "precision", "recall", "f1_macro", "f1_lenient", "precision_lenient", "recall_lenient", "accuracy"),
    ),
    "question-answering": (
        *("f1", "exact_match", "has_answer_f1", "has_answer_exact_match", "no_answer_accuracy"),
        *("cmrc_f1", "cmrc_exact_match"),
    ),
}
ALIASES = {
    "matthews_correlation": "mcc",
    "matthews": "mcc",
    "auc": "roc_auc",
    "pearsonr": "pearson",
    "spearmanr": "spearman",
    "r_squared": "r2",
    "exact_match": "subset_accuracy",
    "map": "average_precision",
    "exact": "exact_match",
    "em": "exact_match",
    "hasans_f1": "has_answer_f1",
    "hasans_exact": "has_answer_exact_match",
    "noans_f1": "no_answer_accuracy",
    "noans_exact": "no_answer_accuracy",
}
"""Names of the same metrics elsewhere (evaluate, scipy, SQuAD)."""


def check_metric(problem: str, name: str, *, labels: int | None = None) -> str:
    """Our own name of a metric. `labels` is the number of labels, where it is known already."""
    known = METRICS[problem]
    name = name.strip().lower().replace("-", "_")
    name = name if name in known else ALIASES.get(name, name)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"Did you mean '{close[0]}'? " if close else ""
        raise UsageError(f"There is no metric '{name}' for {problem} data. {hint}Known: {', '.join(known)}.")
    if problem == "single-label" and name in BINARY and labels not in (None, 2):
        raise UsageError(
            f"'{name}' is for two labels, here are {labels}: use {name}_macro, {name}_micro or {name}_weighted."
        )
    return name


def load_metric(name: str) -> Any:
    """Any other metric that `evaluate` knows, as its own `Metric`; it is downloaded, so it may not be there."""
    import evaluate

    try:
        return evaluate.load(name)
    except Exception as error:  # a missing module, a missing network and a missing package all raise something else
        reason = str(error).strip().split("\n")[0]
        ours = ", ".join(dict.fromkeys(name for known in METRICS.values() for name in known))
        raise UsageError(
            f"The metric '{name}' is none of ours, and evaluate could not load it: {reason}. "
            f"These need no network: {ours}."
        ) from error
