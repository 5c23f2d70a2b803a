"""What a user wants to be told of each row. No torch here: a service may be the one that answers."""

from __future__ import annotations

from dataclasses import dataclass

MOST_ANSWERS = 20
"""So many answers to a question are kept."""


@dataclass(frozen=True)
class Answer:
    """What `predict` was asked to say of each row."""

    top_k: int | None = None
    """So many best labels with their probabilities; None: only the answer."""
    min_probability: float | None = None
    """No label below this. For multi-label it takes the place of the thresholds."""
    min_accuracy: float | None = None
    """Chooses `min_probability`, so that the labels that are given are so accurate."""
    scheme: str | None = None
    """Tag scheme of the output; None: the model's."""
    n_best: int | None = None
    """So many answers to each question."""
    fallback_label: str | None = None
    """Given to a row that gets no label; None: its label stays empty."""
