"""Elements of annotation tools' JSON files come in; plain rows go out. Only what is not a plain row already is unpacked:
Label Studio's tasks, spaCy's training pairs and its old training documents. A room of its own, as formats of tools change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from bertft.rows.offsets import Claim, placed_each

TASK_ID = "task_id"
"""Column of the number that Label Studio knows a task by: predictions go back with it."""
_TRUTH = "task{s} with several annotations: the ground truth counts"
_DIFFER = "task{s} with annotations that differ: the first counts, unless one is marked as ground truth"
_ON_HTML = "task{s} with labels on HTML: looked for in its source by their words"
_ONLY_PREDICTED = "task{s} with predictions of a model only, which are no labels"
_LEFT_OUT = "task{s} with results of another kind, which are left out: "
_NUMBERS = ("rating", "number")
"""Results that are one number for a task."""
_BROWSER = "task{s} with places counted as browsers do: put right"
_Fields = dict[str, object]
_Spans = list[list[_Fields]]
"""A list for each result of an annotation."""


@dataclass(frozen=True)
class Unpacked:
    """What one element holds."""

    rows: list[_Fields]
    remarks: Callable[[], list[str]] = list
    """What is to be said of it, in words that follow a number. `{s}` ends a plural."""


@dataclass(frozen=True)
class Export:
    """A tool's way of writing rows down."""

    name: str
    unpack: Callable[[object], Unpacked | None]
    """None for an element that is something else."""


def export_of(element: object) -> Export | None:
    """Judged by the first element of a list; None for plain rows."""
    return next((export for export in EXPORTS if export.unpack(element) is not None), None)


def label_studio_task(element: object) -> Unpacked | None:
    """The task's data and its id, with what an annotation says: that of the ground truth, else the first that was not cancelled.
    Spans of text become `entities`, choices stand under the name of their question. Boxes on images and the like are left out."""
    data = _get(element, "data")
    results = _results(element)
    if not isinstance(data, dict) or results is None:
        return None
    number = _get(element, "id")
    row = data | ({} if number is None else {_free_name(TASK_ID, data): number})
    if not results:
        return Unpacked([row], lambda: [_ONLY_PREDICTED] if _list(element, "predictions") else [])
    spans = _text_spans(results[0], data)
    return Unpacked([row | _answers(results[0], spans, data)], lambda: _remarks(element, results, spans, data))


def _results(element: object) -> list[list[object]] | None:
    """What each annotation that counts says, the ground truth first; None for what is no task."""
    annotations = _get(element, "annotations")
    if annotations is None and isinstance(_get(element, "predictions"), list):
        return []  # a task that is still to be annotated
    if not isinstance(annotations, list):
        return None
    kept = [one for one in annotations if isinstance(_get(one, "result"), list) and not _get(one, "was_cancelled")]
    return [_list(one, "result") for one in sorted(kept, key=lambda one: not _get(one, "ground_truth"))]


def _remarks(element: object, results: list[list[object]], spans: _Spans, data: _Fields) -> list[str]:
    """Where annotators do not agree, and where places were not those of characters in the text. `spans`: those of the first."""
    said, first = [], _said(_answers(results[0], spans, data))
    if any(_said(_answers(result, _text_spans(result, data), data)) != first for result in results[1:]):
        truth = any(_get(one, "ground_truth") for one in _list(element, "annotations"))
        said.append(_TRUTH if truth else _DIFFER)
    pairs = list(zip(results[0], spans, strict=True))
    if others := {str(_get(one, "type")) for one, found in pairs if not found and not _is_answer(one)}:
        said.append(_LEFT_OUT + ", ".join(sorted(others)))
    starts = [(_get(_get(one, "value"), "start"), found[0]["start"]) for one, found in pairs if found]
    if any(isinstance(given, str) for given, _ in starts):
        said.append(_ON_HTML)
    elif any(given != start for given, start in starts):
        said.append(_BROWSER)
    return said


def _is_answer(result: object) -> bool:
    return any(_get(_get(result, "value"), key) is not None for key in ("choices", *_NUMBERS))


def _said(answers: _Fields) -> str:
    """The same for the same answers in another order."""
    return str({name: sorted(map(str, value)) if isinstance(value, list) else value for name, value in answers.items()})


def spacy_pair(element: object) -> Unpacked | None:
    """["I like London", {"entities": [[7, 13, "LOC"]]}]: the text, and what is said of it."""
    if not isinstance(element, list) or len(element) != 2:
        return None
    text, said = element
    return Unpacked([{"text": text, **said}]) if isinstance(text, str) and isinstance(said, dict) else None


def spacy_document(element: object) -> Unpacked | None:
    """Paragraphs of sentences of tokens, with the tags of spaCy 2 (BILUO). A SQuAD article has no sentences."""
    paragraphs = _get(element, "paragraphs")
    if not isinstance(paragraphs, list) or not paragraphs or _get(paragraphs[0], "sentences") is None:
        return None
    return Unpacked([_of_tokens(sentence) for paragraph in paragraphs for sentence in _list(paragraph, "sentences")])


EXPORTS = (
    Export("Label Studio tasks", label_studio_task),
    Export("spaCy training pairs", spacy_pair),
    Export("spaCy training documents, a row for each sentence", spacy_document),
)


def _answers(results: list[object], spans: _Spans, data: _Fields) -> _Fields:
    """An annotation without a result says that there are no entities."""
    entities = [span for found in spans for span in found]
    found: _Fields = {"entities": entities} if entities or not results else {}
    for result in results:
        number = next((one for key in _NUMBERS if (one := _get(_get(result, "value"), key)) is not None), None)
        if number is not None:
            found[_free_name(str(_get(result, "from_name")), data)] = number
        if isinstance(choices := _get(_get(result, "value"), "choices"), list):
            name = _free_name(str(_get(result, "from_name")), data)
            found[name] = choices[0] if len(choices) == 1 else choices
    return found


def _text_spans(results: list[object], data: _Fields) -> _Spans:
    """Of each result a span for each of its labels. Sounds and time series, whose places are no whole numbers, have none in a
    text."""
    values = [_get(result, "value") for result in results]
    places = _in_characters([claim for value in values if (claim := _claim(value))], data)
    return [_of_labels(value, places, data) for value in values]


def _claim(value: object) -> Claim | None:
    start, end, covered = (_get(value, key) for key in ("start", "end", "text"))
    if type(start) is not int or type(end) is not int:
        return None
    return Claim(start, end, covered if isinstance(covered, str) and covered.strip() else None)


def _of_labels(value: object, places: Mapping[Claim, tuple[int, int]], data: _Fields) -> list[_Fields]:
    start, end, covered = (_get(value, key) for key in ("start", "end", "text"))
    labels = next((found for key in _keys(value) if key.endswith("labels") and (found := _list(value, key))), [])
    words: _Fields = {"text": covered} if isinstance(covered, str) and covered.strip() else {}
    if isinstance(start, str):  # on HTML
        start, end = _in_source(str(covered or ""), data) or (start, end)
    elif claim := _claim(value):
        start, end = places[claim]
    else:
        return []
    return [{"start": start, "end": end, "label": label, **words} for label in labels]


def _in_source(covered: str, data: _Fields) -> tuple[int, int] | None:
    """Where words that are marked on a page stand in its source, if only once."""
    texts = [text for text in data.values() if isinstance(text, str) and text.count(covered) == 1]
    if not covered.strip() or len(texts) != 1:
        return None
    return texts[0].index(covered), texts[0].index(covered) + len(covered)


def _in_characters(claims: Sequence[Claim], data: _Fields) -> dict[Claim, tuple[int, int]]:
    """Label Studio counts as browsers do, an emoji as two and a line's end as one; seen where the words that a span covers stand
    only there. What fits nowhere stays as it is, and is told when the row is read."""
    found = {claim: (claim.start, claim.end) for claim in claims}
    sought = [claim for claim in found if claim.covered is not None]
    for text in (text for text in data.values() if isinstance(text, str)):
        places = dict(zip(sought, placed_each(sought, text), strict=True))
        found |= {claim: place for claim, place in places.items() if place}
        sought = [claim for claim, place in places.items() if place is None]
    return found


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


def _keys(item: object) -> list[str]:
    return list(item) if isinstance(item, Mapping) else []


def _list(item: object, key: str) -> list[object]:
    found = _get(item, key)
    return found if isinstance(found, list) else []
