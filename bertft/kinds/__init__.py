"""The kinds of task: a file for each, and this register."""

from __future__ import annotations

from bertft.kinds.fill_mask import FILL_MASK
from bertft.kinds.kind import Kind, Problem
from bertft.kinds.next_token import NEXT_TOKEN
from bertft.kinds.question_answering import ANSWER_SPANS, QUESTION_ANSWERING
from bertft.kinds.text_classification import MULTI_LABEL, REGRESSION, SINGLE_LABEL, TEXT_CLASSIFICATION
from bertft.kinds.token_classification import TOKEN_CLASSIFICATION, WORD_TAGS

_ALL = (TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION, QUESTION_ANSWERING, FILL_MASK, NEXT_TOKEN)

KINDS = {kind.name: kind for kind in _ALL}
"""Name -> kind."""

PROBLEMS = {problem.name: problem for kind in KINDS.values() for problem in kind.problems}
"""Name -> problem, of every kind."""

NAMED_PROBLEMS = tuple(problem.name for kind in KINDS.values() if kind.has_problems for problem in kind.problems)
"""Those that a card names."""


def find_kind(words: object) -> Kind | None:
    """The kind of that name or alias; None where there is none."""
    return next((kind for kind in KINDS.values() if words in (kind.name, kind.alias)), None)


def kinds_with(setting: str) -> list[str]:
    """Names of the kinds that a flag or setting means something to: all, unless a kind claims it for itself."""
    return [name for name, kind in KINDS.items() if setting in kind.settings] or list(KINDS)


def takes(setting: str, kind: str) -> bool:
    """Whether a flag or setting means something to a kind."""
    return kind in kinds_with(setting)


__all__ = [
    "ANSWER_SPANS",
    "FILL_MASK",
    "KINDS",
    "MULTI_LABEL",
    "NAMED_PROBLEMS",
    "NEXT_TOKEN",
    "PROBLEMS",
    "QUESTION_ANSWERING",
    "REGRESSION",
    "SINGLE_LABEL",
    "TEXT_CLASSIFICATION",
    "TOKEN_CLASSIFICATION",
    "WORD_TAGS",
    "Kind",
    "Problem",
    "find_kind",
    "kinds_with",
    "takes",
]
