"""Who follows a training: each observer is told what was logged and how the model scored. A tracker, or a live display, is one
class with these two methods; history.jsonl (history.py) and the console are the first."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from bertft import console
from bertft.engine.meter import rates
from bertft.engine.order import Step
from bertft.scoring import Scores


class Observer(Protocol):
    """Is called in all processes."""

    def logged(self, step: Step, values: Mapping[str, float]) -> None:
        """`loss` (mean since the last time), `learning_rate`, `examples_per_second`, `tokens_per_second` (of late) and `padding`
        after a step; about 20 times an epoch."""

    def evaluated(self, step: Step, scores: Scores, verdict: str) -> None:
        """The scores on the validation rows after a step, before the model is saved. `verdict`: what they mean, in words; '' if
        the model is not kept."""


class ConsoleLines:
    """The progress bar, and a line for each evaluation."""

    def __init__(self, bar: console.Bar) -> None:
        self._bar = bar

    def stepped(self, step: Step) -> None:
        """After each step. Only a display that stays in place shows them all."""

    def evaluating(self) -> AbstractContextManager[None]:
        """Around an evaluation and the saving after it."""
        return nullcontext()

    def logged(self, step: Step, values: Mapping[str, float]) -> None:
        self._bar.update(step.number, f"loss {values['loss']:.4f}  {rates(values)}")

    def evaluated(self, step: Step, scores: Scores, verdict: str) -> None:
        shown = [f"{name} {score:.4f}" for name, score in scores.values.items() if name in few(scores)]
        console.note("  ".join([f"Epoch {step.epoch:.2f}", f"step {step.number:,}", *shown, *filter(None, [verdict])]))


def few(scores: Scores) -> list[str]:
    """The main metric and two more that tell something else: what fits on a line."""
    return list(dict.fromkeys([scores.main, *scores.distinct]))[:3]
