"""The checkpoints of a run, the best model and the last state, and when to stop. One metric decides all three.

The best model stands in the run folder itself, ready for transformers, until a refit (refit.py) takes its place; the last state
stands in `checkpoint/`. The state is saved after an evaluation, unless less than FEW_STEPS were taken since the last one, every
SAVE_SECONDS in between (or every `save_steps`), at the end, and when a signal ends the run.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bertft import console
from bertft.engine import resume
from bertft.engine.advice import Course
from bertft.engine.history import History
from bertft.engine.meter import Meter, RunningMean
from bertft.engine.order import Step
from bertft.engine.resume import while_writing
from bertft.engine.sharding import whole_weights
from bertft.engine.step import Stepper
from bertft.model.folder import save_network
from bertft.protocols import Device, Network
from bertft.runs import CHECKPOINT
from bertft.scoring import Baseline, Scores, better, standard_error

SAVE_SECONDS = 600
"""At most so much work is lost when the power fails."""


FEW_STEPS = 50
"""Optimizer steps since the last state that an evaluation need not save: epochs of small files take less time than saving."""


@dataclass(frozen=True)
class Judgement:
    """What an evaluation means for the model."""

    improved: bool
    """Whether it takes the place of the best so far."""
    words: str
    """'' if it is not kept."""


class Checkpoints:
    """Of one run. Only the main process writes."""

    def __init__(
        self,
        folder: Path,
        *,
        metric: str,
        patience: int | None,
        accelerator: Device,
        facts: Mapping[str, Any],
        save_steps: int | None = None,
        resuming: bool = False,
        warm: bool = False,
        baseline: Baseline | None = None,
    ) -> None:
        """`facts` about data and versions are stored with each state; a resumed run must have the same data. `resuming`: from
        the state in the folder. `warm`: the network already knows something before its first step. `baseline` is what a model
        must beat before an evaluation is called the best so far."""
        self.folder, self.metric, self.patience = folder, metric, patience
        self.accelerator, self.facts, self.save_steps = accelerator, facts, save_steps
        self.baseline = baseline
        self.step, self.meter, self.running = 0, Meter(), RunningMean()
        self.best_step, self.best_value, self.slack = 0, float("nan"), 0.0
        self.without_gain = 0
        self.owes_evaluation = False
        self.history = History(folder, writes=accelerator.is_main_process)
        self.warm = warm
        self._resuming = resuming
        self._before: deque[tuple[int, dict[str, Any]]] = deque(maxlen=2)
        """The schedule before each of the last two steps."""
        self._saved_step, self._saved_at = 0, time.monotonic()
        if not self._resuming:
            self.history.begin()

    def attach(self, network: Network, optimizer: Any, schedule: Any, stepper: Stepper) -> None:
        """Hand over what is saved; when resuming, fill it from the last state."""
        self._network, self._optimizer, self._schedule, self._stepper = network, optimizer, schedule, stepper
        if not self._resuming:
            return
        state = resume.load_state(self.folder, network, optimizer, schedule, facts=self.facts)
        self.step = self._saved_step = state["step"]
        self.best_step, self.best_value = state["best_step"], float(state["best_value"])
        self.slack = float(state.get("slack", 0.0))
        self.without_gain, self.owes_evaluation = state["without_gain"], state["owes_evaluation"]
        self.meter.go_on_from(state["meter"])
        self.running = RunningMean(**state["running"])
        stepper.pieces = state["pieces"]
        if self.accelerator.scaler is not None and state["scaler"]:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.history.forget_after(self.step, with_evaluation=not self.owes_evaluation)
        console.note(f"Continuing after step {self.step:,} of {self.folder}.")

    @property
    def stops(self) -> bool:
        """Whether the patience is at its end."""
        return self.patience is not None and self.without_gain >= self.patience

    def save_is_due(self) -> bool:
        """Whether the state is to be saved after the step that is under way. Only the main process looks at the clock."""
        if self.save_steps is not None:
            return (self.step + 1) % self.save_steps == 0
        return bool(self.accelerator.is_main_process) and time.monotonic() - self._saved_at > SAVE_SECONDS

    def about_to_take(self, step: Step) -> None:
        """Remember what may have to be gone back to: a step may turn out to be none after the next one was begun."""
        self._before.append((step.number, self._schedule.state_dict()))

    def go_back_before(self, number: int) -> None:
        """Forget a step that came to nothing, and the one that was begun after it. Neither has changed the weights."""
        self.step = number - 1
        self._schedule.load_state_dict(dict(self._before)[number])
        for group, rate in zip(self._optimizer.param_groups, self._schedule.get_last_lr(), strict=True):
            group["lr"] = rate

    def count(self, step: Step, losses: Sequence[tuple[float, int]]) -> None:
        """A step is done; `losses` of those that are known now."""
        self.step = step.number
        self.learned(losses)

    def learned(self, losses: Sequence[tuple[float, int]]) -> None:
        """What steps have come to, in their order: summed losses and what they weigh."""
        self.running.add_all(losses)

    def progress(self, *, learning_rate: float) -> dict[str, float]:
        """What observers are told: the mean loss since the last time, and how fast the run is of late."""
        rates = {**self.meter.recent(), "padding": round(self.meter.padding, 4)}
        return {"loss": self.running.read(), "learning_rate": learning_rate, **rates}

    def consider(self, scores: Scores, step: Step) -> Judgement:
        """Whether the model is the best so far, by its scores after a step; counted for the early stop."""
        value = scores.main_value
        gained = math.isnan(self.best_value) or better(scores.main, value, self.best_value)
        self.without_gain = 0 if gained else self.without_gain + 1
        improved = gained or self._is_as_good(value)
        if improved and self.slack:
            self.without_gain = 0
        if improved:
            self.best_step, self.best_value = step.number, value
            self.slack = standard_error(scores) if step.number == 0 else 0.0
        return Judgement(improved, self._praise(scores, gained) if improved else "")

    def keep(self, verdict: Judgement, step: Step, *, save: bool) -> None:
        """The model, if that is the verdict; and the state, where it is time to `save` or much was done since the last."""
        if verdict.improved:
            weights = whole_weights(self._network)  # of all processes
            with while_writing(self.folder):
                if self.accelerator.is_main_process:
                    save_network(self._network, self.folder, weights)
        if save or self.stops or step.number - self._saved_step >= FEW_STEPS:
            self.save()

    def _is_as_good(self, value: float) -> bool:
        """Among equals, the one that has learned longest. The warm start stays only if it is better than chance allows: on few
        validation rows it may look good by luck, and what is trained after it is better as a rule."""
        return abs(value - self.best_value) <= self.slack

    def _praise(self, scores: Scores, gained: bool) -> str:
        """Of an evaluation whose model is kept: how it stands to the constant answer, while it is no better."""
        beaten = self.baseline is None or self.baseline.beaten_by(scores)
        if beaten and not gained:
            return "kept: as good as the best"
        return "best so far" if beaten else f"no better yet: {self.baseline}"

    def save(self, *, owes_evaluation: bool = False) -> None:
        """The state after the current step."""
        self.owes_evaluation = owes_evaluation
        state = resume.state_of(self._network, self._optimizer, self._schedule, self._counters())  # of all processes
        if self.accelerator.is_main_process:
            with while_writing(self.folder):
                resume.save_state(self.folder, state)
        self._saved_step, self._saved_at = self.step, time.monotonic()
        self.accelerator.wait_for_everyone()

    def save_good_state(self) -> str:
        """The state before a step that came to nothing; what to say about it."""
        if self.step > self._saved_step:
            self.save()
        kept = [f"the state after step {self.step:,} is saved in {self.folder / CHECKPOINT}"] if self.step else []
        if not math.isnan(self.best_value):
            kept += [f"the best model (step {self.best_step:,}) stands in {self.folder}"]
        said = ", ".join(kept)
        said = f"{said[:1].upper()}{said[1:]}. " if said else ""
        return f"{said}Train again with a smaller --lr, or look at these rows."

    def start_scores(self) -> Scores | None:
        """What the model scored before its first step, if it was asked then."""
        lines = (line for line in self.history.lines() if line["step"] == 0 and "validation" in line)
        return next((Scores(self.metric, line["validation"], examples=0) for line in lines), None)

    def course(self) -> Course:
        """How the training went, for advice."""
        return Course.of(self.history.lines(), metric=self.metric, stopped_early=self.stops)

    def _counters(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "meter": self.meter.counts(),
            "running": asdict(self.running),
            "pieces": self._stepper.pieces,
            "scaler": self.accelerator.scaler.state_dict() if self.accelerator.scaler else None,  # of fp16
            "best_step": self.best_step,
            "best_value": str(self.best_value),
            "slack": self.slack,
            "without_gain": self.without_gain,
            "owes_evaluation": self.owes_evaluation,
            "facts": dict(self.facts),
        }
