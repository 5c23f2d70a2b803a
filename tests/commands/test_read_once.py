"""`train`, `eval` and `predict` read each cell of a row once, whatever kind of task it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import WORDS, Said, write_csv

from bertft.gold.questions import QuestionReader
from bertft.gold.texts import LabelReader, LabelsReader, NumberReader, TextReader
from bertft.gold.words import WordReader

Run = Callable[..., Said]
LEARN = ("--epochs", 1, "--precision", "fp32", "--head-start", "random", "--no-refit", "--quiet")
ROWS = 12
INPUTS = (TextReader, WordReader, QuestionReader)
LABELS = (LabelReader, LabelsReader, NumberReader, WordReader, QuestionReader)


@dataclass
class Reads:
    """How often what was read."""

    inputs: Counter[str] = field(default_factory=Counter)
    """Of each row, by its place."""
    labels: Counter[str] = field(default_factory=Counter)
    parsed: Counter[str] = field(default_factory=Counter)
    """Of each text that was decoded from JSON."""

    def of(self, cells: set[str]) -> dict[str, int]:
        return {cell: self.parsed[cell] for cell in cells if self.parsed[cell]}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Reads]:
    """What was read since it was asked last."""
    seen = [Reads()]

    def counted(reader: type, verb: str, counts: str) -> None:
        real = getattr(reader, verb)

        def reading(self: Any, row: Any, *more: Any) -> Any:
            getattr(seen[0], counts)[row.origin] += 1
            return real(self, row, *more)

        monkeypatch.setattr(reader, verb, reading)

    for reader in INPUTS:
        counted(reader, "inputs", "inputs")
    for reader in LABELS:
        counted(reader, "label_cell", "labels")
    decode = json.loads

    def loads(text: Any, *more: Any, **others: Any) -> Any:
        seen[0].parsed[str(text)] += 1
        return decode(text, *more, **others)

    monkeypatch.setattr(json, "loads", loads)

    def taken() -> Reads:
        seen.insert(0, Reads())
        return seen.pop()

    return taken


def as_json(value: Any, row: int) -> str:
    """No two rows have the same cell."""
    text = json.dumps(value)
    return text[0] + " " * (row + 1) + text[1:]


def cells_of(task: str, row: int, *, start: int) -> tuple[str, ...]:
    """The cells of a row, as a CSV file has them."""
    words = [WORDS[(row + shift) % len(WORDS)] for shift in range(5)]
    text, number = " ".join(words), start + row
    things = ["B-X", "O", "O", "B-Y", "O"] if row % 2 else ["O", "B-Y", "I-Y", "O", "O"]
    span = {"start": 0, "end": len(words[0]), "label": "XY"[row % 2]}
    return {
        "label": (text, "yn"[row % 2]),
        "labels": (text, as_json(["a", "b", "c"][: 1 + row % 3], number)),
        "number": (text, f"{number}.5"),
        "tags": (as_json(words, number), as_json(things, number)),
        "spans": (text, as_json([span], number)),
        "answers": (words[1], text, as_json({"text": [words[2]], "answer_start": [text.index(words[2])]}, number)),
    }[task]


HEADERS = {"tags": ("tokens", "tags"), "spans": ("text", "spans"), "answers": ("question", "context", "answers")}
FLAGS = {
    "label": ("--task", "text-classification", "--single-label"),
    "labels": ("--task", "text-classification", "--multi-label"),
    "number": ("--task", "text-classification", "--regression"),
    "tags": ("--task", "token-classification"),
    "spans": ("--task", "token-classification"),
    "answers": ("--task", "question-answering"),
}


def write_rows(task: str, path: Path, *, start: int) -> set[str]:
    """Returns the cells that hold JSON."""
    rows = [cells_of(task, row, start=start) for row in range(ROWS)]
    write_csv(path, HEADERS.get(task, ("text", "label")), rows)
    return {cell for row in rows for cell in row if cell[0] in "[{"}


@pytest.mark.parametrize("task", FLAGS)
def test_each_cell_is_read_once(task: str, tiny: str, run: Run, tmp_path: Path, reads: Callable[[], Reads]) -> None:
    learned = write_rows(task, tmp_path / "train.csv", start=0)
    scored = write_rows(task, tmp_path / "other.csv", start=100)
    words = ("train", "train.csv", *FLAGS[task], "--validation", "other.csv", "--model", tiny, "-o", "run", *LEARN)
    run(*words, "--dry-run")
    planning = reads()
    assert not planning.inputs + planning.labels

    run(*words)
    training = reads()
    training.parsed -= planning.parsed
    assert len(training.inputs) == len(training.labels) == 2 * ROWS
    assert set(training.inputs.values()) == set(training.labels.values()) == {1}
    assert training.of(learned | scored) == dict.fromkeys(learned | scored, 1)

    run("eval", "run", "other.csv", "--precision", "fp32")
    evaluation = reads()
    assert len(evaluation.inputs) == len(evaluation.labels) == ROWS
    assert set(evaluation.inputs.values()) == set(evaluation.labels.values()) == {1}
    assert evaluation.of(scored) == dict.fromkeys(scored, 1)

    run("predict", "run", "other.csv", "-o", "out.csv", "--precision", "fp32")
    prediction = reads()
    assert len(prediction.inputs) == ROWS
    assert set(prediction.inputs.values()) == {1}
    assert not prediction.labels
    assert set(prediction.of(scored).values()) <= {1}
