"""A card's metric, however it is spelled, chooses the best model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import read_jsonl, sentiment, texts, write_csv, write_jsonl

CARD = """\
name = "mine"
summary = "?"
kind = "{kind}"
metrics = ["{metric}"]
metric = "{metric}"

[columns]
text = "text"
label = "answer"
"""


def card(kind: str, metric: str, *more: str) -> Path:
    path = Path("mine.toml")
    path.write_text("\n".join([*more, CARD.format(kind=kind, metric=metric)]), encoding="utf-8")
    return path


def kept_and_all(metric: str) -> tuple[float, list[float]]:
    """The score of the model that was kept, and of every evaluation."""
    kept = json.loads(Path("run/run.json").read_text(encoding="utf-8"))["scores"]["validation"]["values"][metric]
    return kept, [line["validation"][metric] for line in read_jsonl(Path("run/history.jsonl")) if "validation" in line]


@pytest.mark.parametrize("spelling", ["MSE", "RMSE", "Mae"])
def test_the_smallest_error_is_kept_whatever_its_spelling(run: Any, tiny: str, spelling: str) -> None:
    rows = [(text, f"{len(text) / 10 + 0.05:.2f}") for text in texts(60)]
    data = write_csv(Path("data.csv"), ["text", "answer"], rows)
    path = card("text-classification", spelling, 'problem = "regression"')
    run("train", data, "--task", path, "--model", tiny, "-o", "run", "--lr", "3e-2", "--epochs", 6)
    kept, seen = kept_and_all(spelling.lower())
    assert kept == pytest.approx(min(seen), rel=1e-6)
    assert kept < max(seen)


def test_a_run_from_before_goes_on_however_its_metric_was_spelled(run: Any, tiny: str) -> None:
    rows = [(text, f"{len(text) / 10 + 0.05:.2f}") for text in texts(40)]
    data = write_csv(Path("data.csv"), ["text", "answer"], rows)
    path = card("text-classification", "mse", 'problem = "regression"')
    words = ("train", data, "--task", path, "--model", tiny, "-o", "run", "--max-steps", 2)
    run(*words)
    plan = Path("run/plan.toml")
    plan.write_text(plan.read_text(encoding="utf-8").replace('"mse"', '"MSE"'), encoding="utf-8")
    assert "already finished, after 2 steps" in run("train", "--resume", "-o", "run").err


def test_a_tagger_is_scored_by_its_metric_in_capitals(run: Any, tiny: str) -> None:
    words = [text.split() for text in texts(40)]
    tags = [["B-X" if sentiment(word) == "pos" else "O" for word in line] for line in words]
    rows = [{"text": line, "answer": said} for line, said in zip(words, tags, strict=True)]
    data = write_jsonl(Path("data.jsonl"), rows)
    run("train", data, "--task", card("token-classification", "F1"), "--model", tiny, "-o", "run", "--epochs", 4)
    kept, seen = kept_and_all("f1")
    assert kept == pytest.approx(max(seen))
