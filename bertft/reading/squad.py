"""SQuAD's nested JSON comes in: articles that hold paragraphs that hold questions; flat rows go out, one a question.

Versions 1.1 and 2.0, and CMRC 2018's own forms: paragraphs without an article around them, with `context_text`,
`query_id` and `query_text`, and with answers that are bare texts. Plausible answers, which are wrong ones, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count

from bertft.errors import DataError
from bertft.reading.jsonlines import RawFields, kind_of

NOTE = "rows are questions of a nested SQuAD file"
_CONTEXT, _QUESTION, ID = ("context", "context_text"), ("question", "query_text"), ("id", "query_id")
_START = re.compile(r'\s*\{\s*(?:"[^"]*"\s*:\s*(?:"[^"]*"|[\w.+-]+)\s*,\s*)*"data"\s*:\s*\[\s*\{')

Object = Mapping[str, object]


def looks_nested(text: str) -> bool:
    """Whether a file that begins so is one nested document, whatever its name."""
    return _START.match(text) is not None and '"paragraphs"' in text


def is_article(element: object) -> bool:
    """Judged by its first paragraph. A row may have a column called `paragraphs`, and spaCy's old documents have one."""
    if not isinstance(element, Mapping):
        return False
    if "paragraphs" not in element:
        return _is_paragraph(element)
    found = element["paragraphs"]
    return found == [] or (isinstance(found, list) and _is_paragraph(found[0], whole=False))


def questions_of(name: str, articles: Iterable[object]) -> Iterator[RawFields]:
    """A question without an id gets one by its number in the file: q1, q2, … DataError for broken nesting, which says where."""
    numbers = count(1)
    for place, article in enumerate(articles, 1):
        for where, paragraph in _paragraphs(article, f"{name}: article {place}"):
            around = _around(article, paragraph, where)
            for which, question in enumerate(_list_in(paragraph, "qas", where), 1):
                yield _row(question, around, next(numbers), f"{where}, question {which}")


def _is_paragraph(element: object, *, whole: bool = True) -> bool:
    """Not `whole`: one of its two parts will do, so that the other can be missed by name."""
    if not isinstance(element, Mapping):
        return False
    has = isinstance(element.get("qas"), list), any(isinstance(element.get(key), str) for key in _CONTEXT)
    return all(has) if whole else any(has)


def _paragraphs(article: object, where: str) -> Iterator[tuple[str, Object]]:
    article = _object(article, where)
    if "paragraphs" not in article and "qas" in article:
        yield where, article
        return
    for place, paragraph in enumerate(_list_in(article, "paragraphs", where), 1):
        inside = f"{where}, paragraph {place}"
        yield inside, _object(paragraph, inside)


def _around(article: object, paragraph: Object, where: str) -> RawFields:
    """What all questions of a paragraph share."""
    context = _first(paragraph, _CONTEXT)
    if not isinstance(context, str):
        raise DataError(f"{where}: {_said(paragraph, 'context', context)}, wanted a text. Fix it there.")
    title = article if isinstance(article, Mapping) and "title" in article else paragraph
    return ({"title": title["title"]} if "title" in title else {}) | {"context": context}


def _row(question: object, around: RawFields, number: int, where: str) -> RawFields:
    question = _object(question, where)
    asked, name = _first(question, _QUESTION), _first(question, ID)
    if not (asked is None or isinstance(asked, str)):
        raise DataError(f"{where}: {_said(question, 'question', asked)}, wanted a text. Fix it there.")
    row: RawFields = {"id": f"q{number}" if name in (None, "") else name, **around, "question": asked}
    row["answers"] = _answers(question, where)
    return row | ({"is_impossible": question["is_impossible"]} if "is_impossible" in question else {})


def _answers(question: Object, where: str) -> object:
    """None for a question that is not answered in the file; a start is None where it is not told."""
    given = question.get("answers")
    if given is None or isinstance(given, Mapping):
        return given
    answers = [{"text": one} if isinstance(one, str) else one for one in _list_in(question, "answers", where)]
    for place, answer in enumerate(answers, 1):
        if not isinstance(answer, Mapping) or not isinstance(answer.get("text"), str):
            raise DataError(f"{where}, answer {place}: no text in it, wanted 'text' and 'answer_start'. Fix it there.")
    found = [answer for answer in answers if isinstance(answer, Mapping)]
    return {"text": [one["text"] for one in found], "answer_start": [one.get("answer_start") for one in found]}


def _object(value: object, where: str) -> Object:
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: {kind_of(value)}, wanted an object. Fix it there.")
    return value


def _list_in(holder: Object, key: str, where: str) -> list[object]:
    found = holder.get(key)
    if not isinstance(found, list):
        raise DataError(f"{where}: {_said(holder, key, found)}, wanted a list. Fix it there.")
    return found


def _said(holder: Object, key: str, found: object) -> str:
    return f"'{key}' is {kind_of(found)}" if found is not None or key in holder else f"'{key}' is missing"


def _first(holder: Object, keys: tuple[str, ...]) -> object:
    return next((holder[key] for key in keys if holder.get(key) is not None), None)
