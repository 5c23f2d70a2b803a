"""Data of the Hub: a card's splits, and words that name one. A folder with a Hub data set's README stands for the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import sentiment, texts, write_csv

from bertft.jobs.requests import TrainRequest
from bertft.jobs.splits import hub_source
from bertft.plan.catalog import find_card

CARD = """\
name = "mine"
summary = "Which word prevails?"
kind = "text-classification"
problem = "single-label"
labels = ["neg", "neutral", "pos"]
metrics = ["accuracy"]
metric = "accuracy"
[columns]
text = "text"
label = "label"
[hub]
path = "{path}"
train = "train"
"""
SIZES = {"train": 40, "validation_matched": 12, "validation_mismatched": 9, "test": 7}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set with a split of each size, as `datasets` finds it, and an empty folder for its copies."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", Path("home").resolve())
    folder = Path("data_set").resolve()
    folder.mkdir()
    for seed, (split, rows) in enumerate(SIZES.items()):
        said = [(text, sentiment(text)) for text in texts(rows, seed=seed)]
        write_csv(folder / f"{split}.csv", ["text", "label"], said)
    splits = "".join(f"  - split: {split}\n    path: {split}.csv\n" for split in SIZES)
    (folder / "README.md").write_text(f"---\nconfigs:\n- config_name: default\n  data_files:\n{splits}---\n")
    return folder


@pytest.mark.parametrize(
    ("more", "scored"),
    [
        ('validation = ["validation_matched", "validation_mismatched"]', "validation_mismatched"),
        ('validation = "validation_matched"\ntest = "test"', "test"),
        ('validation = "validation_matched"', None),
    ],
)
def test_a_cards_splits_are_all_read(run: Any, hub: Path, tiny: str, more: str, scored: str | None) -> None:
    Path("mine.toml").write_text(CARD.format(path=hub) + more + "\n", encoding="utf-8")
    said = run("train", "--task", "mine.toml", "--model", tiny, "-o", "run", "--epochs", 1).out
    assert f"Validation: {SIZES['validation_matched']} rows" in said
    assert [line for line in said.splitlines() if line.startswith("Test:")] == (
        [f"Test: {SIZES[scored]} rows"] if scored else []
    )


def test_mnli_is_scored_on_its_mismatched_split_too() -> None:
    assert hub_source(find_card("mnli"), TrainRequest(), {}) == {
        "train": "hub:nyu-mll/glue:mnli:train",
        "validation": "hub:nyu-mll/glue:mnli:validation_matched",
        "test": "hub:nyu-mll/glue:mnli:validation_mismatched",
    }


def test_a_card_may_name_one_split_to_score(run: Any) -> None:
    more = 'validation = ["validation_matched", "validation_mismatched"]\ntest = "test"\n'
    Path("mine.toml").write_text(CARD.format(path="some/data") + more, encoding="utf-8")
    said = run("train", "--task", "mine.toml", ok=2).err
    assert "The card mine: 'hub' names validation_mismatched, test to be scored at the end: one at most" in said


@pytest.mark.parametrize("words", ["hub:nyu-mll/glue", "hub:nyu-mll/glue/mrpc", "hub:a:b", "hub::b:train", "hub:a:b:"])
def test_words_of_another_form_are_refused(run: Any, words: str) -> None:
    said = run("train", words, ok=2).err
    assert f"{words}: wanted hub:PATH:NAME:SPLIT (NAME may be empty)" in said
