"""What is left to say of a training when its network is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bertft.engine.advice import Course
from bertft.engine.checkpoints import Checkpoints
from bertft.plan.recipe import Recipe
from bertft.scoring import Scores


@dataclass(frozen=True)
class Learned:
    """What is left to say of a training when its network is gone."""

    parameters: tuple[int, int]
    timings: Mapping[str, float]
    steps: int
    epochs: float
    """That were trained."""
    best_step: int
    course: Course
    """Of the main process; another has no history."""
    computing: Mapping[str, float] = field(default_factory=dict)
    """How long the outputs of a frozen backbone took, once."""
    start: Scores | None = None
    """On the validation rows, of the model before its first step; None where its head was random."""

    @property
    def all_timings(self) -> dict[str, Mapping[str, float]]:
        """For run.json; of a head on a frozen backbone also what came once before."""
        return {**({"features": self.computing} if self.computing else {}), "train": self.timings}


def learned_in(
    checkpoints: Checkpoints, parameters: tuple[int, int], timings: Mapping[str, float], epochs: float
) -> Learned:
    """What the checkpoints of a training tell, and what they do not."""
    return Learned(
        parameters,
        timings,
        checkpoints.step,
        epochs,
        checkpoints.best_step,
        checkpoints.course(),
        start=checkpoints.start_scores(),
    )


def as_trained(recipe: Recipe, learned: Learned) -> Recipe:
    """The recipe with the epochs, or the steps, that an early stop left of it."""
    if not learned.course.stopped_early:
        return recipe
    return replace(recipe, epochs=learned.epochs, max_steps=None if recipe.max_steps is None else learned.steps)
