"""SQuAD's nested JSON, and CMRC's, as flat rows."""

from __future__ import annotations

import copy
import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertft.errors import DataError
from bertft.reading import open_source, read_table

NOTE = "rows are questions of a nested SQuAD file"
SQUAD: dict[str, Any] = {
    "version": "v2.0",
    "data": [
        {
            "title": "Paris",
            "paragraphs": [
                {
                    "context": "Paris is old.",
                    "qas": [
                        {
                            "question": "What is old?",
                            "id": "a1",
                            "answers": [{"text": "Paris", "answer_start": 0}, {"text": "Paris is", "answer_start": 0}],
                            "is_impossible": False,
                        },
                        {
                            "question": "Who?",
                            "id": 7,
                            "answers": [],
                            "plausible_answers": [{"text": "Paris", "answer_start": 0}],
                            "is_impossible": True,
                        },
                    ],
                },
                {"context": "No question here.", "qas": []},
            ],
        },
        {"title": "Empty", "paragraphs": []},
        {
            "title": "我",
            "paragraphs": [
                {"context": "我们", "qas": [{"question": "谁?", "answers": [{"text": "我", "answer_start": 0}]}]}
            ],
        },
    ],
}
ROWS: list[dict[str, Any]] = [
    {
        **{"id": "a1", "title": "Paris", "context": "Paris is old.", "question": "What is old?"},
        "answers": {"text": ["Paris", "Paris is"], "answer_start": [0, 0]},
        "is_impossible": False,
    },
    {
        **{"id": 7, "title": "Paris", "context": "Paris is old.", "question": "Who?"},
        "answers": {"text": [], "answer_start": []},
        "is_impossible": True,
    },
    {
        **{"id": "q3", "title": "我", "context": "我们", "question": "谁?"},
        "answers": {"text": ["我"], "answer_start": [0]},
        "is_impossible": None,
    },
]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    def make(document: object, name: str = "dev.json", **options: Any) -> str:
        path = tmp_path / name
        text = json.dumps(document, **options).encode()
        path.write_bytes(gzip.compress(text, mtime=0) if name.endswith(".gz") else text)
        return str(path)

    return make


def records(path: str) -> list[dict[str, object]]:
    return [dict(row.fields) for row in open_source(path).rows()]


@pytest.mark.parametrize("name", ["dev.json", "dev-v2.0.json.gz", "dev.jsonl", "dev.squad"])
@pytest.mark.parametrize("options", [{}, {"indent": 1}, {"ensure_ascii": False}, {"sort_keys": True}])
def test_questions_are_rows_whatever_the_file_is_called(file: Callable[..., str], name: str, options: Any) -> None:
    path = file(SQUAD, name, **options)
    source = open_source(path)
    assert records(path) == ROWS
    assert source.columns == ["id", "title", "context", "question", "answers", "is_impossible"]
    assert NOTE in source.notes
    assert [row.origin for row in source.rows()] == [f"{path}#{number}" for number in (1, 2, 3)]


def test_standard_input_may_be_nested_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(SQUAD).encode())))
    assert [dict(row.fields) for row in open_source("-").rows()] == ROWS


def test_a_table_keeps_the_answers(file: Callable[..., str]) -> None:
    assert [dict(row.fields) for row in read_table(file(SQUAD))] == ROWS


def test_version_one_has_no_mark_and_keys_may_come_in_any_order(file: Callable[..., str]) -> None:
    document = without(SQUAD, "is_impossible", "plausible_answers", "version")
    document |= {"about": [{"author": "x"}], "version": "1.1"}
    path = file(document)
    assert records(path) == [{key: row[key] for key in row if key != "is_impossible"} for row in ROWS]


def test_the_list_of_articles_and_a_single_article_are_read_too(file: Callable[..., str]) -> None:
    assert records(file(SQUAD["data"])) == ROWS
    untitled = [{key: value for key, value in row.items() if key != "title"} for row in ROWS[:2]]
    assert records(file(SQUAD["data"][0])) == untitled


def test_the_first_article_may_be_empty(file: Callable[..., str]) -> None:
    document = SQUAD | {"data": [SQUAD["data"][1], *SQUAD["data"]]}
    assert records(file(document)) == ROWS


def test_questions_without_answers_are_not_labelled(file: Callable[..., str]) -> None:
    found = records(file(without(SQUAD, "answers", "is_impossible")))
    assert [row["answers"] for row in found] == [None, None, None]


def test_cmrc_with_bare_texts_as_answers_is_read(file: Callable[..., str]) -> None:
    question = {"query_text": "谁?", "query_id": "T_1_Q_0", "answers": ["我", "我们"]}
    cmrc = [{"context_id": "T_1", "context_text": "我们", "qas": [question], "title": "我"}]
    row = {"id": "T_1_Q_0", "title": "我", "context": "我们", "question": "谁?"}
    row["answers"] = {"text": ["我", "我们"], "answer_start": [None, None]}  # type: ignore[assignment]
    assert records(file(cmrc)) == [row]
    articles = [{"title": "我", "id": "1", "paragraphs": [{"id": "T_1", "context": "我们", "qas": [question]}]}]
    assert records(file(articles)) == [row]


@pytest.mark.parametrize(
    "rows",
    [
        [{"paragraphs": "some text", "label": 1}],
        [{"paragraphs": ["one", "two"], "label": 1}],
        [{"context": "c", "question": "q", "answers": {"text": [], "answer_start": []}}],
    ],
)
def test_plain_rows_are_left_alone(file: Callable[..., str], rows: list[dict[str, object]]) -> None:
    assert records(file(rows)) == records(file({"data": rows}, "other.json")) == rows


def break_at(*path: Any, value: object = ...) -> dict[str, Any]:
    """The file with one part replaced, or taken away."""
    document = copy.deepcopy(SQUAD)
    *way, last = path
    part: Any = document["data"]
    for step in way:
        part = part[step]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return document


IN_FIRST = (0, "paragraphs", 0)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (break_at(2, "paragraphs", value="x"), "article 3: 'paragraphs' is a text, wanted a list"),
        (break_at(2, "paragraphs"), "article 3: 'paragraphs' is missing, wanted a list"),
        (break_at(1, value=None), "article 2: null, wanted an object"),
        (break_at(0, "paragraphs", 1, value=["x"]), "article 1, paragraph 2: a list, wanted an object"),
        (break_at(*IN_FIRST, "qas"), "article 1, paragraph 1: 'qas' is missing, wanted a list"),
        (break_at(0, "paragraphs", 1, "qas", value={}), "article 1, paragraph 2: 'qas' is an object, wanted a list"),
        (break_at(*IN_FIRST, "context", value=5), "article 1, paragraph 1: 'context' is a number, wanted a text"),
        (break_at(0, "paragraphs", 1, "context"), "article 1, paragraph 2: 'context' is missing, wanted a text"),
        (break_at(*IN_FIRST, "qas", 1, value="x"), "article 1, paragraph 1, question 2: a text, wanted an object"),
        (break_at(*IN_FIRST, "qas", 1, "question", value=["x"]), "question 2: 'question' is a list, wanted a text"),
        (break_at(*IN_FIRST, "qas", 0, "answers", value="x"), "question 1: 'answers' is a text, wanted a list"),
        (break_at(*IN_FIRST, "qas", 0, "answers", 1, value=7), "question 1, answer 2: no text in it"),
        (break_at(*IN_FIRST, "qas", 0, "answers", 1, "text"), "question 1, answer 2: no text in it"),
    ],
)
def test_broken_nesting_is_named_with_its_place(file: Callable[..., str], document: object, complaint: str) -> None:
    path = file(document)
    with pytest.raises(DataError) as told:
        records(path)
    assert str(told.value).startswith(f"{path}: article ")
    assert complaint in str(told.value)


def without(value: Any, *keys: str) -> Any:
    """The same document without some keys, at any depth."""
    if isinstance(value, dict):
        return {key: without(inner, *keys) for key, inner in value.items() if key not in keys}
    return [without(inner, *keys) for inner in value] if isinstance(value, list) else value
