"""What a training shows while it runs: on a terminal a display that stays in place, in a pipe plain lines."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bertft import console
from bertft.engine.meter import rates
from bertft.engine.observers import ConsoleLines
from bertft.engine.order import Step
from bertft.live import LiveBar, live_bar
from bertft.scoring import Scores

LOOKS_BACK = 60.0
"""Seconds of training from which the time of the steps to come is estimated."""


class Pace:
    """How long the rest will take: the steps as fast as of late, each evaluation as long as the last one."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.started = self._since = clock()
        self._spent, self._evaluation = 0.0, 0.0
        self._marks: deque[tuple[float, int]] = deque()

    def stepped(self, number: int) -> None:
        """A step is done."""
        now = self._clock()
        self._spent, self._since = self._spent + now - self._since, now
        self._marks.append((self._spent, number))
        while len(self._marks) > 2 and self._spent - self._marks[1][0] >= LOOKS_BACK:
            self._marks.popleft()

    @contextmanager
    def evaluation(self) -> Iterator[None]:
        """Inside, no step is taken."""
        began = self._clock()
        yield
        self._since = self._clock()
        self._evaluation = self._since - began

    def left(self, steps: int, evaluations: int) -> float | None:
        """Seconds; None before two steps are done. The first step, in which the machine warms up, does not count."""
        if len(self._marks) < 2:
            return None
        (then, first), (now, last) = self._marks[0], self._marks[-1]
        return steps * (now - then) / (last - first) + evaluations * self._evaluation

    def took(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self.started


@dataclass(frozen=True)
class Outlook:
    """What is known of the way before the first step."""

    total_steps: int
    eval_every: int
    epochs: float
    may_stop_early: bool = False
    metric: str = ""
    best: tuple[float, int] | None = None
    """Main metric and step of the best model so far, where the run goes on with an earlier one."""

    def evaluations_after(self, step: int) -> int:
        """How many are still to come; the last step has one in any case."""
        between = self.total_steps // self.eval_every - step // self.eval_every
        return between + (self.total_steps % self.eval_every > 0 and step < self.total_steps)


class LiveLines(ConsoleLines):
    """The display on a terminal, and a line above it for each evaluation."""

    def __init__(self, bar: LiveBar, outlook: Outlook, pace: Pace | None = None) -> None:
        self._shown, self._outlook, self._pace = bar, outlook, pace or Pace()
        self._step, self._epoch = 0, 0.0
        self._values, self._best = "", _best(outlook.metric, *outlook.best) if outlook.best else ""

    def stepped(self, step: Step) -> None:
        self._pace.stepped(step.number)
        self._step, self._epoch = step.number, step.epoch
        self._tell(self._left())

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        self._tell("evaluating")
        with self._pace.evaluation():
            yield
        self._tell(self._left())

    def logged(self, step: Step, values: Mapping[str, float]) -> None:
        speed = rates(values) if console.is_verbose() else f"{values['examples_per_second']:,.0f} ex/s"
        self._values = f"loss {values['loss']:.4f}  lr {values['learning_rate']:.2g}  {speed}"
        self._tell(self._left())

    def evaluated(self, step: Step, scores: Scores, verdict: str) -> None:
        super().evaluated(step, scores, verdict)
        if verdict:
            self._best = _best(scores.main, scores.main_value, step.number)

    def ended(self) -> None:
        """The last state, which stays on the screen."""
        self._tell(f"took {_clock_words(self._pace.took())}")

    def _left(self) -> str:
        steps = self._outlook.total_steps - self._step
        seconds = self._pace.left(steps, self._outlook.evaluations_after(self._step))
        at_most = "at most " if self._outlook.may_stop_early else ""
        return "" if seconds is None else f"{at_most}{_clock_words(seconds)} left"

    def _tell(self, beside: str) -> None:
        epoch = f"epoch {self._epoch:.2f} of {self._outlook.epochs:.3g}"
        below = "  ".join(part for part in (self._values, self._best) if part)
        self._shown.tell(self._step, "  ".join(part for part in (epoch, beside) if part), below)


def _best(metric: str, value: float, step: int) -> str:
    return f"best {metric} {value:.4f} (step {step:,})"


def _clock_words(seconds: float) -> str:
    """As 0:07 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def display(outlook: Outlook) -> Iterator[ConsoleLines]:
    """The display of one training, an observer."""
    if not console.draws():
        with console.progress("Training", outlook.total_steps) as bar:
            yield ConsoleLines(bar)
        return
    with live_bar("Training", outlook.total_steps) as drawn:
        shown = LiveLines(drawn, outlook)
        try:
            yield shown
        finally:
            shown.ended()
