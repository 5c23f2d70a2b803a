"""How the rows of a task are read and made into features: what stands in `bertft.json` as options."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_DEFAULT = 512
"""Tokens: what --max-length is at most when it is not given."""


@dataclass(frozen=True)
class Options:
    """How texts become features."""

    max_length: int
    long: str = "truncate"
    overlap: int = 64
    context: str = "none"
    """`document`: a sentence is read among its neighbours."""
    max_answer: int = 30
    """Tokens of the longest answer."""
    fix_answers: bool = False
    """Answers that are not where they are said to be are looked for nearby."""
