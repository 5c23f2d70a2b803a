"""The forms in which tools keep entities: words with tags, or a text with character spans as each tool writes them.

In come words with tags, out goes a record for a file. What a form cannot say (several scores, a document) stays in the
record's other columns.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from bertft.tags import spans_of
from bertft.tags.spans import CharSpan, to_char_spans
from bertft.tags.words import Words

_Record = dict[str, Any]


def tokens_form(words: Words, tags: Sequence[str], spans: Sequence[CharSpan]) -> _Record:
    """As Hub data sets have it."""
    return {"tokens": list(words.texts), "tags": list(tags)}


def spans_form(words: Words, tags: Sequence[str], spans: Sequence[CharSpan]) -> _Record:
    """With the words, so that nothing is lost on the way back."""
    entities = [{"start": span.start, "end": span.end, "label": span.label} for span in spans]
    return {"text": words.text, "entities": entities, "tokens": _tokens(words)}


def doccano_form(words: Words, tags: Sequence[str], spans: Sequence[CharSpan]) -> _Record:
    """doccano's JSONL."""
    return {"text": words.text, "label": [[span.start, span.end, span.label] for span in spans]}


def prodigy_form(words: Words, tags: Sequence[str], spans: Sequence[CharSpan]) -> _Record:
    """Prodigy's JSONL, as `db-in` takes it."""
    marked = [
        {
            **{"start": span.start, "end": span.end, "label": span.label},
            "token_start": bisect_right(words.ends, span.start),
            "token_end": bisect_left(words.starts, span.end) - 1,
        }
        for span in spans
    ]
    return {"text": words.text, "tokens": _tokens(words), "spans": marked, "answer": "accept"}


def spacy_form(words: Words, tags: Sequence[str], spans: Sequence[CharSpan]) -> _Record:
    """What spaCy's Doc.to_json gives."""
    ents = [{"start": span.start, "end": span.end, "label": span.label} for span in spans]
    return {"text": words.text, "ents": ents, "tokens": _tokens(words)}


def label_studio_form(words: Words, tags: Sequence[str], spans: Sequence[CharSpan]) -> _Record:
    """A task of Label Studio with one annotation."""
    return {"data": {"text": words.text}, "annotations": [{"result": span_results(words.text, spans)}]}


def span_results(text: str, spans: Sequence[CharSpan], sure: Sequence[float] = ()) -> list[_Record]:
    """What an annotation or a prediction of Label Studio says, by the names of its own template for entities. `sure`: how
    probable each span is."""
    results: list[_Record] = [
        {
            **{"id": f"s{number}", "from_name": "label", "to_name": "text", "type": "labels"},
            "value": {
                **{"start": _utf16(text, span.start), "end": _utf16(text, span.end)},
                "text": text[span.start : span.end],
                "labels": [span.label],
            },
        }
        for number, span in enumerate(spans, 1)
    ]
    return [{**one, "score": score} for one, score in zip(results, sure, strict=True)] if sure else results


FORMS: dict[str, Callable[[Words, Sequence[str], Sequence[CharSpan]], _Record]] = {
    "tokens": tokens_form,
    "spans": spans_form,
    "doccano": doccano_form,
    "prodigy": prodigy_form,
    "spacy": spacy_form,
    "label-studio": label_studio_form,
}


HOLD_ALL_SPANS = ("spans", "doccano", "prodigy", "label-studio")
"""Forms of spans that may overlap."""


def in_form(
    form: str, words: Words, tags: Sequence[str], scheme: str | None, spans: Sequence[CharSpan] | None = None
) -> _Record:
    """A row in a form of FORMS; `scheme` is that of the tags. `spans`: in place of those that the tags make."""
    if spans is None:
        spans = to_char_spans(spans_of(tags, scheme), words) if scheme else []
    return FORMS[form](words, tags, spans)


def _utf16(text: str, place: int) -> int:
    """As a browser counts, in which an emoji is two."""
    return len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


def _tokens(words: Words) -> list[_Record]:
    return [
        {"text": text, "start": start, "end": end, "id": number}
        for number, (text, start, end) in enumerate(zip(words.texts, words.starts, words.ends, strict=True))
    ]
