"""The samples of entities and questions are sound, and no sentence or text stands on both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import read_csv, read_jsonl

from bertft.rows.answers import answers_of, wrong_answers
from bertft.tags import convert_tags, detect

SAMPLES = Path(__file__).parents[2] / "samples"


def rows(name: str) -> list[dict[str, Any]]:
    return read_jsonl(SAMPLES / f"{name}.jsonl")


@pytest.mark.parametrize(("split", "count"), [("train", 260), ("validation", 70)])
def test_tags_are_iob2_and_as_many_as_the_words(split: str, count: int) -> None:
    found = rows(f"entities/{split}")
    assert len(found) == count
    assert detect((split, row["tags"]) for row in found) == "IOB2"
    for row in found:
        assert len(row["tokens"]) == len(row["tags"])
        assert convert_tags(row["tags"], "IOB2", "IOB2") == row["tags"]
    assert {tag[2:] for row in found for tag in row["tags"]} == {"", "PERSON", "PLACE", "ORGANISATION"}


def test_no_sentence_is_repeated() -> None:
    sentences = [tuple(row["tokens"]) for split in ("train", "validation") for row in rows(f"entities/{split}")]
    assert len(sentences) == len(set(sentences))


@pytest.mark.parametrize(("split", "count"), [("train", 192), ("validation", 40)])
def test_every_answer_stands_where_it_says(split: str, count: int) -> None:
    found = rows(f"questions/{split}")
    assert len(found) == count
    assert len({row["id"] for row in found}) == count
    for row in found:
        answers = answers_of(row, ("answers",), row["context"], fix=False)
        assert answers is not None
        assert wrong_answers(answers, row["context"]) == []
    without = sum(not row["answers"]["text"] for row in found)
    assert without == count // 4


def test_no_context_stands_on_both_sides() -> None:
    train, validation = ({row["context"] for row in rows(f"questions/{split}")} for split in ("train", "validation"))
    assert not train & validation
    assert {row["context"] for row in rows("questions/unlabelled")}.isdisjoint(train | validation)


def test_the_readme_counts_the_rows() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    counts = {"entities/unlabelled.csv": len(read_csv(SAMPLES / "entities/unlabelled.csv"))}
    counts |= {f"{name}.jsonl": len(rows(name)) for name in ("entities/train", "entities/validation")}
    counts |= {
        f"questions/{split}.jsonl": len(rows(f"questions/{split}")) for split in ("train", "validation", "unlabelled")
    }
    for file, count in counts.items():
        assert f"| `{file}` | {count} |" in text
