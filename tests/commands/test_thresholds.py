"""Multi-label thresholds: tuned on the validation rows, kept in the run folder, used by predict, and said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Said, read_jsonl, texts, write_jsonl
from sklearn.metrics import f1_score

Run = Callable[..., Said]
NAMES = ("bad", "film", "good")


@pytest.fixture
def several(run: Run, tmp_path: Path, tiny: str) -> list[dict[str, object]]:
    """A run over rows that name three words, with 80 validation rows."""
    rows = [{"text": text, "labels": [name for name in NAMES if name in text.split()]} for text in texts(240)]
    write_jsonl(tmp_path / "t.jsonl", rows[:160])
    write_jsonl(tmp_path / "v.jsonl", rows[160:])
    words = ("--epochs", 6, "--lr", "5e-3", "--batch-size", 8, "--precision", "fp32")
    run("train", "t.jsonl", "--validation", "v.jsonl", "--model", tiny, "-o", "run", *words)
    return rows[160:]


def test_tuned_thresholds_are_kept_used_and_said(run: Run, tmp_path: Path, several: list[dict[str, object]]) -> None:
    thresholds = np.array(list(json.loads(Path("run/bertft.json").read_text())["stored"]["thresholds"].values()))
    assert (thresholds != 0.5).any()
    run("predict", "run", "v.jsonl", "-o", "all.jsonl", "--min-probability", 0, "--precision", "fp32")
    run("predict", "run", "v.jsonl", "-o", "out.jsonl", "--precision", "fp32")
    by_name = [
        dict(zip(row["predicted_labels"], row["probabilities"], strict=True))
        for row in read_jsonl(tmp_path / "all.jsonl")
    ]
    probabilities = np.array([[row[name] for name in NAMES] for row in by_name])
    given = [row["predicted_labels"] for row in read_jsonl(tmp_path / "out.jsonl")]
    for labels, row in zip(given, probabilities, strict=True):
        for name, probability, threshold in zip(NAMES, row, thresholds, strict=True):
            if abs(probability - threshold) > 2e-6:  # the file holds six decimals
                assert (name in labels) == (probability > threshold)
    gold = np.array([[name in row["labels"] for name in NAMES] for row in several])  # type: ignore[operator]
    scores = json.loads(Path("run/run.json").read_text())["scores"]["validation"]
    answers = np.array([[name in labels for name in NAMES] for labels in given])
    tuned, plain = (
        f1_score(gold, found, average="micro", zero_division=0) for found in (answers, probabilities >= 0.5)
    )
    assert scores["values"]["f1_micro"] == pytest.approx(tuned, abs=1e-6)
    assert f"with 0.5 for all f1_micro is {plain:.4f}" in scores["notes"][-1]
    assert scores["notes"][-1] in Path("run/README.md").read_text()


def test_eval_of_the_validation_file_repeats_the_scores_of_training(run: Run, several: list[dict[str, object]]) -> None:
    said = run("eval", "run", "v.jsonl", "--precision", "fp32", "--json")
    scores = json.loads(Path("run/run.json").read_text())["scores"]["validation"]
    assert json.loads(said.out)["values"] == pytest.approx(scores["values"])
