"""What can be wrong with a data set: every kind with its words and with what mends it, declared once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bertft.rows.surrogates import shown

MOST_EXAMPLES = 5

KINDS: Mapping[str, tuple[str, str]] = {
    "empty_text": ("rows without a text", "They are left out. Fill the cell, or name another column with --text."),
    "empty_label": ("rows without a label", "They are left out. Fill the cell, or name another column with --label."),
    "left_out": ("rows that are left out as they stand", "Look at the reason beside each."),
    "unreadable": ("rows that training refuses", "Mend them: training stops at the first one."),
    "unknown_label": (
        "rows with a label that the training file does not have",
        "Add it to the training file, or pass --unknown-labels skip.",
    ),
    "mended": (
        "rows that are changed to be read",
        "Look at what is done to each, and mend the file if it is not meant.",
    ),
    "duplicate": (
        "rows that repeat an earlier row",
        "Leave them out: they weigh more than others, and flatter the scores.",
    ),
    "near_duplicate": (
        "rows that nearly repeat an earlier row",
        "Leave out what is the same; else split the file so that they stand in one part, with --validation FILE.",
    ),
    "leak": (
        "rows of validation or test that stand in the training file",
        "Leave them out of the training file: scores on them say nothing.",
    ),
    "conflicting_labels": (
        "rows whose text has another label elsewhere",
        "Decide for one label, or leave the rows out.",
    ),
    "rare_label": ("labels with fewer than 5 training rows", "Add rows, merge such labels, or leave them out."),
    "label_in_one_split": (
        "labels that stand in one split only",
        "Split again, so that each label stands in every part.",
    ),
    "label_spelling": ("labels that differ only in case, spaces or Unicode form", "Write them alike if they are one."),
    "imbalance": (
        "files in which some labels are much rarer than others",
        "Pass --class-weights, or judge by --metric f1_macro.",
    ),
    "too_long": (
        "texts that are longer than the model reads",
        "Pass a larger --max-length, or, unless they are pairs, --long window.",
    ),
    "word_cut": (
        "words of which only the first pieces are read",
        "A word may fill a quarter of a window: part it, or pass a larger --max-length.",
    ),
    "entity_parted": (
        "entities that the border of two windows parts",
        "Not all of their words are learned: part such rows between sentences, or pass a larger --max-length.",
    ),
    "question_cut": (
        "questions that fill more than half a window",
        "They are cut there: shorten them, or pass a larger --max-length.",
    ),
    "answer_too_long": (
        "answers that are longer than --max-answer",
        "They can never be given: pass a larger --max-answer.",
    ),
    "answer_parted": (
        "answers that stand whole in no window that answers for them",
        "They can never be given: pass a larger --max-length or --overlap.",
    ),
    "whitespace": ("texts with odd white space or invisible characters", "Clean them, unless texts to come are alike."),
    "markup": ("texts with HTML", "Take the tags and entities out, unless texts to come have them too."),
    "mojibake": ("texts that were read in a wrong encoding", "Read the file in its own encoding: --encoding NAME."),
    "control_character": ("texts with control characters", "Take them out: a model sees nothing there."),
    "illegal_tags": ("rows whose tags break their scheme", "Mend the tags; they are read as the strict scheme has it."),
    "span_with_spaces": (
        "rows with spans that begin or end in a space",
        "They are read without it.",
    ),
    "crossing_spans": ("rows with spans that overlap", "Only the longer of two is learned; decide for one."),
    "answer_not_found": ("answers that do not stand where the file says", "Pass --fix-answers, or mend them."),
}
"""Kind -> what is counted, and what mends it."""


@dataclass(frozen=True)
class Place:
    """Where something was found."""

    origin: str
    """File and line, as `train.csv:118`, or file and row, as `train.parquet#118`; a file alone where it is about all of it."""
    note: str = ""
    """What stands there."""

    def as_dict(self) -> dict[str, Any]:
        file, mark, number = self.origin.rpartition("#" if "#" in self.origin.rsplit("/", 1)[-1] else ":")
        place = (
            {"file": file, "line": int(number)} if mark and number.isdecimal() else {"file": self.origin, "line": None}
        )
        return {**place, **({"note": self.note} if self.note else {})}

    def __str__(self) -> str:
        return f"{self.origin} ({self.note})" if self.note else self.origin


@dataclass
class Finding:
    """One kind of fault: how often, and where."""

    kind: str
    count: int = 0
    examples: list[Place] = field(default_factory=list)
    share: str = ""
    """Of how many, in words."""

    @property
    def what(self) -> str:
        words = KINDS[self.kind][0]
        return f"{words[0].upper()}{words[1:]}: {self.count:,}{self.share}"

    @property
    def advice(self) -> str:
        return KINDS[self.kind][1]

    def as_dict(self) -> dict[str, Any]:
        return {
            **{"kind": self.kind, "count": self.count, "what": self.what},
            **{"examples": [place.as_dict() for place in self.examples], "advice": self.advice},
        }


@dataclass
class Findings:
    """All that was found, kind by kind."""

    found: dict[str, Finding] = field(default_factory=dict)

    def add(self, kind: str, origin: str, note: str = "", *, count: int = 1) -> None:
        finding = self.found.setdefault(kind, Finding(kind))
        finding.count += count
        if len(finding.examples) < MOST_EXAMPLES:
            finding.examples.append(Place(origin, shown(note, 120)))

    def of_all(self, kind: str, share: str) -> None:
        """Of how many those of a kind were found, in words."""
        if kind in self.found:
            self.found[kind].share = share

    def __iter__(self) -> Iterator[Finding]:
        """In the order of KINDS."""
        return (self.found[kind] for kind in KINDS if kind in self.found)

    def __len__(self) -> int:
        return len(self.found)


@dataclass(frozen=True)
class Checked:
    """What a data set is, and what is wrong with it."""

    task: str
    why: Sequence[str]
    """How task and columns were found."""
    rows: Mapping[str, int]
    """File -> rows."""
    labels: Mapping[str, Mapping[str, int]]
    """File -> label -> rows."""
    findings: Findings
    notes: Sequence[str]
    """What could not be looked at, or only in a sample."""
