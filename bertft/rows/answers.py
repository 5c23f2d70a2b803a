"""A gold cell, in any shape that question-answering files have, to answers and the places where they start in the context.

Starts count characters (code points) from 0. What is read here is trusted; `wrong_answers` says what does not stand where the
file says, and `fixed` looks for it nearby.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bertft.errors import DataError
from bertft.rows.containers import opened
from bertft.rows.finding import nearest, places_of
from bertft.rows.labels import is_empty
from bertft.rows.offsets import other_units

NOWHERE = -1
"""The start of an answer whose place is not told and cannot be inferred."""
MOVED, EMPTY_ANSWER = "an answer moved to where its text stands", "an empty answer, taken for no answer"
"""What was done to read a row."""
STARTS = ("answer_start", "start")
WANTED = 'wanted {"text": ["..."], "answer_start": [17]}, or [] where there is no answer'


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers to a question that count as right; none: the context is known to hold no answer."""

    texts: tuple[str, ...]
    starts: tuple[int, ...]

    @property
    def places(self) -> list[tuple[int, int]]:
        """Start and end of each in the context, in characters."""
        return [(start, start + len(text)) for text, start in zip(self.texts, self.starts, strict=True)]


NO_ANSWER = Answers((), ())
Pair = tuple[object, object]
"""A text and its start, as found."""


def answers_of(row_fields: Mapping[str, object], label: Sequence[str], context: str, *, fix: bool) -> Answers | None:
    """None for a row that is not labelled. `label`: one column of answers, or one of texts and one of starts. A text without a
    start is taken where it stands once in the context, with `fix` where it stands first. DataError, which lacks the row's
    place, for what is no answer."""
    if _is_impossible(row_fields):
        return NO_ANSWER
    cell = row_fields.get(label[0])
    if is_empty(cell):
        return None if len(label) < 2 or is_empty(row_fields.get(label[1])) else _empty_answer(row_fields[label[1]])
    pairs = _pairs(cell) if len(label) < 2 else _side_by_side(cell, row_fields.get(label[1]))
    if pairs is None:
        return None
    texts = tuple(_text(text) for text, _ in pairs)
    return Answers(
        texts, tuple(_start(text, start, context, fix=fix) for text, (_, start) in zip(texts, pairs, strict=True))
    )


def wrong_answers(answers: Answers, context: str) -> list[str]:
    """In words, of each answer that does not stand at its start."""
    return [
        _complaint(text, start, context)
        for text, start in zip(answers.texts, answers.starts, strict=True)
        if not _stands(text, start, context)
    ]


def recounted(answers: Answers, context: str) -> tuple[Answers, str]:
    """The answers where all of them stand if their starts count other units than characters, and which; else the same and ''."""
    if not wrong_answers(answers, context):
        return answers, ""
    for unit, characters in other_units(context):
        starts = tuple(characters.get(start, NOWHERE) for start in answers.starts)
        if not wrong_answers(moved := Answers(answers.texts, starts), context):
            return moved, unit
    return answers, ""


def fixed(answers: Answers, context: str) -> tuple[Answers, list[str]]:
    """Each wrong answer moved to the nearest place where it stands: exactly, else but for space around it, else but for case,
    kinds of space and Unicode form; it then reads as it does there. Empty ones, which some tools write for no answer, are
    dropped. And what was done, in words; what is nowhere stays as it is."""
    done: dict[str, None] = {}
    found: list[tuple[str, int]] = []
    for text, start in zip(answers.texts, answers.starts, strict=True):
        if not text.strip():
            done[EMPTY_ANSWER] = None
            continue
        place = None if _stands(text, start, context) else nearest(text, start, context)
        if place:
            done[MOVED] = None
        found.append((context[place[0] : place[1]], place[0]) if place else (text, start))
    return Answers(tuple(text for text, _ in found), tuple(start for _, start in found)), list(done)


def _empty_answer(start: object) -> Answers:
    """No text, but a start: so some tools write that there is no answer, others that a cell was lost."""
    return Answers(("",), (_start("", start, "", fix=False),))


def _is_impossible(row_fields: Mapping[str, object]) -> bool:
    """SQuAD 2.0's mark; its other answers, where there are some, are only plausible."""
    said = next((value for name, value in row_fields.items() if name.lower() == "is_impossible"), None)
    return said is True or str(said).strip().lower() in ("true", "1", "1.0")


def _pairs(cell: object) -> list[Pair] | None:
    """None where an object of answers is as good as empty."""
    found = _parsed(cell) if isinstance(cell, str) else cell
    if isinstance(found, Mapping):
        if "text" not in found:
            raise DataError(f"`{_short(cell)}` has no 'text', {WANTED}.")
        return None if found["text"] is None else _side_by_side(found["text"], _start_in(found))
    if isinstance(found, list | tuple) and _are_answers(found, cell):
        return [(item.get("text"), _start_in(item)) if isinstance(item, Mapping) else (item, None) for item in found]
    return [(cell, None)]


def _are_answers(items: Sequence[object], cell: object) -> bool:
    """An answer such as `[1]` is no list of answers."""
    return not isinstance(cell, str) or all(isinstance(item, str | Mapping) for item in items)


def _side_by_side(texts: object, starts: object) -> list[Pair]:
    """Texts and starts of two columns or two keys: one of each, or lists of them."""
    listed, places = _as_list(texts), _as_list(starts)
    if places is None and (listed is None or isinstance(texts, str)):
        return [(texts, starts)]
    listed = [texts] if listed is None else listed
    if places is None:
        places = [None] * len(listed) if is_empty(starts) else [starts]
    if len(listed) != len(places):
        raise DataError(f"{len(listed)} answers with {len(places)} starts, {WANTED}.")
    return list(zip(listed, places, strict=True))


def _as_list(value: object) -> list[object] | None:
    found = _parsed(value) if isinstance(value, str) else value
    return list(found) if isinstance(found, list | tuple) else None


def _start_in(answer: Mapping[str, object]) -> object:
    return next((answer[name] for name in STARTS if answer.get(name) is not None), None)


def _parsed(cell: str) -> object:
    """JSON, or what Python prints, NumPy's arrays too; the cell itself where it is neither, as a text may begin so."""
    return opened(cell) if cell.lstrip().startswith(("{", "[")) else cell


def _text(text: object) -> str:
    if type(text) is int:
        return str(text)
    if not isinstance(text, str):
        raise DataError(f"answer `{_short(text)}` is no text, {WANTED}.")
    return text


def _start(text: str, start: object, context: str, *, fix: bool) -> int:
    if is_empty(start):
        places = list(places_of(text, context)) if text.strip() else []
        return places[0] if len(places) == 1 or (fix and places) else NOWHERE
    try:
        number = float(str(start))
    except ValueError:
        number = float("nan")
    if isinstance(start, bool) or not number.is_integer():
        raise DataError(f"the start `{_short(start)}` of answer '{_short(text)}' is no whole number, {WANTED}.")
    return int(number)


def _stands(text: str, start: int, context: str) -> bool:
    return bool(text.strip()) and start >= 0 and context.startswith(text, start)


def _complaint(text: str, start: int, context: str) -> str:
    if not text.strip():
        return "an answer is an empty text; where there is no answer, an empty list is wanted"
    name, places = f"answer '{_short(text)}'", list(places_of(text, context))
    if start < 0 and len(places) > 1:
        return f"{name} has no start and stands in the context {len(places)} times, first at {places[0]}"
    near = nearest(text, start, context)
    what = f"{name} has no start" if start == NOWHERE else f"{name} is not at {start} ({_there(text, start, context)})"
    if near is None:
        return f"{name} is nowhere in the context"
    found = context[near[0] : near[1]]
    other = unicodedata.normalize("NFC", found) == unicodedata.normalize("NFC", text)
    form = " in another Unicode form" if other else f" as '{_short(found)}'"
    return f"{what}; it stands at {near[0]}" + ("" if found == text else form)


def _there(text: str, start: int, context: str) -> str:
    if 0 <= start < len(context):
        return f"there: '{_short(context[start : start + len(text)])}'"
    return f"the context has {len(context)} characters"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"
