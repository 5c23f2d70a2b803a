"""Files of annotation tools become plain rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertft.errors import DataError
from bertft.reading import open_source, read_table
from bertft.rows import offsets
from bertft.tags.spans import char_spans

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


SAID = [(0, 2, "ORG"), (7, 11, "ORG"), (7, 11, "MISC")]


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
            "task_id": 1,
            "entities": [{"start": start, "end": end, "label": label} for start, end, label in SAID],
        },
        {"text": "nothing here", "id": None, "task_id": 1, "entities": []},
        {"text": "not done", "id": None, "task_id": 3, "entities": None},
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
        {"text": "a", "task_id": 1, "text_1": "pos", "topic": ["x", "y"]},
        {"text": "b", "task_id": 1, "text_1": "neg", "topic": "x"},
    ]


def test_an_emoji_counts_twice_in_label_studio(file: File) -> None:
    text = "😀😀 EU and 😀 EU"
    units = [(5, 7), (15, 17)]
    row = records(file([task({"text": text}, *(span(*place, "ORG", text="EU") for place in units))]))[0]
    assert [text[found["start"] : found["end"]] for found in row["entities"]] == ["EU", "EU"]  # type: ignore[attr-defined]
    assert [found["start"] for found in row["entities"]] == [3, 12]  # type: ignore[attr-defined]
    plain = records(file([task({"text": text}, span(3, 5, "ORG", text="EU"), span(0, 2, "X", text="lost"))]))[0]
    assert [found["start"] for found in plain["entities"]] == [3, 0]  # type: ignore[attr-defined]


def test_several_annotators_are_said(file: File) -> None:
    one, other = {"result": [span(0, 2, "ORG")]}, {"result": [span(0, 2, "LOC")]}
    truth = {**other, "ground_truth": True}
    data = {"text": "EU"}
    tasks = [
        {"annotations": annotations, "data": data} for annotations in ([one, one], [one, other], [one, truth], [other])
    ]
    path = file(tasks)
    assert [row["entities"][0]["label"] for row in records(path)] == ["ORG", "ORG", "LOC", "LOC"]  # type: ignore[index]
    notes = open_source(path).notes
    assert any(note.startswith("1 task with annotations that differ: the first counts") for note in notes)
    assert "1 task with several annotations: the ground truth counts" in notes
    assert len(open_source(file([{"annotations": [one, one], "data": data}])).notes) == 1
    assert len(open_source(file([{"annotations": [one, {**other, "was_cancelled": True}], "data": data}])).notes) == 1


def test_numbers_are_columns_and_other_results_are_said(file: File) -> None:
    rating = {"value": {"rating": 4}, "type": "rating", "from_name": "stars"}
    others = [
        {"type": "relation", "from_id": "a"},
        {"value": {"text": ["hm"]}, "type": "textarea", "from_name": "note"},
    ]
    path = file([task({"text": "EU"}, span(0, 2, "ORG"), rating, *others)])
    assert records(path)[0]["stars"] == 4
    wanted = "1 task with results of another kind, which are left out: relation, textarea"
    assert wanted in open_source(path).notes


def test_labels_on_a_page_are_found_by_their_words_if_those_stand_once(file: File) -> None:
    text = "<p>The town of Ems.</p><p>Anna in Ems</p>"
    xpath = {"start": "/p[2]/text()[1]", "end": "/p[2]/text()[1]", "startOffset": 0, "endOffset": 4}
    marks = [{"value": {**xpath, "text": words, "hypertextlabels": ["X"]}} for words in ("Anna", "Ems")]
    path = file([task({"text": text}, *marks)])
    assert "1 task with labels on HTML: looked for in its source by their words" in open_source(path).notes
    found = records(path)[0]["entities"]
    assert found == [
        {"start": 26, "end": 30, "label": "X", "text": "Anna"},
        {"start": "/p[2]/text()[1]", "end": "/p[2]/text()[1]", "label": "X", "text": "Ems"},
    ]
    with pytest.raises(DataError, match="is a label on HTML, which cannot be placed in the text"):
        char_spans(found)


def test_lines_ends_count_once_in_label_studio(file: File) -> None:
    text = "Dear Sir,\r\nplease call\r\n😀 Maria in Bergen"
    units = text.replace("\r\n", "\n").encode("utf-16-le")
    marks = []
    for words in ("Maria", "Bergen"):
        start = units.index(words.encode("utf-16-le")) // 2
        marks.append(span(start, start + len(words), "X", text=words))
    path = file([task({"text": text}, *marks)])
    assert "1 task with places counted as browsers do: put right" in open_source(path).notes
    found = records(path)[0]["entities"]
    assert [text[one["start"] : one["end"]] for one in found] == ["Maria", "Bergen"]  # type: ignore[attr-defined]


def test_tasks_may_stand_one_a_line(file: File) -> None:
    tasks = [task({"text": "EU and"}, span(0, 2, "ORG")), {"id": 2, "annotations": [], "data": {"text": "no"}}]
    rows = records(file("".join(json.dumps(one) + "\n" for one in tasks), "tasks.jsonl"))
    assert rows == records(file(tasks))


def test_boxes_and_sounds_are_left_out(file: File) -> None:
    box = {"type": "rectanglelabels", "value": {"x": 1.5, "rectanglelabels": ["Car"]}}
    assert records(file([task({"image": "a.png"}, box, span(0.5, 1.5, "Speech"))])) == [
        {"image": "a.png", "task_id": 1}
    ]


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


def test_the_time_for_a_text_does_not_grow_with_its_spans(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emoji makes tables of places necessary: they are made for a text, never for a span."""
    made: list[int] = []
    starts = offsets._starts
    monkeypatch.setattr(offsets, "_starts", lambda sizes: made.append(len(sizes)) or starts(sizes))
    text = "😀 " + "EU " * 300
    places = [3 * number + 3 for number in range(300)]
    path = file([task({"text": text}, *(span(place, place + 2, "ORG", text="EU") for place in places))])
    source = open_source(path)
    assert "1 task with places counted as browsers do: put right" in source.notes
    assert len(made) <= 4  # the first element is looked at, and then read
    made.clear()
    (row,) = source.rows()
    assert len(made) <= 2
    assert [found["start"] for found in row.fields["entities"]] == [place - 1 for place in places]  # type: ignore[attr-defined]
