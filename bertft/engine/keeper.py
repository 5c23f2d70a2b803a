"""Keeps the best model and the last state, and knows when to stop. One metric decides all three.

The best model stands in the run folder itself, ready for transformers; the last state stands in `checkpoint/`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bertft import console
from bertft.engine import resume
from bertft.engine.meter import Meter
from bertft.engine.order import Step
from bertft.model.folder import save_network
from bertft.scoring import Scores, better

HISTORY = "history.jsonl"


class Keeper:
    """The memory of one run. Only the main process writes."""

    def __init__(self, folder: Path, *, metric: str, patience: int | None, accelerator: Any, resuming: bool) -> None:
        self.folder, self.metric, self.patience = folder, metric, patience
        self.accelerator = accelerator
        self.step, self.meter = 0, Meter()
        self.best_step, self.best_value = 0, float("nan")
        self.without_gain = 0
        self.improved = False
        self._resuming = resuming
        if not resuming and accelerator.is_main_process:
            (folder / HISTORY).write_text("", encoding="utf-8")

    def attach(self, network: Any, optimizer: Any, schedule: Any) -> None:
        """Give the keeper what it saves; when resuming, fill it from the last state."""
        self._network, self._optimizer, self._schedule = network, optimizer, schedule
        if self._resuming:
            state = resume.load_state(self.folder, network, optimizer, schedule)
            self.step, self.meter = state["step"], Meter(**state["meter"])
            self.best_step, self.best_value = state["best_step"], float(state["best_value"])
            self.without_gain = state["without_gain"]
            self._forget_history_after(self.step)
            console.note(f"Going on after step {self.step:,} of {self.folder}.")

    @property
    def stops(self) -> bool:
        """Whether the patience is at its end."""
        return self.patience is not None and self.without_gain >= self.patience

    def log(self, step: Step, *, loss: float, learning_rate: float, meter: Meter) -> None:
        """A line of the training loss."""
        rates = {key: value for key, value in meter.timings().items() if key.endswith(("_second", "padding"))}
        self._write(
            {"step": step.number, "epoch": round(step.epoch, 4), "loss": loss, "learning_rate": learning_rate} | rates
        )

    def consider(self, scores: Scores, step: Step, meter: Meter) -> None:
        """Keep the model if it is the best so far, and the state in any case."""
        value = scores.main_value
        self.improved = not self.best_step or better(self.metric, value, self.best_value)
        self.without_gain = 0 if self.improved else self.without_gain + 1
        if self.improved:
            self.best_step, self.best_value = step.number, value
        self._write({"step": step.number, "epoch": round(step.epoch, 4), "validation": scores.values})
        shown = "  ".join(f"{name} {score:.4f}" for name, score in scores.values.items() if name in _few(scores))
        console.note(f"Epoch {step.epoch:.2f}  step {step.number:,}  {shown}{'  best so far' if self.improved else ''}")
        self._save(step, meter)

    def _save(self, step: Step, meter: Meter) -> None:
        self.step = step.number
        if self.accelerator.is_main_process:
            if self.improved:
                save_network(self._network, self.folder)
            resume.save_state(self.folder, self._network, self._optimizer, self._schedule, self._state(meter))
        self.accelerator.wait_for_everyone()

    def _state(self, meter: Meter) -> dict[str, Any]:
        return {
            "step": self.step,
            "meter": meter.counts(),
            "best_step": self.best_step,
            "best_value": str(self.best_value),
            "without_gain": self.without_gain,
        }

    def _write(self, line: dict[str, Any]) -> None:
        if self.accelerator.is_main_process:
            with (self.folder / HISTORY).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def _forget_history_after(self, step: int) -> None:
        if self.accelerator.is_main_process:
            path = self.folder / HISTORY
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            path.write_text("".join(line for line in lines if json.loads(line)["step"] <= step), encoding="utf-8")


def _few(scores: Scores) -> list[str]:
    """The main metric and two more: what fits on a line."""
    others = [name for name in scores.values if name != scores.main]
    return [scores.main, *others[:2]]
