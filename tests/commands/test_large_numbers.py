"""Numbers far from 0 and 1 are learned as well as any: prices, years, populations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, sentiment, texts, write_csv

WORTH = {"neg": -1, "neutral": 0, "pos": 1}


STEPS = ("--max-steps", 80, "--batch-size", 16)


@pytest.mark.parametrize(
    ("words", "middle", "unit"),
    [
        (("fasttext",), 1e5, 2e4),
        (("fasttext",), 2000, 0.01),
        (("textcnn", *STEPS), 1e5, 2e4),
        (("textcnn", *STEPS), 2000, 5),
    ],
)
def test_numbers_of_any_size_are_learned(
    run: Callable[..., Said], tmp_path: Path, words: tuple[str | int, ...], middle: float, unit: float
) -> None:
    rows = [(text, middle + unit * WORTH[sentiment(text)]) for text in texts(120)]
    data = write_csv(tmp_path / "prices.csv", ["text", "price"], rows)
    run("train", data, "--label", "price", "--regression", "--model", *words, "-o", "run", "--quiet")
    assert json.loads(Path("run/run.json").read_text())["scores"]["validation"]["values"]["r2"] > 0.7
    if len(words) > 1:  # what is trained already keeps its head
        run(
            "train",
            data,
            "--label",
            "price",
            "--regression",
            "--model",
            "run",
            "--max-steps",
            1,
            "-o",
            "more",
            "--quiet",
        )
        assert json.loads(Path("more/run.json").read_text())["scores"]["validation"]["values"]["r2"] > 0.5
