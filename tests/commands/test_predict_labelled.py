"""`predict` takes every labelled file that `train` takes, and no column of it is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Said, bertft, read_csv, read_jsonl, write_csv, write_jsonl
from tagged import asked_rows, tagged_rows

import bertft as door
from bertft.reading import open_source

Run = Callable[..., Said]
QUICK = ("--max-steps", 1, "--head-start", "random", "--precision", "fp32", "--no-refit", "--quiet")


@pytest.fixture(scope="module")
def runs(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tagger and an answerer that have learned hardly anything, and what they learned from."""
    folder = tmp_path_factory.mktemp("labelled")
    write_jsonl(folder / "tags.jsonl", tagged_rows(20))
    write_jsonl(folder / "asked.jsonl", asked_rows(20))
    for name in ("tags", "asked"):
        bertft("train", folder / f"{name}.jsonl", "--model", tiny, "-o", folder / name, *QUICK)
    return folder


SPANS = [{"text": "good film , very", "entities": [{"start": 5, "end": 9, "label": "ART"}], "id": 4}]


def test_spans_are_kept_and_predicted_beside(runs: Path, run: Run) -> None:
    write_jsonl(Path("spans.jsonl"), SPANS)
    said = run("predict", runs / "tags", "spans.jsonl", "-o", "out.jsonl", "--quiet").err
    assert "spans.jsonl has the column 'entities', which stays; what is added is called predicted_entities" in said
    (found,) = read_jsonl(Path("out.jsonl"))
    assert {name: found[name] for name in SPANS[0]} == SPANS[0]
    assert isinstance(found["predicted_entities"], list)
    run("predict", runs / "tags", "out.jsonl", "-o", "again.jsonl")
    (again,) = read_jsonl(Path("again.jsonl"))
    assert {name: again[name] for name in found} == found
    assert len(again) == len(found) + 3  # it has its words now


def test_a_prefix_is_that_of_all_added_columns(runs: Path, run: Run) -> None:
    write_jsonl(Path("spans.jsonl"), SPANS)
    said = run("predict", runs / "tags", "spans.jsonl", "-o", "out.jsonl", "--prefix", "new_", "--quiet").err
    assert not said
    added = ["new_words", "new_predicted_tags", "new_entities", "new_reason"]
    assert list(read_jsonl(Path("out.jsonl"))[0]) == [*SPANS[0], *added]
    said = run("predict", runs / "tags", "out.jsonl", "-o", "again.jsonl", "--prefix", "new_", ok=2).err
    assert "--prefix new_: the input has 'new_words'" in said
    run("predict", runs / "tags", "out.jsonl", "-o", "again.jsonl", "--prefix", "newer_")


def test_a_file_without_column_names_takes_no_prefix(runs: Path, run: Run) -> None:
    for words in (
        ("tags", "tags.jsonl", "-o", "out.conll"),
        ("asked", "asked.jsonl", "-o", "o.json", "--format", "squad"),
    ):
        said = run("predict", runs / words[0], runs / words[1], *words[2:], "--prefix", "x", ok=2).err
        assert "this file has no names of columns" in said


def test_words_in_a_csv_are_predicted(runs: Path, run: Run) -> None:
    write_csv(Path("words.csv"), ["words", "text", "tags"], [('["good", "film"]', "good film", '["O", "B-ART"]')])
    run("predict", runs / "tags", "words.csv", "-o", "out.csv", "--text", "text")
    (found,) = read_csv(Path("out.csv"))
    assert (found["words"], json.loads(found["predicted_words"])) == ('["good", "film"]', ["good", "film"])


def test_predicted_tags_stand_last_in_conll_whatever_they_are_called(runs: Path, run: Run) -> None:
    row = {"tokens": ["good", "film"], "predicted_tags": ["X", "Y"], "tags": ["O", "O"]}
    write_jsonl(Path("once.jsonl"), [row])
    run("predict", runs / "tags", "once.jsonl", "-o", "out.conll")
    run("predict", runs / "tags", "once.jsonl", "-o", "out.jsonl")
    last = [line.split("\t")[-1] for line in Path("out.conll").read_text().split("\n") if line]
    assert last == read_jsonl(Path("out.jsonl"))[0]["predicted_predicted_tags"]


def test_the_places_of_gold_answers_stay(runs: Path, run: Run) -> None:
    flat = [(r["question"], r["context"], *(part[0] for part in r["answers"].values())) for r in asked_rows(3)]
    write_csv(Path("flat.csv"), ["question", "context", "answer_text", "answer_start"], flat)
    run("predict", runs / "asked", "flat.csv", "-o", "out.csv")
    for row, (*_, start) in zip(read_csv(Path("out.csv")), flat, strict=True):
        assert row["answer_start"] == str(start)
        place = slice(int(row["predicted_answer_start"]), int(row["predicted_answer_end"]))
        assert row["context"][place] == row["predicted_answer"]


@pytest.mark.usefixtures("fresh_accelerator")
def test_rows_of_a_program_keep_their_columns_too(runs: Path) -> None:
    rows: list[dict[str, Any]] = [{**SPANS[0], "reason": "why"}]
    with pytest.warns(UserWarning, match="has the columns 'entities', 'reason'"):
        (found,) = door.predict(runs / "tags", rows)
    assert (found["reason"], found["predicted_reason"]) == ("why", None)
    frame = door.predict(runs / "tags", pd.DataFrame(rows), prefix="x_")
    assert list(frame.columns) == [
        "text",
        "entities",
        "id",
        "reason",
        "x_words",
        "x_predicted_tags",
        "x_entities",
        "x_reason",
    ]


SPAN = {"start": 5, "end": 9}
LABELLED = {**SPAN, "labels": ["ART"]}
FILES: dict[str, Any] = {
    "doccano.jsonl": [{"id": 3, "text": "good film", "label": [[5, 9, "ART"]], "Comments": []}],
    "prodigy.jsonl": [{"text": "good film", "spans": [{**SPAN, "label": "ART"}], "answer": "accept", "_task_hash": 7}],
    "tasks.json": [
        {"id": 3, "data": {"text": "good film"}, "annotations": [{"result": [{"value": {**SPAN, "labels": ["ART"]}}]}]}
    ],
    "min.json": [
        {"text": "good film", "id": 3, "label": [{**SPAN, "text": "film", "labels": ["ART"]}], "annotator": 1}
    ],
    "spacy.json": [["good film", {"entities": [[5, 9, "ART"]]}]],
    "ents.jsonl": [
        {"text": "good film", "ents": [{**SPAN, "label": "ART"}], "tokens": [{"id": 0, "start": 0, "end": 4}]}
    ],
    "min.csv": 'text,id,label\ngood film,1,"[{""start"": 5, ""end"": 9, ""text"": ""film"", ""labels"": [""ART""]}]"\n',
    "cells.csv": "tokens,tags\n\"['good', 'film']\",\"['O', 'B-ART']\"\n",
    "x.conll": "good O\nfilm B-ART\n\n",
    "x.ann": "T1\tART 5 9\tfilm\n",
    "nested.json": {
        "data": [{"title": "t", "paragraphs": [{"context": "good film", "qas": [{"id": 1, "question": "good"}]}]}]
    },
    "impossible.jsonl": [{"question": "good", "context": "good film", "answers": [], "is_impossible": True}],
    "flat.csv": "question,context,answer_text,answer_start\ngood,good film,film,5\n",
}


@pytest.mark.parametrize("name", FILES)
def test_every_labelled_file_is_predicted_as_it_stands(runs: Path, run: Run, name: str) -> None:
    content = FILES[name]
    if name.endswith(".jsonl"):
        write_jsonl(Path(name), content)
    else:
        Path(name).write_text(content if isinstance(content, str) else json.dumps(content))
    Path("x.txt").write_text("good film")
    about = "asked" if name in ("nested.json", "impossible.jsonl", "flat.csv") else "tags"
    run("predict", runs / about, name, "-o", "out.jsonl")
    (found,) = read_jsonl(Path("out.jsonl"))
    (given,) = open_source(name).rows()
    assert {column: found[column] for column in given.fields} == dict(given.fields)
    wanted = "predicted_answer" if about == "asked" else "predicted_tags"
    assert any(column.endswith(wanted) and value for column, value in found.items())
