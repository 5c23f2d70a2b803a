"""Files of annotation tools become plain rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertft.errors import DataError
from bertft.reading import open_source, read_table

File = Callable[..., str]
PAIRS: list[Any] = [
    ["I like London", {"entities": [[7, 13, "LOC"]]}],
    ["Nothing", {"entities": []}],
    ["Fine", {"entities": [], "cats": {"pos": 1.0}}],
]
PAIR_ROWS = [
    {"text": "I like London", "entities": [[7, 13, "LOC"]], "cats": None},
    {"text": "Nothing", "entities": [], "cats": None},
    {"text": "Fine", "entities": [], "cats": {"pos": 1.0}},
]


@pytest.fixture
def file(tmp_path: Path) -> File:
    def make(content: object, name: str = "train.json", indent: int | None = None) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=indent), encoding="utf-8")
        return str(path)

    return make


def records(path: str) -> list[dict[str, object]]:
    assert [row.fields for row in read_table(path)] == [row.fields for row in open_source(path).rows()]
    return [dict(row.fields) for row in open_source(path).rows()]


def span(start: object, end: object, *labels: str, text: str = "") -> dict[str, object]:
    return {"value": {"start": start, "end": end, "text": text, "labels": list(labels)}, "type": "labels"}


def choice(name: str, *choices: str) -> dict[str, object]:
    return {"value": {"choices": list(choices)}, "type": "choices", "from_name": name, "to_name": "text"}


def task(data: dict[str, object], *results: object, **more: object) -> dict[str, object]:
    return {"id": 1, "annotations": [{"id": 1, "result": list(results), **more}], "data": data, "predictions": []}


@pytest.mark.parametrize("indent", [None, 2])
def test_label_studio_tasks_are_their_data_with_the_spans(file: File, indent: int | None) -> None:
    tasks = [
        task({"text": "EU and NATO", "id": 7}, span(0, 2, "ORG"), span(7, 11, "ORG", "MISC")),
        task({"text": "nothing here"}),
        {"id": 3, "annotations": [], "data": {"text": "not done"}},
    ]
    path = file(tasks, indent=indent)
    assert records(path) == [
        {
            "text": "EU and NATO",
            "id": 7,
            "entities": [{"start": 0, "end": 2, "label": "ORG"}, {"start": 7, "end": 11, "label": "ORG"}],
        },
        {"text": "nothing here", "id": None, "entities": []},
        {"text": "not done", "id": None, "entities": None},
    ]
    assert "rows are read from Label Studio tasks" in open_source(path).notes


def test_a_cancelled_annotation_says_nothing(file: File) -> None:
    cancelled = {"result": [span(0, 1, "X")], "was_cancelled": True}
    two = {"annotations": [cancelled, {"result": [span(0, 2, "ORG")]}], "data": {"text": "EU"}}
    one = {"annotations": [cancelled], "data": {"text": "EU"}}
    assert [row["entities"] for row in records(file([two, one]))] == [[{"start": 0, "end": 2, "label": "ORG"}], None]


def test_choices_go_under_the_name_of_their_question(file: File) -> None:
    tasks = [
        task({"text": "a"}, choice("text", "pos"), choice("topic", "x", "y")),
        task({"text": "b"}, choice("text", "neg"), choice("topic", "x")),
    ]
    assert records(file(tasks)) == [
        {"text": "a", "text_1": "pos", "topic": ["x", "y"]},
        {"text": "b", "text_1": "neg", "topic": "x"},
    ]


def test_an_emoji_counts_twice_in_label_studio(file: File) -> None:
    text = "😀😀 EU and 😀 EU"
    units = [(5, 7), (15, 17)]
    row = records(file([task({"text": text}, *(span(*place, "ORG", text="EU") for place in units))]))[0]
    assert [text[found["start"] : found["end"]] for found in row["entities"]] == ["EU", "EU"]  # type: ignore[attr-defined]
    assert [found["start"] for found in row["entities"]] == [3, 12]  # type: ignore[attr-defined]
    plain = records(file([task({"text": text}, span(3, 5, "ORG", text="EU"), span(0, 2, "X", text="lost"))]))[0]
    assert [found["start"] for found in plain["entities"]] == [3, 0]  # type: ignore[attr-defined]


def test_boxes_and_sounds_are_left_out(file: File) -> None:
    box = {"type": "rectanglelabels", "value": {"x": 1.5, "rectanglelabels": ["Car"]}}
    assert records(file([task({"image": "a.png"}, box, span(0.5, 1.5, "Speech"))])) == [{"image": "a.png"}]


@pytest.mark.parametrize("name", ["train.json", "train.jsonl", "train.spacy.user1"])
@pytest.mark.parametrize("indent", [None, 2])
def test_spacy_pairs_become_rows(file: File, name: str, indent: int | None) -> None:
    assert records(file(PAIRS, name, indent)) == PAIR_ROWS


@pytest.mark.parametrize("name", ["train.json", "train.jsonl", "train.txt"])
def test_spacy_pairs_may_stand_one_a_line(file: File, name: str) -> None:
    path = file("".join(json.dumps(pair) + "\n" for pair in PAIRS), name)
    assert records(path) == PAIR_ROWS
    assert [row.origin for row in open_source(path).rows()] == [f"{path}:{line}" for line in (1, 2, 3)]
    assert records(file(json.dumps(PAIRS[0]), name)) == [{"text": "I like London", "entities": [[7, 13, "LOC"]]}]


def sentence(*tokens: tuple[str, str | None]) -> dict[str, object]:
    return {"tokens": [{"id": i, "orth": word, "ner": tag} for i, (word, tag) in enumerate(tokens)]}


def test_old_spacy_documents_become_a_row_for_each_sentence(file: File) -> None:
    first = [sentence(("EU", "U-ORG"), (".", "O")), sentence(("Nadim", "B-PER"), ("Ladki", "L-PER"))]
    documents = [
        {"id": 1, "paragraphs": [{"raw": "EU .", "sentences": first[:1]}, {"raw": "", "sentences": first[1:]}]},
        {"id": 2, "paragraphs": [{"sentences": [sentence(("x", None))]}]},
    ]
    path = file(documents)
    assert records(path) == [
        {"tokens": ["EU", "."], "tags": ["U-ORG", "O"]},
        {"tokens": ["Nadim", "Ladki"], "tags": ["B-PER", "L-PER"]},
        {"tokens": ["x"], "tags": None},
    ]
    assert [row.origin for row in open_source(path).rows()] == [f"{path}#{row}" for row in (1, 2, 3)]


PLAIN = [
    {"text": "a b", "label": [[0, 1, "X"]]},
    {"text": "a b", "ents": [{"start": 0, "end": 1, "label": "X"}], "tokens": [{"id": 0, "start": 0, "end": 1}]},
    {"text": "a b", "spans": [{"start": 0, "end": 1, "label": "X"}], "answer": "accept"},
    {"id": 5, "text": "a b", "label": [{"start": 0, "end": 1, "text": "a", "labels": ["X"]}], "annotator": 1},
    {"text": "a", "annotations": [{"label": 3, "user": 1}], "meta": {}},
    {"title": "t", "data": "text", "annotations": []},
]


@pytest.mark.parametrize("row", PLAIN)
def test_what_is_a_plain_row_stays_one(file: File, row: dict[str, object]) -> None:
    assert records(file([row, row])) == [row, row]


def test_an_element_of_another_form_is_named(file: File) -> None:
    for elements in ([*PAIRS, ["no pair"]], [*PAIRS, {"text": "x"}]):
        path = file(elements)
        with pytest.raises(DataError, match="wanted spaCy training pairs as the first one") as caught:
            open_source(path)
        assert str(caught.value).startswith(f"{path}#4: ")
    lines = file(json.dumps(PAIRS[0]) + '\n["only text"]\n', "train.jsonl")
    with pytest.raises(DataError, match=r"train\.jsonl:2: a list, wanted an object"):
        open_source(lines)


@pytest.mark.parametrize("skipped", [[], [None]])
def test_ner_annotators_pairs_are_read_from_under_their_key(file: File, skipped: list[None]) -> None:
    pair = ["Ada saw Rome", {"entities": [[0, 3, "PER"]]}]
    found = records(file({"classes": ["PER"], "annotations": [*skipped, pair]}))
    assert found == [{"text": "Ada saw Rome", "entities": [[0, 3, "PER"]]}]
