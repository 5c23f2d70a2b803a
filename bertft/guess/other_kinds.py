"""Is this file one of tagged words, or of questions on a context? By the look of its columns, or as asked.

Classification, which has many more shapes, is guessed in chooser.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bertft.guess.column_names as names
from bertft.errors import DataError, InternalError
from bertft.guess.columns import Look, as_list, listing
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
    why: str


def recognised(columns: _Values, looks: Mapping[str, Look], given: AskedColumns) -> _Parts | None:
    """A file that can hardly be anything else."""
    found = _questions(looks) or _tagged_tokens(columns, looks) or _spans(looks)
    return found if found and given.allows(found.text, found.text_pair, found.label) else None


def asked_for(columns: _Values, looks: Mapping[str, Look], given: AskedColumns, kind: str) -> _Parts:
    """The columns for a kind that was asked for; DataError that says what is missing."""
    if kind == QUESTION_ANSWERING.name:
        return _asked_questions(looks, given)
    if kind == TOKEN_CLASSIFICATION.name:
        return _asked_tags(columns, looks, given)
    raise InternalError(f"Nothing says yet how the columns of {kind} are recognised.")


def _questions(looks: Mapping[str, Look]) -> _Parts | None:
    question, context = _first(looks, ("question",)), _first(looks, ("context",))
    label = _answer_columns(looks)
    if not (question and context) or not label or (len(label) == 1 and not _first(looks, names.ANSWERS)):
        return None
    return _question_parts(question, context, label)


def _question_parts(question: str, context: str, label: tuple[str, ...]) -> _Parts:
    answers = " and ".join(f"'{name}'" for name in label)
    columns = f"'{question}' (--text) on '{context}' (--text-pair), answers in {answers} (--label)"
    why = f"task {QUESTION_ANSWERING.name} (--task): {columns}"
    return _Parts(QUESTION_ANSWERING.name, question, context, label, why)


def _answer_columns(looks: Mapping[str, Look]) -> tuple[str, ...]:
    """One column of answers with their places, or one of texts and one of places, or one of texts alone."""
    if whole := _first(looks, names.ANSWERS):
        return (whole,)
    text, start = _first(looks, names.ANSWER_TEXT), _first(looks, names.ANSWER_START)
    return tuple(name for name in (text, start if text else None) if name)


def _asked_questions(looks: Mapping[str, Look], given: AskedColumns) -> _Parts:
    question = given.text or _first(looks, names.QUESTION)
    context = given.text_pair or _first([name for name in looks if name != question], names.CONTEXT)
    label = given.label or _answer_columns(looks)
    wanted = {"question (--text)": question, "context (--text-pair)": context, "answers (--label)": label}
    _complain(looks, given, wanted)
    return _question_parts(str(question), str(context), label)


def _tagged_tokens(columns: _Values, looks: Mapping[str, Look]) -> _Parts | None:
    """Two columns of lists, as long as each other row by row."""
    lists = [name for name in looks if looks[name].what == "lists"]
    tokens = _first(lists, names.TOKENS)
    tags = [name for name in names.named(lists, names.TAGS) if name != tokens]
    for tag in tags if tokens else []:
        if _same_lengths(columns[tokens or ""], columns[tag]):
            return _tag_parts(tokens or "", tag)
    return None


def _tag_parts(text: str, label: str) -> _Parts:
    why = f"task {TOKEN_CLASSIFICATION.name} (--task): words in '{text}' (--text), tags or spans in '{label}' (--label)"
    return _Parts(TOKEN_CLASSIFICATION.name, text, None, (label,), why)


def _same_lengths(one: Sequence[object], other: Sequence[object]) -> bool:
    some = list(zip(one, other, strict=True))[:200]
    lengths = [(len(as_list(left) or []), len(as_list(right) or [])) for left, right in some]
    return all(left == right for left, right in lengths) and any(left > 1 for left, _ in lengths)


def _spans(looks: Mapping[str, Look]) -> _Parts | None:
    """A text with a column of (start, end, label)."""
    spans = [name for name in looks if looks[name].what == "spans"]
    texts = [name for name in looks if looks[name].what == "text"] or names.named(list(looks), names.TEXT)
    if len(spans) != 1 or not texts:
        return None
    return _tag_parts((names.named(texts, names.TEXT) or texts)[0], spans[0])


def _asked_tags(columns: _Values, looks: Mapping[str, Look], given: AskedColumns) -> _Parts:
    found = _tagged_tokens(columns, looks) or _spans(looks)
    text = given.text or (found.text if found else _first(looks, (*names.TOKENS, *names.TEXT)))
    rest = [name for name in looks if name != text]
    label = given.label or (found.label if found and found.text == text else _some(_first(rest, names.TAGS)))
    _complain(looks, given, {"words (--text)": text, "tags (--label)": label})
    return _tag_parts(str(text), label[0])


def _complain(looks: Mapping[str, Look], given: AskedColumns, wanted: Mapping[str, object]) -> None:
    missing = [part for part, found in wanted.items() if not found]
    if missing:
        what = f"no column for the {' and the '.join(missing)}"
        raise DataError(f"{given.file}: {what}. Name it. The columns:\n{listing(looks)}")


def _first(columns: Mapping[str, Look] | Sequence[str], wanted: Sequence[str]) -> str | None:
    return next(iter(names.named(list(columns), wanted)), None)


def _some(name: str | None) -> tuple[str, ...]:
    return (name,) if name else ()
