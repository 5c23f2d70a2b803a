"""A score and its interval, as every table and page shows them."""

from __future__ import annotations

from bertft.scoring import Scores


def value_text(scores: Scores, metric: str) -> str:
    """`0.9167`."""
    return f"{scores.values[metric]:.4f}" if metric in scores.values else "undefined"


def interval_text(scores: Scores, without: str = "") -> str:
    """`0.8833 to 0.9417`, of the main metric; `without`: what stands where there is no interval."""
    return "{:.4f} to {:.4f}".format(*scores.interval) if scores.interval else without
