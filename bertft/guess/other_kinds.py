"""Is this file one of tagged words, or of questions on a context? By the look of its columns, or as asked.

Classification, which has many more shapes, is guessed in chooser.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bertft.guess.column_names as names
import bertft.guess.tagging as tagging
from bertft.errors import DataError, InternalError
from bertft.guess.columns import Look, listing
from bertft.kinds import QUESTION_ANSWERING, TOKEN_CLASSIFICATION

_Values = Mapping[str, Sequence[object]]


@dataclass(frozen=True)
class AskedColumns:
    """What the user said."""

    file: str
    text: str | None
    text_pair: str | None
    label: tuple[str, ...]

    def allows(self, text: str, pair: str | None, label: Sequence[str]) -> bool:
        """Whether a guess keeps to it."""
        return self.text in (None, text) and self.text_pair in (None, pair) and self.label in ((), tuple(label))


@dataclass(frozen=True)
class _Parts:
    """The kind of task and its columns."""

    kind: str
    text: str
    text_pair: str | None
    label: tuple[str, ...]
    why: tuple[str, ...]


def recognised(columns: _Values, looks: Mapping[str, Look], given: AskedColumns) -> _Parts | None:
    """A file that can hardly be anything else."""
    found = _questions(looks)
    if found is None and (tagged := _tags(columns, looks, given)):
        found = _tag_parts(tagged)
    return found if found and given.allows(found.text, found.text_pair, found.label) else None


def asked_for(columns: _Values, looks: Mapping[str, Look], given: AskedColumns, kind: str) -> _Parts:
    """The columns for a kind that was asked for; DataError that says what is missing."""
    if kind == QUESTION_ANSWERING.name:
        return _asked_questions(looks, given)
    if kind == TOKEN_CLASSIFICATION.name:
        return _asked_tags(columns, looks, given)
    raise InternalError(f"Nothing says yet how the columns of {kind} are recognised.")


def _questions(looks: Mapping[str, Look]) -> _Parts | None:
    question, context = names.first_named(looks, ("question",)), names.first_named(looks, ("context",))
    label = _answer_columns(looks)
    if not (question and context) or not label or (len(label) == 1 and not names.first_named(looks, names.ANSWERS)):
        return None
    return _question_parts(question, context, label)


def _question_parts(question: str, context: str, label: tuple[str, ...]) -> _Parts:
    answers = " and ".join(f"'{name}'" for name in label)
    columns = f"'{question}' (--text) on '{context}' (--text-pair), answers in {answers} (--label)"
    why = f"task {QUESTION_ANSWERING.name} (--task): {columns}"
    return _Parts(QUESTION_ANSWERING.name, question, context, label, (why,))


def _answer_columns(looks: Mapping[str, Look]) -> tuple[str, ...]:
    """One column of answers with their places, or one of texts and one of places, or one of texts alone."""
    if whole := names.first_named(looks, names.ANSWERS):
        return (whole,)
    text, start = names.first_named(looks, names.ANSWER_TEXT), names.first_named(looks, names.ANSWER_START)
    return tuple(name for name in (text, start if text else None) if name)


def _asked_questions(looks: Mapping[str, Look], given: AskedColumns) -> _Parts:
    question = given.text or names.first_named(looks, names.QUESTION)
    context = given.text_pair or names.first_named([name for name in looks if name != question], names.CONTEXT)
    label = given.label or _answer_columns(looks)
    wanted = {"question (--text)": question, "context (--text-pair)": context, "answers (--label)": label}
    _complain(looks, given, wanted)
    return _question_parts(str(question), str(context), label)


def _tag_parts(found: tagging.Tagged) -> _Parts:
    why = (
        f"task {TOKEN_CLASSIFICATION.name} (--task): words in '{found.text}' (--text), "
        f"tags or spans in '{found.label}' (--label)"
    )
    return _Parts(TOKEN_CLASSIFICATION.name, found.text, None, (found.label,), (why, *found.notes))


def _tags(
    columns: _Values, looks: Mapping[str, Look], given: AskedColumns, *, asked: bool = False
) -> tagging.Tagged | None:
    """Tags of words that can hardly be anything else; of columns that nobody named the content is looked at, too."""
    label = given.label[0] if len(given.label) == 1 else None
    if given.text and label and tagging.are_beside(columns[given.text], columns[label]):
        return tagging.Tagged(given.text, label)
    try:
        found = tagging.tagged_tokens(columns, looks)
        if found and not label:
            tagging.check_tags(columns[found.text], columns[found.label], found.label)
        if found is None and len(given.label) < 2 and given.text_pair is None:
            found = tagging.tagged_texts(columns, looks, given.text, label, asked=asked)
    except DataError as problem:
        raise DataError(f"{given.file}: {problem}") from None
    return found or tagging.spans_of_texts(looks)


def _asked_tags(columns: _Values, looks: Mapping[str, Look], given: AskedColumns) -> _Parts:
    found = _tags(columns, looks, given, asked=True)
    if found and given.allows(found.text, None, (found.label,)):
        return _tag_parts(found)
    text, label = tagging.tags_by_name(looks, given.text or (found.text if found else None))
    label = given.label[0] if given.label else label
    _complain(looks, given, {"words (--text)": text, "tags (--label)": label})
    return _tag_parts(tagging.Tagged(str(text), str(label)))


def _complain(looks: Mapping[str, Look], given: AskedColumns, wanted: Mapping[str, object]) -> None:
    missing = [part for part, found in wanted.items() if not found]
    if missing:
        what = f"no column for the {' and the '.join(missing)}"
        raise DataError(f"{given.file}: {what}. Name it. The columns:\n{listing(looks)}")
