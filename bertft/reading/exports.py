"""Elements of annotation tools' JSON files come in; plain rows go out. Only what is not a plain row already is unpacked:
Label Studio's tasks, spaCy's training pairs and its old training documents. A room of its own, as formats of tools change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

_Fields = dict[str, object]


@dataclass(frozen=True)
class Export:
    """A tool's way of writing rows down."""

    name: str
    unpack: Callable[[object], list[_Fields] | None]
    """One element's rows; None for an element that is something else."""


def export_of(element: object) -> Export | None:
    """Judged by the first element of a list; None for plain rows."""
    return next((export for export in EXPORTS if export.unpack(element) is not None), None)


def label_studio_task(element: object) -> list[_Fields] | None:
    """The task's data, with what its first annotation that was not cancelled says: spans of text as `entities`, choices
    under the name of their question. Boxes on images and the like are left out."""
    data, annotations = _get(element, "data"), _get(element, "annotations")
    if not isinstance(data, dict) or not isinstance(annotations, list):
        return None
    results = [_get(found, "result") for found in annotations if not _get(found, "was_cancelled")]
    said = next((result for result in results if isinstance(result, list)), None)
    return [data] if said is None else [data | _answers(said, data)]


def spacy_pair(element: object) -> list[_Fields] | None:
    """["I like London", {"entities": [[7, 13, "LOC"]]}]: the text, and what is said of it."""
    if not isinstance(element, list) or len(element) != 2:
        return None
    text, said = element
    return [{"text": text, **said}] if isinstance(text, str) and isinstance(said, dict) else None


def spacy_document(element: object) -> list[_Fields] | None:
    """Paragraphs of sentences of tokens, with the tags of spaCy 2 (BILUO). A SQuAD article has no sentences."""
    paragraphs = _get(element, "paragraphs")
    if not isinstance(paragraphs, list) or not paragraphs or _get(paragraphs[0], "sentences") is None:
        return None
    return [_of_tokens(sentence) for paragraph in paragraphs for sentence in _list(paragraph, "sentences")]


EXPORTS = (
    Export("Label Studio tasks", label_studio_task),
    Export("spaCy training pairs", spacy_pair),
    Export("spaCy training documents, a row for each sentence", spacy_document),
)


def _answers(results: list[object], data: _Fields) -> _Fields:
    """An annotation without a result says that there are no entities."""
    entities = [span for result in results if (span := _text_span(_get(result, "value"), data))]
    found: _Fields = {"entities": entities} if entities or not results else {}
    for result in results:
        if isinstance(choices := _get(_get(result, "value"), "choices"), list):
            name = _free_name(str(_get(result, "from_name")), data)
            found[name] = choices[0] if len(choices) == 1 else choices
    return found


def _text_span(value: object, data: _Fields) -> _Fields | None:
    start, end, labels = (_get(value, key) for key in ("start", "end", "labels"))
    if type(start) is not int or type(end) is not int or not isinstance(labels, list) or not labels:
        return None
    start, end = _in_characters(start, end, _get(value, "text"), data)
    return {"start": start, "end": end, "label": labels[0]}


def _in_characters(start: int, end: int, covered: object, data: _Fields) -> tuple[int, int]:
    """Label Studio counts as browsers do, an emoji as two; seen where the text that a span covers stands only there."""
    texts = [text for text in data.values() if isinstance(text, str)]
    if any(text[start:end] == covered for text in texts):
        return start, end
    for text in texts:
        units = text.encode("utf-16-le", "surrogatepass")
        before, inside = (units[2 * a : 2 * b].decode("utf-16-le", "ignore") for a, b in ((0, start), (start, end)))
        if inside and inside == covered:
            return len(before), len(before) + len(inside)
    return start, end


def _of_tokens(sentence: object) -> _Fields:
    tokens = _list(sentence, "tokens")
    tags = [_get(token, "ner") for token in tokens]
    fields: _Fields = {"tokens": [_get(token, "orth") for token in tokens]}
    return fields | ({"tags": tags} if None not in tags else {})


def _free_name(name: str, taken: _Fields) -> str:
    """As Label Studio itself has it: a question that is called like a field of the data gets a number."""
    names = (f"{name}_{number}" for number in count(1))
    return name if name not in taken else next(free for free in names if free not in taken)


def _get(item: object, key: str) -> object:
    return item.get(key) if isinstance(item, Mapping) else None


def _list(item: object, key: str) -> list[object]:
    found = _get(item, key)
    return found if isinstance(found, list) else []
