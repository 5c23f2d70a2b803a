"""How many rows are held back: the share that was asked for, or why it is another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, sentiment, texts, write_csv, write_jsonl

from bertft.engine.holdout import split, why_not_the_share

Run = Callable[..., Said]
QUICK = ("--max-steps", 1, "--precision", "fp32", "--head-start", "random", "--no-refit", "--quiet")


@pytest.mark.parametrize(
    ("sizes", "share"),
    [([2] * 2000, 0.1), ([20] * 50, 0.1), ([3] * 400, 0.1), ([1000, 5, 1], 0.1), ([7, 7, 7], 0.3), ([9] * 3, 0.1)],
)
def test_many_classes_are_held_back_as_asked(sizes: list[int], share: float) -> None:
    targets = [label for label, size in enumerate(sizes) for _ in range(size)]
    kept, held = split(targets, share, seed=1)
    assert len(held) == round(share * len(targets))
    assert set(targets) == {targets[place] for place in kept}  # no class loses its last row
    assert why_not_the_share(len(held), targets, share) == ""


def test_classes_of_one_row_are_the_reason_for_fewer() -> None:
    targets = [*range(900), *(label for label in range(900, 910) for _ in range(10))]
    _, held = split(targets, 0.1, seed=1)
    assert 0 < len(held) < 50
    assert why_not_the_share(len(held), targets, 0.1) == (
        f"{len(held) / 1000:.0%} are held back, not 10%, as 900 classes have one row only, which stays in training"
    )


def test_large_groups_are_the_reason_for_more() -> None:
    groups = [place // 8 for place in range(24)]
    _, held = split([None] * 24, 0.1, seed=1, groups=groups)
    assert len(held) == 8
    said = why_not_the_share(len(held), [None] * 24, 0.1, groups)
    assert said.startswith("33% are held back, not 10%, as rows of one document or context stay together (3 of them,")


def test_the_reason_is_said_even_with_quiet(run: Run, tiny: str, tmp_path: Path) -> None:
    words = texts(3, seed=2)
    answers = [{"text": ["film"], "answer_start": [len(text) + 1]} for text in words]
    rows = [
        {"id": str(n), "question": f"which {n}", "context": f"{words[n % 3]} film", "answers": answers[n % 3]}
        for n in range(24)
    ]
    data = write_jsonl(tmp_path / "q.jsonl", rows)
    said = run("train", data, "--model", tiny, "-o", "run", "--max-length", 32, "--overlap", 4, *QUICK)
    assert "Warning: Validation: 33% are held back, not 10%" in said.err


def test_a_row_for_each_class_asks_for_a_validation_file_which_helps(run: Run, tiny: str, tmp_path: Path) -> None:
    rows = [(text, f"class {number}") for number, text in enumerate(texts(60))]
    data = write_csv(tmp_path / "t.csv", ["text", "label"], rows)
    words = ("train", data, "--model", tiny, "--single-label", "--text", "text", "--label", "label", *QUICK)
    said = run(*words, "-o", "run", ok=2)
    assert (
        "each of 60 classes has one row only, and the last row of a class is never held back. Name a file with --validation."
        in said.err
    )
    assert not Path("run").exists()
    run(*words, "-o", "run", "--validation", write_csv(tmp_path / "dev.csv", ["text", "label"], rows[:9]))
    assert Path("run/run.json").is_file()


def test_an_ordinary_file_needs_no_explanation(run: Run, tiny: str, reviews: Path) -> None:
    assert "held back, not" not in run("train", reviews, "--model", tiny, "-o", "run", *QUICK).err
    assert sentiment("good") == "pos"


def test_the_last_row_of_each_class_is_why_fewer_are_held_back() -> None:
    targets = [number // 2 for number in range(20)]
    _, held = split(targets, 0.9, seed=1)
    why = why_not_the_share(len(held), targets, 0.9)
    assert why == "50% are held back, not 90%, as the last row of each class stays in training"
