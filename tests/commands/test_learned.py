"""A run that has not learned says so, with --quiet too; one that has does not. Random labels, and an encoder that is frozen."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, read_jsonl, texts, write_jsonl
from tagged import asked_rows, tagged_rows

Run = Callable[..., Said]
GOOD, BAD = ("good", "great", "fine", "warm", "quick"), ("bad", "awful", "poor", "cold", "slow")


def random_rows(kind: str, count: int, seed: int) -> list[dict[str, Any]]:
    """Labels that have nothing to do with the texts."""
    chance = random.Random(seed)
    if kind == "tags":
        return [{**row, "tags": chance.sample(row["tags"], k=len(row["tags"]))} for row in _plain_tags(count, seed)]
    if kind == "answers":
        return [{**row, "question": "good film"} for row in asked_rows(count, seed=seed, unanswerable=True)]
    draw: dict[str, Callable[[], object]] = {
        "single-label": lambda: chance.choice("abc"),
        "multi-label": lambda: chance.sample("abc", k=chance.randint(0, 2)),
        "regression": lambda: round(chance.gauss(2, 1), 3),
    }
    return [{"text": text, "label": draw[kind]()} for text in texts(count, seed=seed)]


def _plain_tags(count: int, seed: int) -> list[dict[str, Any]]:
    rows = tagged_rows(count, seed=seed)
    return [{**row, "tags": ["O" if tag.startswith("I-") else tag for tag in row["tags"]]} for row in rows]


KINDS = {
    "single-label": ("accuracy", "the best single class alone gives"),
    "multi-label": ("f1_micro", "the best fixed set of labels alone gives"),
    "regression": ("spearman", "the mean of the training rows alone gives 0.0000, as it cannot rank"),
    "tags": ("f1", "the best single tag alone gives"),
    "answers": ("f1", "never answering gives"),
}
WORDS = {
    "multi-label": ("--multi-label",),
    "regression": ("--regression",),
    "tags": ("--task", "token-classification"),
    "answers": ("--task", "question-answering"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_random_labels_and_a_frozen_encoder_are_not_learned_and_it_is_said(
    run: Run, tmp_path: Path, tiny: str, kind: str
) -> None:
    write_jsonl(tmp_path / "t.jsonl", random_rows(kind, 120, seed=1))
    write_jsonl(tmp_path / "v.jsonl", random_rows(kind, 60, seed=2))
    words = ("--validation", "v.jsonl", "--model", tiny, "--freeze", "encoder", "--precision", "fp32", "--quiet")
    said = run("train", "t.jsonl", *words, *WORDS.get(kind, ()), "--max-steps", 8, "--json", "-o", "run")
    metric, constant = KINDS[kind]
    warning = next(line for line in said.err.splitlines() if line.startswith("Warning: Validation"))
    assert warning.startswith(f"Warning: Validation {metric} ")
    assert constant in warning
    assert re.search("learned nothing|may be chance|nothing beyond the label counts", warning)
    found = json.loads(Path("run/run.json").read_text())["reference"]
    assert json.loads(said.out)["reference"] == found
    assert not found["has_learned"]
    assert (found["start"] or {}).get("main") == (None if kind == "answers" else metric)  # no linear fit finds answers
    assert f"Warning: {found['summary']}" == warning
    assert f"{constant.split(' gives')[0]} gives" in Path("run/README.md").read_text().replace("\\", "")


def easy_rows(count: int, seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    kinds = [("pos", GOOD), ("neg", BAD)] * (count // 2)
    return [{"text": " ".join(chance.choices(words, k=chance.randint(3, 8))), "label": label} for label, words in kinds]


def test_a_run_that_has_learned_says_what_it_beat_and_warns_of_nothing(run: Run, tmp_path: Path, tiny: str) -> None:
    write_jsonl(tmp_path / "t.jsonl", easy_rows(240, seed=1))
    write_jsonl(tmp_path / "v.jsonl", easy_rows(80, seed=2))
    words = ("--validation", "v.jsonl", "--model", tiny, "--lr", "1e-3", "--batch-size", 8, "--precision", "fp32")
    said = run("train", "t.jsonl", *words, "--epochs", 3, "-o", "run")
    assert "Warning" not in said.err
    found = re.search(
        r"^Validation accuracy (0\.\d+|1\.0+); the best single class alone gives 0\.5000; "
        r"the warm start gave (0\.\d+|1\.0+)\.$",
        said.err,
        re.M,
    )
    assert found
    assert float(found.group(1)) > 0.9
    first = read_jsonl(Path("run/history.jsonl"))[0]
    assert (first["step"], f"{first['validation']['accuracy']:.4f}") == (0, found.group(2))
    assert "best so far" in said.err
    assert json.loads(Path("run/run.json").read_text())["reference"]["has_learned"]


def test_an_evaluation_no_better_than_the_label_counts_is_not_praised(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [{"text": text, "label": "a" if number % 4 else "b"} for number, text in enumerate(texts(80))]
    write_jsonl(tmp_path / "t.jsonl", rows)
    words = ("--model", tiny, "--freeze", "encoder", "--max-steps", 2, "--precision", "fp32")
    said = run("train", "t.jsonl", "--validation", "t.jsonl", *words, "-o", "run")
    assert "best so far" not in said.err
    assert "no better yet: the best single class alone gives 0.7500" in said.err
