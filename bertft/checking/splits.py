"""Rows of one split, read through once: what is wrong with each by itself, and of each a number that stands for its text and one
that stands for its label. Texts are not kept, so that a million rows fit."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from bertft.checking.finding import Findings
from bertft.checking.numbers import gold_number, text_number, texts_of
from bertft.checking.texts import faults_of_text
from bertft.gold import Example, Reader, Refusal
from bertft.gold.example import NO_LABEL, WordExample
from bertft.reading import Table


@dataclass
class Split:
    """A split in numbers, row by row of those that can be used."""

    name: str
    table: Table
    positions: array[int] = field(default_factory=lambda: array("q"))
    """Where each stands in the table."""
    texts: array[int] = field(default_factory=lambda: array("q"))
    """A number that is the same for texts that are the same but for case, kinds of space and Unicode form."""
    golds: array[int] = field(default_factory=lambda: array("q"))
    """The same for gold values."""
    labels: Counter[str] = field(default_factory=Counter)
    """Rows with each label."""
    rows: int = 0

    def __len__(self) -> int:
        return len(self.positions)

    def sample(self, most: int) -> list[int]:
        """Places in order: all, or so many by lot, the same ones each time."""
        return sorted(Random(0).sample(range(len(self)), most)) if len(self) > most else list(range(len(self)))

    def origin(self, place: int) -> str:
        """Where the row stands in its file."""
        return self.table[self.positions[place]].origin


def read_split(name: str, table: Table, reader: Reader, findings: Findings) -> Split:
    """Reads all rows and says what is wrong with them one by one. `reader` is that of this file."""
    split = Split(name, table)
    for position, read in enumerate(reader.checked(table)):
        split.rows += 1
        if isinstance(read, Refusal):
            findings.add(_kind_of_refusal(read), read.row.origin, read.reason)
            continue
        _look_at(read, findings)
        split.positions.append(position)
        split.texts.append(text_number(read))
        split.golds.append(gold_number(read.gold))
        split.labels.update(labels_of(read, reader))
    return split


def examples_at(split: Split, places: Sequence[int], reader: Reader) -> Iterator[Example]:
    """The rows at the places of a split, read again without their gold values."""
    for place in places:
        row = split.table[split.positions[place]]
        read = reader.inputs(row, reader.cell_or_error(row))
        if isinstance(read, Example):
            yield read


def labelled_at(split: Split, places: Sequence[int], reader: Reader) -> Iterator[Example]:
    """The rows at the places of a split, read again with their gold values."""
    for place in places:
        position = split.positions[place]
        row = split.table[position]
        cell = reader.cell_or_error(row) if reader.cells is None else reader.cells[position]
        read = reader.inputs(row, cell)
        if isinstance(read, Example):
            yield reader.with_gold(read, cell)


def labels_of(example: Example, reader: Reader) -> Iterator[str]:
    """The labels of a row, or the types of its entities, each once; none of a number or an answer."""
    names, gold = reader.labels.names, example.gold
    if isinstance(example, WordExample):
        yield from {tag.partition("-")[2] if getattr(reader, "scheme", None) else tag for tag in gold if tag != "O"}
    elif isinstance(gold, int):
        yield from [names[gold]] if gold >= 0 else example.unknown
    elif hasattr(gold, "nonzero"):
        yield from [*(names[place] for place in gold[:-1].nonzero()[0]), *example.unknown]


def _kind_of_refusal(read: Refusal) -> str:
    if read.wrong:
        return "unreadable"
    if read.reason == NO_LABEL:
        return "empty_label"
    return "empty_text" if read.reason.startswith("no ") else "left_out"


def _look_at(example: Example, findings: Findings) -> None:
    origin = example.row.origin
    for fault in example.faults:
        findings.add("answer_not_found", origin, fault)
    for remark in example.remarks:
        findings.add("mended", origin, remark)
    for label in example.unknown:
        findings.add("unknown_label", origin, label)
    seen: set[str] = set()
    for text in texts_of(example):
        for kind, there in faults_of_text(text):
            if kind not in seen:
                seen.add(kind)
                findings.add(kind, origin, there)
