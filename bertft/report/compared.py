"""What `compare` found: the runs, how they differ from the first of them, and the rows on which they do."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bertft.report.markdown import one_line
from bertft.report.model_card import file_name
from bertft.scoring import Scores
from bertft.scoring.difference import Difference

KINDS_OF_CHANGES = {
    False: {
        "fixed": "fixed: wrong in {one}, right in {other}",
        "broken": "broken: right in {one}, wrong in {other}",
        "both_wrong": "wrong in both",
    },
    True: {"closer": "closer: {other} is nearer than {one}", "farther": "farther off: {one} is nearer than {other}"},
}
"""Whether answers are numbers -> kind of rows -> what it means."""


@dataclass(frozen=True)
class ComparedRun:
    """One of the runs."""

    run: str
    scores: Scores
    """On the common rows."""
    left_out: int
    """Rows that it answered and another run did not."""
    parameters: int
    megabytes: float
    """Of the files that answers depend on."""
    rows_per_second: float
    """Measured while these rows were predicted."""
    training_seconds: float | None
    """From run.json; None where it does not say."""
    trained_on: str
    """The device, from run.json; '' where it does not say."""

    @property
    def name(self) -> str:
        """Of its folder, in one line."""
        return one_line(self.run)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**asdict(self), "scores": self.scores.as_dict()}


@dataclass(frozen=True)
class ChangedRow:
    """A row on which two runs differ, or which both have wrong."""

    row: str
    """Where it stands, as `dev.csv:118`."""
    text: str
    gold: str
    one: str
    """The answer of the first run."""
    other: str


@dataclass(frozen=True)
class Changes:
    """How the rows of the first run fare in another one."""

    counts: Mapping[str, int]
    """By kind, as in KINDS_OF_CHANGES."""
    examples: Mapping[str, Sequence[ChangedRow]]
    """The most telling ones."""
    is_number: bool = False

    @property
    def without_folders(self) -> Changes:
        """Its rows by the names of their files."""
        examples = {
            kind: [replace(row, row=file_name(row.row)) for row in rows] for kind, rows in self.examples.items()
        }
        return replace(self, examples=examples)

    def means(self, kind: str, one: str, other: str) -> str:
        """What a kind is, in words."""
        return KINDS_OF_CHANGES[self.is_number][kind].format(one=one, other=other)


@dataclass(frozen=True)
class Compared:
    """All runs on the same rows."""

    data: str
    """Name of the file, or of the split of the runs."""
    rows: int
    metric: str
    runs: Sequence[ComparedRun]
    differences: Sequence[Difference]
    """Of each run after the first from the first."""
    changes: Sequence[Changes]
    machine: str
    """Where the speed was measured."""
    notes: Sequence[str]

    @property
    def sentences(self) -> list[str]:
        """One for each difference."""
        first = self.runs[0].name
        return [found.sentence(first, run.name) for found, run in zip(self.differences, self.runs[1:], strict=True)]

    @property
    def without_folders(self) -> Compared:
        """The same for a page that others see: of runs and files the names alone, and of equal names what tells them apart."""
        places = [run.run for run in self.runs]
        names = dict(zip(places, _tails(places), strict=True))
        return replace(
            self,
            data=file_name(self.data),
            runs=[replace(run, run=names[run.run]) for run in self.runs],
            changes=[changes.without_folders for changes in self.changes],
            notes=[_renamed(note, {**names, self.data: file_name(self.data)}) for note in self.notes],
        )

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        later = zip(self.runs[1:], self.differences, self.changes, self.sentences, strict=True)
        return {
            "data": self.data,
            "rows": self.rows,
            "metric": self.metric,
            "first": self.runs[0].run,
            "runs": [run.as_dict() for run in self.runs],
            "differences": [
                {
                    "run": run.run,
                    "sentence": sentence,
                    **found.as_dict(),
                    "changed": {
                        kind: {"count": count, "examples": [asdict(one) for one in changes.examples[kind]]}
                        for kind, count in changes.counts.items()
                    },
                }
                for run, found, changes, sentence in later
            ],
            "machine": self.machine,
            "notes": list(self.notes),
        }


def _tails(places: Sequence[str]) -> list[str]:
    """The last parts of each path, as many as it takes to tell them apart."""
    parts = [os.path.abspath(place).split(os.sep) for place in places]
    longest = max(map(len, parts))
    found = (["/".join(part[-count:]) for part in parts] for count in range(1, longest + 1))
    return next((tails for tails in found if len({*tails}) == len(tails)), list(places))


def _renamed(note: str, names: Mapping[str, str]) -> str:
    for place in sorted((place for place in names if os.sep in place), key=len, reverse=True):
        note = note.replace(place, names[place])
    return note
