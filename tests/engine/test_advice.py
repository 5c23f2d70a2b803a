"""When a run that has ended advises more epochs: only where they would have an effect, and then they do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Said, texts, write_csv

from bertft.engine.advice import Course, advice
from bertft.plan.recipe import Recipe
from bertft.scoring import Baseline, Comparison, Scores

FALLING = [3 - 0.02 * step for step in range(40)]
FLAT = (0.7 + 0.05 * np.random.default_rng(1).normal(size=40)).tolist()
RISING = Course(FLAT, 3, True)


def scores(value: float) -> Scores:
    return Scores("accuracy", {"accuracy": value}, 100, (value - 0.1, value + 0.1))


def advised(
    course: Course, *, value: float = 0.8, rows: int = 360, labels: int = 6, recipe: Recipe | None = None
) -> str:
    comparison = Comparison(scores(value), Baseline("the best single class alone", scores(0.2)))
    return advice(recipe or Recipe(), course, comparison, rows=rows, labels=labels)


def test_a_last_evaluation_that_was_the_best_advises_twice_the_epochs() -> None:
    said = "Still improving: the last evaluation was the best (3 epochs of 360 rows, 60 for each of 6 labels). "
    assert advised(RISING) == f"{said}Train longer: --epochs 6."
    assert advised(RISING, labels=0).endswith("(3 epochs of 360 rows). Train longer: --epochs 6.")
    assert advised(RISING, recipe=Recipe(epochs=20)).endswith("--epochs 30.")


def test_a_falling_loss_counts_while_the_scores_show_nothing() -> None:
    unlearned = replace(RISING, losses=FALLING, improved_last=False)
    assert "the training loss fell to the end" in advised(unlearned, value=0.2)
    assert advised(replace(unlearned, losses=FLAT), value=0.2) == ""
    assert advised(unlearned) == ""  # an earlier epoch was better: more of them would learn the rows by heart
    assert "loss fell" in advised(Course(FALLING, 1, True))
    assert advised(Course(FLAT, 1, True)) == ""  # of one evaluation the last is always the best


@pytest.mark.parametrize(
    ("values", "evaluations", "improved"),
    [([0.5, 0.6, 0.7], 2, True), ([0.5, 0.7, 0.7], 2, False), ([0.8, 0.6, 0.7], 2, False), ([0.5], 0, True)],
    ids=["rising", "a plateau", "the warm start was better", "nothing but the start"],
)
def test_a_course_is_read_from_the_history(values: list[float], evaluations: int, improved: bool) -> None:
    lines = [{"step": 9 * place, "validation": {"accuracy": value}} for place, value in enumerate(values)]
    course = Course.of([{"step": 5, "loss": 0.4}, *lines], metric="accuracy", stopped_early=False)
    assert course == Course([0.4], evaluations, improved, last=values[-1])


@pytest.mark.parametrize(
    "case",
    [
        {"recipe": Recipe(max_steps=100)},
        {"recipe": Recipe(epochs=30)},
        {"value": 1.0},
        {"rows": 67_349, "labels": 2},
        {"course": replace(RISING, stopped_early=True)},
    ],
    ids=["max steps", "most epochs", "perfect", "much seen", "stopped early"],
)
def test_advice_without_an_effect_is_not_given(case: dict[str, object]) -> None:
    assert advised(**{"course": RISING, **case}) == ""  # type: ignore[arg-type]


def test_many_labels_make_many_rows_few() -> None:
    assert advised(RISING, rows=67_349, labels=150) != ""


def test_following_the_advice_scores_more(run: Callable[..., Said], tmp_path: Path, tiny: str) -> None:
    rows = [(text, sum(text.split().count(word) for word in ("good", "fine", "warm")) + 0.5) for text in texts(150)]
    write_csv(tmp_path / "t.csv", ["text", "score"], rows)
    words = ("--regression", "--metric", "mse", "--model", tiny, "--batch-size", 8, "--precision", "fp32", "--quiet")
    words = (*words, "--head-start", "random")
    said = run("train", "t.csv", *words, "--lr", "1e-3", "-o", "short", "--epochs", 2)
    found = re.search(r"Warning: Still improving: .* Train longer: (--epochs) (\d+)\.", said.err)
    assert found, said.err
    run("train", "t.csv", *words, "--lr", "1e-3", "-o", "long", *found.groups())
    short, long = (json.loads(Path(name, "run.json").read_text())["scores"] for name in ("short", "long"))
    assert long["validation"]["value"] < short["validation"]["value"]
