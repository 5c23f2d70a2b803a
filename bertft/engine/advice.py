"""What a run that has ended says of the next one: whether more epochs would help. Judged by how the loss and the scores went, and
by how much the model has seen of each label; the number of steps alone says little."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pvariance
from typing import Any

from bertft.plan.recipe import Recipe
from bertft.scoring import Comparison, Scores, better, higher_is_better

_MOST_EPOCHS = 30
"""That are advised: Mosbach et al. 2021 (arXiv 2006.04884) train small sets for 20."""

MUCH_SEEN = 20_000
"""Training rows seen of each label, all epochs together, beyond which more epochs gain little: SST-2 whole gives 100,000 in three
epochs, RTE 3,700 and banking77 390."""


@dataclass(frozen=True)
class Course:
    """How a training went."""

    losses: Sequence[float]
    """Every logged training loss."""
    evaluations: int
    improved_last: bool
    """Whether the last evaluation was better than each one before."""
    stopped_early: bool = False
    last: float = math.nan
    """The metric in the last evaluation."""

    @classmethod
    def of(cls, history: Sequence[Mapping[str, Any]], *, metric: str, stopped_early: bool) -> Course:
        """From the lines of history.jsonl. What was scored before the first step is no evaluation of the training."""
        losses = [line["loss"] for line in history if "loss" in line]
        evaluated = [line for line in history if "validation" in line]
        *before, last = [line["validation"].get(metric, math.nan) for line in evaluated] or [math.nan]
        improved = bool(evaluated) and all(better(metric, last, value) for value in before)
        return cls(losses, sum(line["step"] > 0 for line in evaluated), improved, stopped_early, last)

    @property
    def loss_falls(self) -> bool:
        """Whether the last quarter of the losses is lower than the quarter before, by more than they scatter."""
        quarter = len(self.losses) // 4
        if quarter < 2:
            return False
        before, last = self.losses[-2 * quarter : -quarter], self.losses[-quarter:]
        scatter = math.sqrt((pvariance(before) + pvariance(last)) / quarter)
        return fmean(before) - fmean(last) > 2 * scatter


def advice(recipe: Recipe, course: Course, comparison: Comparison, *, rows: int, labels: int) -> str:
    """To train longer, where that would have an effect; else ''. `labels` is 0 for answers that have none."""
    labels = max(labels, 1)
    epochs = min(math.ceil(2 * recipe.passes), _MOST_EPOCHS)
    has_effect = recipe.max_steps is None and not course.stopped_early and epochs > recipe.passes
    if not has_effect or rows * recipe.passes / labels > MUCH_SEEN or _is_perfect(comparison.model):
        return ""
    if course.evaluations > 1 and course.improved_last:
        why = "the last evaluation was the best"
    elif course.loss_falls and (course.evaluations == 1 or not comparison.has_learned):
        why = "the training loss fell to the end"
    else:
        return ""
    each = f", {rows / labels:,.0f} for each of {labels:,} labels" if labels > 1 else ""
    return f"Still improving: {why} ({recipe.passes:g} epochs of {rows:,} rows{each}). Train longer: --epochs {epochs}."


def _is_perfect(scores: Scores) -> bool:
    return scores.main_value == (1.0 if higher_is_better(scores.main) else 0.0)
