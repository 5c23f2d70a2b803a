"""The metrics by name and problem, so that a card or a flag is checked before anything is trained."""

from __future__ import annotations

from difflib import get_close_matches

from bertft.errors import UsageError
from bertft.kinds import PROBLEMS

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


def canonical(problem: str, name: str) -> str:
    """Our own spelling of a metric's name; it need not be one that we know. `problem` is that of a card, or its kind."""
    name = name.strip().lower().replace("-", "_")
    return name if name in PROBLEMS[problem].metrics else ALIASES.get(name, name)


def check_metric(problem: str, name: str, *, labels: int | None = None) -> str:
    """Our own name of a metric. `labels` is the number of labels, where it is known already."""
    known, name = PROBLEMS[problem].metrics, canonical(problem, name)
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"Did you mean '{close[0]}'? " if close else ""
        raise UsageError(f"There is no metric '{name}' for {problem} data. {hint}Known: {', '.join(known)}.")
    if name in PROBLEMS[problem].binary_metrics and labels not in (None, 2):
        raise UsageError(
            f"'{name}' is for two labels, here are {labels}: use {name}_macro, {name}_micro or {name}_weighted."
        )
    return name
