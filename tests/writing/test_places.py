"""Places of a text stay true where its CSV cell gets an apostrophe."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, read_csv, read_jsonl, write_jsonl
from hypothesis import given
from hypothesis import strategies as st

from bertft.writing import Places, open_writer

Run = Callable[..., Said]
ARMED = ["@sam Anna", "- Anna", "=== Anna", "+x Anna", "\tAnna", "\rAnna", "-5 Anna"]
FREE = ["Anna", "-5", "'@ Anna", " @ Anna"]


def written(record: dict[str, Any], text: str = "text", **options: Any) -> dict[str, str]:
    places = Places.among(text, list(record), known=("mine",))
    with open_writer("out.csv", columns=list(record), places=places, **options) as writer:
        writer.write(record)
    with Path("out.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.DictReader(file))


@pytest.mark.parametrize("text", [*ARMED, *FREE])
@pytest.mark.parametrize("raw", [False, True])
def test_every_shape_of_span_counts_the_apostrophe(text: str, raw: bool) -> None:
    start, end = text.rfind("A") if "A" in text else 0, len(text)
    named = {"start": start, "end": end, "text": text[start:end], "token_start": 1}
    record = {
        "text": text,
        "entities": [named],
        "label": [[start, end, "PER"]],
        "spans": json.dumps([{"start_offset": start, "end_offset": end}]),
        "mine": {"ents": [(start, end, ["PER", "X"])]},
        "other": [[start, end, "PER"]],
    }
    found = written(record, raw=raw)
    text = found["text"]
    (entity,), ((one, other, _),) = json.loads(found["entities"]), json.loads(found["label"])
    (span,), ((mine, to, _),) = json.loads(found["spans"]), json.loads(found["mine"])["ents"]
    places = [(entity["start"], entity["end"]), (one, other), (span["start_offset"], span["end_offset"]), (mine, to)]
    assert {text[start:end] for start, end in places} == {named["text"]}
    assert entity["token_start"] == 1
    assert json.loads(found["other"]) == [[start, end, "PER"]]


@given(st.sampled_from(ARMED + FREE), st.data())
def test_answers_stand_where_the_file_says(text: str, data: st.DataObject) -> None:
    """But for one that begins like a formula inside its text: its own cell has an apostrophe then."""
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    answers = {"text": [text[start:end]], "answer_start": [start]}
    record = {
        "text": text,
        "answers": answers,
        "predicted_answer": text[start:end],
        "answer_start": str(start),
        "x_answer_end": end,
    }
    found = written(record)
    gold = json.loads(found["answers"])
    assert found["text"].startswith(gold["text"][0], gold["answer_start"][0])
    shown = found["text"][int(found["answer_start"]) : int(found["x_answer_end"])]
    assert found["predicted_answer"] in ((shown,) if start == 0 and text in ARMED else (shown, f"'{shown}"))


def test_no_answer_has_no_place() -> None:
    found = written({"text": "@a b", "answer_start": None, "answer_end": "", "answers": {"answer_start": [-1]}})
    assert (found["answer_start"], found["answer_end"]) == ("", "")
    assert json.loads(found["answers"]) == {"answer_start": [-1]}


def test_words_and_tags_come_back_from_a_csv_whose_texts_look_like_formulas(run: Run) -> None:
    rows = [
        {"tokens": ["@", "sam", "Anna", "."], "tags": ["O", "O", "B-PER", "O"]},
        {"tokens": ["-", "Ben"], "tags": ["O", "B-PER"]},
        {"tokens": ["Riga"], "tags": ["B-LOC"]},
    ]
    write_jsonl(Path("in.jsonl"), rows)
    said = run("convert", "in.jsonl", "-o", "out.csv", "--form", "spans").err
    assert (
        "2 cells that a spreadsheet would take for formulas were given a leading ', which the places in them count"
        in said
    )
    for row in read_csv(Path("out.csv")):
        assert {row["text"][e["start"] : e["end"]] for e in json.loads(row["entities"])} <= {"Anna", "Ben", "Riga"}
    run("convert", "out.csv", "-o", "back.jsonl")
    assert read_jsonl(Path("back.jsonl")) == rows
