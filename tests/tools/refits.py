"""Runs with a refit: their words, and what is made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from errands import words_of as plain_words

from bertft.engine import refit, training
from bertft.engine.judging import Validator
from bertft.engine.step import Stepper

BEST = Path("run/checkpoint/best")


def words_of(errand: str, folder: Path, model: str) -> list[str]:
    """Without --no-refit: what is asked for by default."""
    return [word for word in plain_words(errand, folder, model) if word != "--no-refit"]


def record(run: str = "run") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(run, "run.json").read_text())
    return found


def make_cheap(monkeypatch: pytest.MonkeyPatch, cheap: bool) -> None:
    """These tiny files are cheap to train on anew, unless nothing is."""
    monkeypatch.setattr(refit, "CHEAP", refit.CHEAP if cheap else 0)


def let_all_be_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the last epoch and the refit are worth on twelve rows, which rounding may decide."""
    monkeypatch.setattr(refit, "is_as_good", lambda *_: True)
    monkeypatch.setattr(training, "is_as_good", lambda *_: True)


def is_refit(stepper: Stepper) -> bool:
    """Of the steps that are taken: the run itself evaluates, a stage does not; there is no other stage in these runs."""
    return not isinstance(stepper.made_of.evaluate, Validator)
