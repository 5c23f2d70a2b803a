"""The data sets of the first-run table, and the rows of one cell: from a file as published to a seeded sample.

A folder of data sets has one folder for each, with the files that `DATA_SETS` names: CSV (sentence or text, or sentence1 and
sentence2; label or score) or JSONL (text and a list `labels`, or tokens and tags). A file of the user's own is read by the
same rules. What a file asks for is seen from its shape; a number that is a class is written as `class_1`, so that nobody
has to guess.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

CLASSES, LABELS, NUMBER, TAGS = KINDS = ("classes", "labels", "number", "tags")
METRICS = {CLASSES: "accuracy", LABELS: "f1_micro", NUMBER: "spearman", TAGS: "entity_f1"}

PAIRS = (
    *(("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2"), ("question", "sentence")),
    *(("text1", "text2"), ("text_a", "text_b"), ("text", "text_pair")),
)
TEXTS = (
    "text",
    "sentence",
    "review",
    "message",
    "content",
    "body",
    "comment",
    "tweet",
    "utterance",
    "question",
    "title",
)
GOLD = ("label", "labels", "score", "target", "class", "intent", "category", "sentiment", "similarity")
TOKENS, WORD_TAGS = ("tokens", "words"), ("tags", "ner_tags")
MOST_NUMBERED_CLASSES = 20

SHARE_HELD_BACK = 0.1
csv.field_size_limit(2**30)


@dataclass(frozen=True)
class Row:
    """One text, or two, or the words of a sentence; and the answer: a class, a list of labels, a number, or tags."""

    texts: tuple[str, ...]
    gold: Any

    @property
    def names(self) -> set[str]:
        """The classes, labels or tags of the row; none of a number."""
        return set() if isinstance(self.gold, float) else {self.gold} if isinstance(self.gold, str) else set(self.gold)


@dataclass(frozen=True)
class DataSet:
    """Where the rows are and how they are scored. The kind is found from the training file where it is not given."""

    name: str
    train: Path
    test: Path
    kind: str | None = None
    metric: str | None = None
    most_test_rows: int = 1000
    sizes: tuple[tuple[int, int], ...] = ((300, 3), (1000, 3))
    """Training rows, and how many seeds."""


def _set(name: str, train: str, test: str, **more: Any) -> DataSet:
    return DataSet(name, Path(name, train), Path(name, test), **more)


_MORE_SIZES = ((100, 5), (300, 3), (1000, 3), (3000, 5))
DATA_SETS = (
    _set("sst2", "train.csv", "dev.csv", kind=CLASSES, sizes=_MORE_SIZES),
    _set("banking77", "train.csv", "test.csv", kind=CLASSES, sizes=_MORE_SIZES),
    _set("stsb", "train.csv", "test.csv", kind=NUMBER, sizes=_MORE_SIZES),
    _set("cola", "train.csv", "dev.csv", kind=CLASSES, metric="mcc"),
    _set("mrpc", "train.csv", "test.csv", kind=CLASSES),
    _set("rte", "train.csv", "dev.csv", kind=CLASSES),
    _set("goemotions", "train.jsonl", "test.jsonl", kind=LABELS),
    _set("wnut17", "train.jsonl", "test.jsonl", kind=TAGS),
    _set("conll2003", "train.jsonl", "test.jsonl", kind=TAGS),
    _set("imdb", "train.csv", "test.csv", kind=CLASSES, most_test_rows=500),
)
"""The dev file is scored where the labels of the test file are not public."""


@dataclass(frozen=True)
class Loaded:
    """The rows of a data set, before a sample is drawn."""

    kind: str
    metric: str
    train: list[Row]
    test: list[Row]


@cache
def load(data: DataSet) -> Loaded:
    """All training rows, and the seeded test rows, which are the same for every size, seed and side. A test row with a label
    that no training row has is left out: nobody can answer it."""
    raw, raw_test = read(data.train), read(data.test)
    kind = data.kind or kind_of(raw)
    train, test = ([one for one in (row_of(line, kind) for line in lines) if one] for lines in (raw, raw_test))
    known = set().union(*(row.names for row in train))
    test = [row for row in test if row.names <= known]
    chosen = sorted(random.Random(0).sample(range(len(test)), min(len(test), data.most_test_rows)))
    return Loaded(kind, data.metric or METRICS[kind], train, [test[place] for place in chosen])


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file, else of a CSV file."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8-sig").split("\n") if line.strip()]
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def kind_of(rows: Sequence[dict[str, Any]]) -> str:
    """Tokens are tagged, a list of labels is many labels, fractions are numbers, and all else is a class."""
    if _first(TOKENS, rows[0]) and _first(WORD_TAGS, rows[0]):
        return TAGS
    name = _first(GOLD, rows[0])
    if name is None:
        raise SystemExit(f"No column of labels ({', '.join(GOLD)}) among: {', '.join(rows[0])}.")
    values = [row[name] for row in rows]
    if any(isinstance(value, list) for value in values):
        return LABELS
    numbers = {number for value in values if (number := _number(value)) is not None}
    whole = all(number.is_integer() for number in numbers) and len(numbers) <= MOST_NUMBERED_CLASSES
    return CLASSES if whole or any(_number(value) is None for value in values) else NUMBER


def row_of(line: dict[str, Any], kind: str) -> Row | None:
    """The row in our form; None where there is no text or no answer."""
    if kind == TAGS:
        tokens, tags = line[_first(TOKENS, line) or ""], line[_first(WORD_TAGS, line) or ""]
        return Row(tuple(tokens), list(tags)) if tokens else None
    pair = next((couple for couple in PAIRS if set(couple) <= set(line)), None)
    names, gold = pair or (_first(TEXTS, line),), line[_first(GOLD, line) or ""]
    texts = tuple(str(line[name or ""]) for name in names)
    if not all(text.strip() for text in texts) or gold in ("", None):
        return None
    return Row(texts, _answer(gold, kind))


def _answer(gold: Any, kind: str) -> Any:
    if kind == LABELS:
        return [str(label) for label in (gold if isinstance(gold, list) else [gold])]
    if kind == NUMBER:
        return float(gold)
    return str(gold) if _number(gold) is None else f"class_{gold}"


def _first(wanted: Sequence[str], line: dict[str, Any]) -> str | None:
    return next((name for name in wanted if name in line), None)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def sample(rows: list[Row], size: int, seed: int) -> list[Row]:
    """A random sample in which every class, label and tag of the file has at least one row."""
    chance = random.Random(seed)
    order = chance.sample(rows, len(rows))
    met: set[str] = set()
    first: list[Row] = []
    rest: list[Row] = []
    for row in order:
        (rest if row.names <= met else first).append(row)
        met |= row.names
    if len(first) > size:
        raise ValueError(f"{size:,} rows cannot hold all {len(met):,} labels")
    chosen = first + rest[: size - len(first)]
    return chance.sample(chosen, len(chosen))


def hold_back(rows: list[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """Rows to train on, and a tenth to choose the best epoch by; no label loses its last row to the second."""
    left = {name: sum(name in row.names for row in rows) for name in set().union(*(row.names for row in rows))}
    held: set[int] = set()
    for place in random.Random(seed).sample(range(len(rows)), len(rows)):
        if len(held) < len(rows) * SHARE_HELD_BACK and all(left[name] > 1 for name in rows[place].names):
            held.add(place)
            left |= {name: left[name] - 1 for name in rows[place].names}
    return [row for i, row in enumerate(rows) if i not in held], [rows[i] for i in sorted(held)]


def write(rows: list[Row], kind: str, path: Path) -> Path:
    """The file that bertft gets, in columns with the usual names. The suffix is added: a list needs JSONL."""
    single = len(rows[0].texts) == 1
    gold = {CLASSES: "label", LABELS: "labels", NUMBER: "score", TAGS: "tags"}[kind]
    names = ["tokens"] if kind == TAGS else ["text"] if single else ["sentence1", "sentence2"]
    cells = [[list(row.texts)] if kind == TAGS else list(row.texts) for row in rows]
    lines = [dict(zip([*names, gold], [*cell, row.gold], strict=True)) for cell, row in zip(cells, rows, strict=True)]
    if kind in (LABELS, TAGS):
        path = path.with_suffix(".jsonl")
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        return path
    path = path.with_suffix(".csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*names, gold], lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return path


def in_folder(data: DataSet, folder: Path) -> DataSet:
    return replace(data, train=folder / data.train, test=folder / data.test)
