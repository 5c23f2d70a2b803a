"""The shipped sample is what its README says, and its validation messages are not the training ones in disguise."""

from __future__ import annotations

import csv
import re
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

MESSAGES = Path(__file__).parents[2] / "samples" / "messages"
SIZES = {"train": 360, "validation": 120, "unlabelled": 40}


def rows(split: str) -> list[dict[str, str]]:
    with (MESSAGES / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


@pytest.mark.parametrize(("split", "size"), SIZES.items())
def test_each_file_has_its_rows_and_columns(split: str, size: int) -> None:
    found = rows(split)
    assert len(found) == size
    assert list(found[0]) == ["id", "text"] + ["label"] * (split != "unlabelled")


def test_no_id_and_no_message_stands_there_twice() -> None:
    everything = [row for split in SIZES for row in rows(split)]
    for column in ("id", "text"):
        counts = Counter(row[column].strip().lower() for row in everything)
        assert [value for value, count in counts.items() if count > 1] == []


def test_the_readme_counts_the_classes_right() -> None:
    table = (MESSAGES.parent / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \|.*\| (\d+) \| (\d+) \|$", table, flags=re.MULTILINE)
    train, validation = (Counter(row["label"] for row in rows(split)) for split in ("train", "validation"))
    assert {label: (int(one), int(two)) for label, one, two in told} == {
        label: (train[label], validation[label]) for label in train | validation
    }
    assert len(told) == 6
    assert max(train.values()) < 1.5 * min(train.values())


def test_no_validation_message_is_nearly_a_training_message() -> None:
    training = [(row["text"], words(row["text"])) for row in rows("train")]
    for new, (old, known) in product(rows("validation") + rows("unlabelled"), training):
        told = words(new["text"])
        assert len(told & known) <= 0.5 * len(told | known) or not told, (new["text"], old)


def test_labelled_messages_have_three_to_forty_words() -> None:
    for row in rows("train") + rows("validation"):
        assert 3 <= len(row["text"].split()) <= 40, row


def test_the_unlabelled_file_holds_what_breaks_readers() -> None:
    texts = [row["text"] for row in rows("unlabelled")]
    assert texts.count("") == 1
    assert "NA" in texts
    assert any('"' in text and "," in text for text in texts)
    assert any(ord(character) > 0xFFFF for text in texts for character in text)
    assert max(len(text.split()) for text in texts) > 128
