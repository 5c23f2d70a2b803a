"""Examples of a file to features: which of its rows can be learned from or scored. What is left out is counted and said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bertft import console
from bertft.adapters import Adapter, Feature
from bertft.checking.numbers import gold_number, text_number
from bertft.errors import DataError
from bertft.gold import Example, Read, Reader, Refusal
from bertft.rows.row import Row
from bertft.rows.surrogates import shown
from bertft.wording import counted

CHUNK = 1000
"""Rows that go to the tokenizer at once."""


@dataclass
class Unknown:
    """Labels that the model does not know: how many rows have each, and where the first is."""

    rows: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, label: str, row: Row) -> None:
        self.rows[label] = self.rows.get(label, 0) + 1
        self.first.setdefault(label, row.origin)

    def complaint(self, known: Sequence[str]) -> str:
        """One message for all of them, the first in the file first."""
        label, origin = next(iter(self.first.items()))
        others = [name for name in self.rows if name != label]
        also = f" So were {_few(others)}." if others else ""
        unseen = f"label '{shown(label)}' ({counted(self.rows[label], 'row')}) was never seen in training"
        return (
            f"{origin}: {unseen} (known: {_few(known)}).{also} "
            f"Add {'them' if others else 'it'} to the training file, or pass --unknown-labels skip."
        )


@dataclass
class Examples:
    """Rows ready to be learned from or scored: their targets and their windows, position by position."""

    name: str
    """The file they come from."""
    targets: list[Any]
    windows: list[list[Feature]]
    groups: list[Hashable]
    """Rows of one group are held back together; None: the row stands for itself."""
    texts: list[int] = field(default_factory=list)
    """A number for each row's text, the same for the same text (checking/numbers.py)."""

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def features(self) -> list[Feature]:
        return [feature for row in self.windows for feature in row]

    def only(self, positions: Sequence[int]) -> Examples:
        """Those at the positions."""
        targets, groups = [self.targets[i] for i in positions], [self.groups[i] for i in positions]
        windows, texts = [self.windows[i] for i in positions], [self.texts[i] for i in positions]
        return Examples(self.name, targets, windows, groups, texts)

    def oddities(self) -> str:
        """In words, what `check` counts of these rows and needs no second reading; '' where there is nothing."""
        rows = list(zip(self.texts, map(gold_number, self.targets), strict=True))
        repeated = len(rows) - len(set(rows))
        labels = Counter(text for text, _ in set(rows))
        torn = sum(labels[text] > 1 for text in self.texts)
        said = [f"{repeated:,} repeat an earlier one"] if repeated else []
        said += [f"{torn:,} have a text with another label elsewhere"] if torn else []
        return ", ".join(said)

    @property
    def truncated(self) -> int:
        """Rows of whose text the model does not see all."""
        return sum(row[0].truncated for row in self.windows)


def gather(
    adapter: Adapter, reader: Reader, rows: Iterable[Row], name: str, *, unknown: str, learning: bool
) -> Examples:
    """The labelled rows of a file. `unknown`: what to do with labels that the model does not know; `skip` drops the rows
    when learning and counts them as wrong when scoring. DataError when no row is left."""
    examples, told = Examples(name, [], [], []), Told(drop=learning and unknown == "skip")
    kept = told.usable(reader.labelled(rows))
    while chunk := list(islice(kept, CHUNK)):
        examples.windows += adapter.encode(chunk)
        examples.targets += [example.gold for example in chunk]
        examples.groups += [example.group for example in chunk]
        examples.texts += map(text_number, chunk)
    if told.wrong:
        raise DataError(_complaint(told.wrong, reader.fault_advice))
    if told.strangers.rows and unknown != "skip":
        raise DataError(told.strangers.complaint(adapter.labels.names))
    told.tell(name)
    if not len(examples):
        raise DataError(f"{name}: no row has both a text and a label.")
    if examples.truncated:
        console.note(f"{name}: {examples.truncated / len(examples):.1%} of {adapter.too_long}.")
    for said in adapter.out_of_reach(examples.windows):
        console.warn(f"{name}: {said}.")
    return examples


@dataclass
class Skipped:
    """Why rows were left out: reason -> origins."""

    rows: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, origin: str) -> None:
        self.rows.setdefault(reason, []).append(origin)

    def __len__(self) -> int:
        return sum(len(origins) for origins in self.rows.values())

    def __str__(self) -> str:
        return "; ".join(
            f"{counted(len(origins), 'row')} with {reason} ({_few(origins)})" for reason, origins in self.rows.items()
        )


@dataclass
class Told:
    """What is to be said of the rows of a file once all of them are read."""

    drop: bool
    """Whether rows with labels that the model does not know are left out."""
    skipped: Skipped = field(default_factory=Skipped)
    remarks: Skipped = field(default_factory=Skipped)
    strangers: Unknown = field(default_factory=Unknown)
    wrong: list[str] = field(default_factory=list)

    def usable(self, rows: Iterable[Read]) -> Iterator[Example]:
        """The examples among the rows that can be learned from or scored."""
        for read in rows:
            origin = read.row.origin
            if isinstance(read, Refusal):
                self.skipped.add(read.reason, origin)
                continue
            if read.faults:
                self.wrong.extend(f"{origin}: {fault}" for fault in read.faults)
                continue
            for label in read.unknown:
                self.strangers.add(label, read.row)
            for remark in read.remarks:
                self.remarks.add(remark, origin)
            if not (read.unknown and self.drop):
                yield read

    def tell(self, name: str) -> None:
        """Of the file of that name."""
        if len(self.remarks):
            console.warn(f"{name}: {self.remarks}.")
        if len(self.skipped):
            console.warn(f"{name}: skipped {self.skipped}.")
        if self.strangers.rows:
            treated = "dropped" if self.drop else "counted as wrong"
            console.warn(
                f"{name}: rows with labels unknown to the model are {treated}: {_few(list(self.strangers.rows))}."
            )


def _complaint(wrong: Sequence[str], advice: str, most: int = 10) -> str:
    more = f"\nand {len(wrong) - most:,} more" if len(wrong) > most else ""
    return "\n".join(wrong[:most]) + more + f"\n{advice}"


def _few(names: Sequence[str], most: int = 5) -> str:
    listed = ", ".join(map(shown, names[:most]))
    return listed + (f" and {len(names) - most:,} more" if len(names) > most else "")
