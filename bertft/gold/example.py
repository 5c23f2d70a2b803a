"""What a row of a file turns out to be: an Example, which a model can read, or a Refusal that says why it cannot."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from bertft.rows.row import Row
from bertft.tags.rows import CellForm
from bertft.tags.words import Words

NO_LABEL = "no label"

IGNORED = -100
"""Stands for a tag that the model does not know, or a token that nobody asks for: it has no part in the loss."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row that was read once. The fields of a subclass hold its inputs; what follows stands here only if its label was read."""

    row: Row
    gold: Any = field(default=None, kw_only=True)
    """The gold value; None for a row that is only to be predicted."""
    group: Hashable = field(default=None, kw_only=True)
    """Rows of one group are held back together; None: the row stands for itself."""
    faults: tuple[str, ...] = field(default=(), kw_only=True)
    """What is wrong with the label, in words. Nothing can be learned from such a row."""
    remarks: tuple[str, ...] = field(default=(), kw_only=True)
    """What had to be mended to read the label, in words."""
    unknown: tuple[str, ...] = field(default=(), kw_only=True)
    """Labels in the row that the model does not know."""


@dataclass(frozen=True, slots=True)
class TextExample(Example):
    """One text, or two."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WordExample(Example):
    """Words, and what stands around them."""

    words: Words
    form: CellForm
    before: tuple[str, ...] = ()
    """Words that stand before them in their document, where they are asked for; the nearest is the last."""
    after: tuple[str, ...] = ()
    """Words that stand after them."""


@dataclass(frozen=True, slots=True)
class QuestionExample(Example):
    """A question, and the text that may answer it."""

    question: str
    context: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be used."""

    row: Row
    reason: str
    """In words."""
    example: Example | None = None
    """What could be read of it all the same."""
    wrong: bool = False
    """Whether it is made wrong, so that training refuses the whole file."""


Read = Example | Refusal
