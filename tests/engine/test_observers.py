"""Observers are told what happens in a training; the console and history.jsonl are the first two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, read_jsonl

from bertft.engine import train_loop
from bertft.engine.observers import ConsoleLines
from bertft.engine.order import Step
from bertft.scoring import Scores

Run = Callable[..., Said]
QUICK = ("--precision", "fp32", "--epochs", 2, "--eval-steps", 3, "--no-refit")


class Notes:
    """An observer that writes down all it is told."""

    def __init__(self) -> None:
        self.logs: list[dict[str, Any]] = []
        self.scores: list[dict[str, Any]] = []
        self.verdicts: list[str] = []

    def logged(self, step: Step, values: Mapping[str, float]) -> None:
        self.logs.append({"step": step.number, "epoch": round(step.epoch, 4), **values})

    def evaluated(self, step: Step, scores: Scores, verdict: str) -> None:
        self.scores.append({"step": step.number, "epoch": round(step.epoch, 4), "validation": dict(scores.values)})
        self.verdicts.append(verdict)


def test_one_class_is_told_all_that_the_history_and_the_console_are(
    run: Run, reviews: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, whole = Notes(), train_loop.train
    monkeypatch.setattr(train_loop, "train", lambda *words: whole(*words[:-1], [*words[-1], notes]))
    said = run("train", reviews, "--model", tiny, "-o", "run", *QUICK)
    history = read_jsonl(Path("run/history.jsonl"))
    assert [line for line in history if "loss" in line] == notes.logs
    assert [line for line in history if "validation" in line] == notes.scores
    assert len(notes.logs) == 8  # each of few steps
    assert [line["step"] for line in notes.scores] == [0, 3, 6, 8]
    shown = [line for line in said.err.splitlines() if line.startswith("Epoch ")]
    for line, found, verdict in zip(shown, notes.scores, notes.verdicts, strict=True):
        assert line.startswith(f"Epoch {found['epoch']:.2f}  step {found['step']}  ")
        assert line.endswith(verdict)
        assert f"accuracy {found['validation']['accuracy']:.4f}" in line
    assert notes.verdicts[0]


class Bar:
    def __init__(self) -> None:
        self.shown: list[tuple[int, str]] = []

    def update(self, done: int, words: str = "") -> None:
        self.shown.append((done, words))


def test_the_bar_shows_loss_and_speed() -> None:
    bar = Bar()
    values = {"loss": 0.69314, "learning_rate": 1e-4, "examples_per_second": 1234.56, "tokens_per_second": 9.9}
    ConsoleLines(bar).logged(Step(7, 0.5, []), {**values, "padding": 0.1234})  # type: ignore[arg-type]
    assert bar.shown == [(7, "loss 0.6931  1,235 ex/s  10 tok/s")]


def test_the_line_of_an_evaluation_holds_the_main_metric_two_others_and_the_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scores = Scores("f1", {"accuracy": 0.5, "f1": 0.25, "recall": 0.75, "precision": 1.0}, 4)
    for verdict in ("best so far", ""):
        ConsoleLines(Bar()).evaluated(Step(1200, 1.5, []), scores, verdict)  # type: ignore[arg-type]
    line = "Epoch 1.50  step 1,200  accuracy 0.5000  f1 0.2500  recall 0.7500"
    assert capsys.readouterr().err.splitlines() == [f"{line}  best so far", line]
