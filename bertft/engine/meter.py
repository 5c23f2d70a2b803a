"""Counts what goes through the model: examples, tokens, padding, loss, seconds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bertft import console

RECENT = 10.0
"""Seconds that a rate on the screen looks back."""


@dataclass
class Meter:
    """Counts since it was made."""

    examples: int = 0
    tokens: int = 0
    padded_tokens: int = 0
    truncated: int = 0
    """Examples of whose text the model did not see all, where somebody counts them."""
    seconds_before: float = 0.0
    started: float = field(default_factory=time.perf_counter)
    marks: deque[tuple[float, int, int]] = field(default_factory=lambda: deque([(time.perf_counter(), 0, 0)]))
    """When so many examples and tokens were counted, for the rate of the last RECENT seconds."""

    def count(self, *, examples: int, tokens: int, padded_tokens: int) -> None:
        self.examples += examples
        self.tokens += tokens
        self.padded_tokens += padded_tokens

    @property
    def seconds(self) -> float:
        return self.seconds_before + time.perf_counter() - self.started

    @property
    def padding(self) -> float:
        """Share of the batches that is padding, 0 to 1; the fast encoder computes little of it."""
        return 1 - self.tokens / self.padded_tokens if self.padded_tokens else 0.0

    def counts(self) -> dict[str, float]:
        """What a Meter needs to go on counting from here."""
        return {
            "examples": self.examples,
            "tokens": self.tokens,
            "padded_tokens": self.padded_tokens,
            "seconds_before": self.seconds,
        }

    def go_on_from(self, counts: dict[str, float]) -> None:
        """Add what was counted before a stop."""
        self.examples, self.tokens = int(counts["examples"]), int(counts["tokens"])
        self.padded_tokens, self.seconds_before = int(counts["padded_tokens"]), counts["seconds_before"]
        self.marks = deque([(time.perf_counter(), self.examples, self.tokens)])
        self.started = time.perf_counter()

    def timings(self) -> dict[str, float]:
        """For run.json: whole seconds and rates."""
        seconds = max(self.seconds, 1e-9)
        return {
            "seconds": round(seconds, 3),
            "examples": self.examples,
            "examples_per_second": round(self.examples / seconds, 2),
            "tokens_per_second": round(self.tokens / seconds, 1),
            "padding": round(self.padding, 4),
        }

    def recent(self) -> dict[str, float]:
        """Examples and tokens per second of late."""
        now = time.perf_counter()
        self.marks.append((now, self.examples, self.tokens))
        while len(self.marks) > 2 and now - self.marks[1][0] >= RECENT:
            self.marks.popleft()
        then, examples, tokens = self.marks[0]
        seconds = max(now - then, 1e-9)
        return {
            "examples_per_second": round((self.examples - examples) / seconds, 2),
            "tokens_per_second": round((self.tokens - tokens) / seconds, 1),
        }

    def __str__(self) -> str:
        return rates({**self.recent(), "padding": self.padding})


def rates(values: Mapping[str, float]) -> str:
    """In words; the share of padding only for those who want to know."""
    said = f"{values['examples_per_second']:,.0f} ex/s  {values['tokens_per_second']:,.0f} tok/s"
    return f"{said}  padding {values['padding']:.0%}" if console.is_verbose() else said


@dataclass
class RunningMean:
    """Mean loss since the last time it was read."""

    total: float = 0.0
    weight: int = 0

    def add(self, total: float, weight: int) -> None:
        self.total += total
        self.weight += weight

    def add_all(self, losses: Iterable[tuple[float, int]]) -> None:
        """Totals and weights, one after the other."""
        for total, weight in losses:
            self.add(total, weight)

    def read(self) -> float:
        mean = self.total / max(self.weight, 1)
        self.total, self.weight = 0.0, 0
        return mean
