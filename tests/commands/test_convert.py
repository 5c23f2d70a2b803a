"""`convert` turns any form of tagged words into any other, and back without loss where the forms allow it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, read_csv, read_jsonl, write_csv, write_jsonl
from tagged import tagged_rows

from bertft.tags import convert_tags

Run = Callable[..., Said]
ODD = {"tokens": ["it's", "U.S.", "a\u00adb", "film", "…"], "tags": ["O", "B-PLACE", "O", "B-ART", "I-ART"]}


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """Also words that BERT would split, and a row without entities."""
    found = [*tagged_rows(30), ODD, {"tokens": ["quite", "cold"], "tags": ["O", "O"]}]
    write_jsonl(Path("train.jsonl"), found)
    return found


@pytest.mark.parametrize("form", ["tokens", "spans", "prodigy", "spacy"])
@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_forms_that_keep_the_words_come_back_the_same(
    rows: list[dict[str, Any]], run: Run, form: str, ending: str
) -> None:
    run("convert", "train.jsonl", "-o", f"other.{ending}", "--form", form)
    run("convert", f"other.{ending}", "-o", "back.jsonl")
    assert [{key: row[key] for key in ("tokens", "tags")} for row in read_jsonl(Path("back.jsonl"))] == rows


@pytest.mark.parametrize("name", ["other.conll", "other.bio", "other.csv", "other.tsv", "other.conll.gz"])
def test_columns_and_cells_come_back_the_same(rows: list[dict[str, Any]], run: Run, name: str) -> None:
    run("convert", "train.jsonl", "-o", name)
    run("convert", name, "-o", "back.jsonl")
    assert [{key: row[key] for key in ("tokens", "tags")} for row in read_jsonl(Path("back.jsonl"))] == rows


@pytest.mark.parametrize("scheme", ["IOB1", "BIOES", "BILOU"])
def test_schemes_come_back_the_same(rows: list[dict[str, Any]], run: Run, scheme: str) -> None:
    said = run("convert", "train.jsonl", "-o", "other.conll", "--scheme", scheme).err
    assert f"IOB2 to {scheme}" in said
    run("convert", "other.conll", "-o", "other.jsonl")
    assert [row["tags"] for row in read_jsonl(Path("other.jsonl"))] == [
        convert_tags(r["tags"], "IOB2", scheme) for r in rows
    ]
    assert f"{scheme} to IOB2" in run("convert", "other.conll", "-o", "back.jsonl", "--scheme", "IOB2").err
    assert read_jsonl(Path("back.jsonl")) == rows


@pytest.mark.parametrize("form", ["doccano", "label-studio"])
def test_forms_without_words_keep_the_spans(rows: list[dict[str, Any]], run: Run, form: str) -> None:
    """Words are cut again as BERT cuts them, so the spans are compared, by what they say."""
    run("convert", "train.jsonl", "-o", "other.json", "--form", form)
    run("convert", "train.jsonl", "-o", "known.jsonl", "--form", "spans")
    run("convert", "other.json", "-o", "found.jsonl", "--form", "spans")
    known, found = read_jsonl(Path("known.jsonl")), read_jsonl(Path("found.jsonl"))
    assert [row["text"] for row in found] == [row["text"] for row in known]
    assert [row["entities"] for row in found] == [row["entities"] for row in known]


def test_what_tools_export_looks_as_they_write_it(run: Run) -> None:
    write_jsonl(Path("one.jsonl"), [{"tokens": ["in", "New", "York"], "tags": ["O", "B-LOC", "I-LOC"], "id": 7}])
    wanted = {
        "doccano": {"text": "in New York", "label": [[3, 11, "LOC"]], "id": 7},
        "spans": {"text": "in New York", "entities": [{"start": 3, "end": 11, "label": "LOC"}], "id": 7},
    }
    for form, record in wanted.items():
        run("convert", "one.jsonl", "-o", "out.jsonl", "--form", form)
        (found,) = read_jsonl(Path("out.jsonl"))
        assert {key: found[key] for key in record} == record
    run("convert", "one.jsonl", "-o", "out.json", "--form", "label-studio")
    (task,) = json.loads(Path("out.json").read_text())
    (result,) = task["annotations"][0]["result"]
    assert (task["data"]["text"], result["value"]["text"], result["value"]["labels"]) == (
        "in New York",
        "New York",
        ["LOC"],
    )
    run("convert", "one.jsonl", "-o", "out.jsonl", "--form", "prodigy")
    assert read_jsonl(Path("out.jsonl"))[0]["spans"] == [
        {"start": 3, "end": 11, "label": "LOC", "token_start": 1, "token_end": 2}
    ]


def test_parts_of_speech_pass_but_mark_no_spans(run: Run) -> None:
    write_jsonl(Path("pos.jsonl"), [{"tokens": ["a", "dish"], "tags": ["DT", "NN"]}] * 3)
    run("convert", "pos.jsonl", "-o", "pos.conll")
    run("convert", "pos.conll", "-o", "back.jsonl")
    assert read_jsonl(Path("back.jsonl"))[0] == {"tokens": ["a", "dish"], "tags": ["DT", "NN"]}
    write_csv(Path("spaced.csv"), ["text", "tags"], [("a dish", "DT NN")])
    assert "plain tags to plain tags" in run("convert", "spaced.csv", "-o", "spaced.jsonl").err
    for file in ("pos.jsonl", "spaced.csv"):
        assert "plain" in run("convert", file, "-o", "x.jsonl", "--form", "spans", ok=2).err


def test_rows_without_a_label_are_left_out_and_counted(run: Run) -> None:
    rows = [
        {"text": "good film", "spans": [{"start": 5, "end": 9, "label": "ART"}], "answer": "accept"},
        {"text": "good book", "spans": [{"start": 5, "end": 9, "label": "ART"}], "answer": "reject"},
        {"text": "not bad", "answer": "accept"},
    ]
    write_jsonl(Path("prodigy.jsonl"), rows)
    said = run("convert", "prodigy.jsonl", "-o", "out.csv").err
    assert "1 row with no label: left out" in said
    found = [(json.loads(row["tokens"]), json.loads(row["tags"])) for row in read_csv(Path("out.csv"))]
    assert found == [(["good", "film"], ["O", "B-ART"]), (["not", "bad"], ["O", "O"])]


def test_documents_stay_apart(run: Run) -> None:
    Path("two.conll").write_text("-DOCSTART- O\n\ngood O\nfilm B-ART\n\n-DOCSTART- O\n\ncold O\n")
    run("convert", "two.conll", "-o", "rows.jsonl")
    assert [row["document"] for row in read_jsonl(Path("rows.jsonl"))] == [1, 2]
    run("convert", "rows.jsonl", "-o", "again.conll")
    assert Path("again.conll").read_text().count("-DOCSTART-") == 2


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["train.jsonl", "-o", "x.conll", "--form", "spans"], "CoNLL"),
        (["train.jsonl", "-o", "x.jsonl", "--form", "brat"], "doccano"),
        (["train.jsonl", "-o", "x.jsonl", "--scheme", "BMES"], "BIOES"),
        (["text.csv", "-o", "x.jsonl"], "--label"),
        (["train.jsonl", "-o", "x.docx"], ".jsonl"),
    ],
)
def test_mistakes_are_one_plain_message(rows: list[dict[str, Any]], run: Run, words: list[str], wanted: str) -> None:
    write_csv(Path("text.csv"), ["sentence"], [("good film",)])
    said = run("convert", *words, ok=2).err
    assert said.count("Error: ") == 1
    assert wanted in said


def test_no_other_column_takes_the_place_of_what_was_made(run: Run) -> None:
    row = {
        "tokens": ["good", "film"],
        "ner_tags": ["O", "B-ART"],
        "tags": ["X", "X"],
        "label": "news",
        "text": "Good film",
    }
    write_jsonl(Path("t.jsonl"), [row])
    said = run("convert", "t.jsonl", "-o", "o.jsonl", "--label", "ner_tags").err
    assert "column tags is left out" in said
    found = read_jsonl(Path("o.jsonl"))[0]
    assert (found["tags"], found["label"], found["text"]) == (["O", "B-ART"], "news", "Good film")
    run("convert", "t.jsonl", "-o", "d.jsonl", "--label", "ner_tags", "--form", "doccano")
    assert read_jsonl(Path("d.jsonl"))[0]["label"] == [[5, 9, "ART"]]


@pytest.mark.parametrize("form", ["spans", "prodigy", "spacy"])
def test_words_survive_a_csv(rows: list[dict[str, Any]], run: Run, form: str) -> None:
    run("convert", "train.jsonl", "-o", "other.csv", "--form", form)
    run("convert", "other.csv", "-o", "back.jsonl")
    assert [{key: row[key] for key in ("tokens", "tags")} for row in read_jsonl(Path("back.jsonl"))] == rows


def test_tokens_without_a_text_have_their_own(run: Run) -> None:
    tokens = [{"text": "EU", "start": 0, "end": 2}, {"text": "rejects", "start": 3, "end": 10}]
    write_jsonl(Path("t.jsonl"), [{"tokens": tokens, "tags": ["B-ORG", "O"]}])
    run("convert", "t.jsonl", "-o", "o.jsonl", "--text", "tokens", "--label", "tags")
    assert read_jsonl(Path("o.jsonl")) == [{"tokens": ["EU", "rejects"], "tags": ["B-ORG", "O"]}]


def test_label_studio_counts_as_a_browser_does(run: Run) -> None:
    write_jsonl(Path("t.jsonl"), [{"tokens": ["😀😀", "Paris"], "tags": ["O", "B-LOC"]}])
    run("convert", "t.jsonl", "-o", "o.json", "--form", "label-studio")
    value = json.loads(Path("o.json").read_text())[0]["annotations"][0]["result"][0]["value"]
    assert (value["start"], value["end"]) == (5, 10)


def test_the_input_is_never_overwritten(rows: list[dict[str, Any]], run: Run) -> None:
    assert "is the input" in run("convert", "train.jsonl", "-o", "train.jsonl", ok=2).err
    assert read_jsonl(Path("train.jsonl")) == rows


def test_convert_says_its_guesses_as_train_does(run: Run) -> None:
    Path("t.conll").write_text("1\tAda\tB-PER\tO\n2\tsaw\tO\tO\n")
    said = run("convert", "t.conll", "-o", "out.jsonl").err
    assert "words are column 2, tags column 4, the others column_3 (--label)" in said
    assert "words in 'tokens' (--text), tags or spans in 'tags' (--label)" in said
    assert "tags stand also in 'column_3' (50% of its words in entities; --label)" in said
    assert run("convert", "t.conll", "-o", "out.jsonl", "--quiet").err == ""
