"""JSON lines and JSON documents."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bertft.errors import DataError
from bertft.reading import open_source, read_table

File = Callable[..., str]
ROWS: list[dict[str, object]] = [
    {"text": "line\u2028separator", "label": 1, "tags": ["a", None]},
    {"text": "ü\n", "label": "one", "tags": {"deep": [1.5, True]}},
    {"text": None, "label": 10**30, "tags": []},
]


@pytest.fixture
def file(tmp_path: Path) -> File:
    def make(content: str | bytes, name: str = "train.jsonl") -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return make


def records(path: str) -> list[dict[str, object]]:
    return [dict(row.fields) for row in open_source(path).rows()]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def complaint(path: str) -> str:
    with pytest.raises(DataError) as caught:
        list(open_source(path).rows())
    return str(caught.value)


def test_lines_keep_their_types_and_end_at_newlines_only(file: File) -> None:
    path = file(lines(ROWS))
    assert records(path) == ROWS
    assert [row.origin for row in open_source(path).rows()] == [f"{path}:{number}" for number in (1, 2, 3)]


def test_blank_lines_are_skipped_and_counted(file: File) -> None:
    path = file('\n{"a": 1}\r\n\r\n  \n{"a": 2}')
    assert [row.origin.rpartition(":")[2] for row in open_source(path).rows()] == ["2", "5"]


def test_a_key_that_comes_late_is_a_column_and_missing_before(file: File) -> None:
    path = file('{"a": 1}\n' * 9000 + '{"a": 1, "b": 2}\n')
    assert open_source(path).columns == ["a", "b"]
    assert records(path)[0] == {"a": 1, "b": None}


def test_nan_is_no_value(file: File) -> None:
    assert records(file('{"a": NaN, "b": [NaN, -Infinity]}\n')) == [{"a": None, "b": [None, float("-inf")]}]


@pytest.mark.parametrize(
    "document",
    [
        ROWS,
        {"version": "2", "data": ROWS},
        {"rows": ROWS},
        {name: [row[name] for row in ROWS] for name in ROWS[0]},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_may_be_a_list_hold_one_or_be_columns(file: File, document: object, indent: int | None) -> None:
    path = file(json.dumps(document, indent=indent), "train.json")
    assert records(path) == ROWS
    assert [row.origin for row in open_source(path).rows()] == [f"{path}#{number}" for number in (1, 2, 3)]


def test_contents_win_over_names(file: File) -> None:
    assert open_source(file(lines(ROWS), "x.json")).format == "jsonl"
    assert open_source(file(json.dumps(ROWS), "x.jsonl")).format == "json"
    assert open_source(file(json.dumps(ROWS), "x.ndjson")).format == "json"
    assert records(file(json.dumps(ROWS[0], indent=1), "x.json")) == ROWS[:1]
    assert records(file(gzip.compress(lines(ROWS).encode()), "x.jsonl.gz")) == ROWS


def test_utf16_json_is_read(file: File) -> None:
    assert records(file(lines(ROWS).encode("utf-16"), "x.jsonl")) == ROWS
    assert records(file(json.dumps(ROWS).encode("utf-16"), "x.json")) == ROWS


def test_a_document_longer_than_the_window_is_read_whole(file: File) -> None:
    rows: list[dict[str, object]] = [
        {"text": "x" * (number * 37 % 200_000), "n": number} for number in range(0, 4000, 97)
    ]
    assert records(file(json.dumps(rows), "x.json")) == rows


def test_long_columns_of_numbers_are_read(file: File) -> None:
    numbers = list(range(10**9, 10**9 + 20_000))
    assert [row["n"] for row in records(file(json.dumps({"n": numbers}), "x.json"))] == numbers


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        ('{"a": 1}\n{"a": 1,}\n', "x.jsonl", ":2: not JSON at column 9"),
        ('{"a": 1}\n{"a": tru}\n', "x.jsonl", 'near `{"a": tru}`'),
        ('{"a": 1}\n[1]\n', "x.jsonl", ":2: a list, wanted an object"),
        ('{"a": 1}\n7\n', "x.jsonl", ":2: a number, wanted an object"),
        ("\n \n", "x.jsonl", "no row in it"),
        ('[{"a": 1},\n{"a" 2}]', "x.json", ":2: not JSON at column 6"),
        ('[{"a": 1},\n{"a": 2}', "x.json", ":2: not JSON: found the end of the file"),
        ('[{"a": "never closed', "x.json", ":1: not JSON"),
        ('[{"a": 1}] tail', "x.json", ":1: not JSON: found t after the document's end"),
        ('[{"a": 1}, 3]', "x.json", "#2: a number, wanted an object"),
        ('{"a": [1, 2], "b": [1]}', "x.json", "columns of different lengths (a 2, b 1)"),
        ('{"train": [{"a": 1}], "test": [{"a": 1}]}', "x.json", "lists of objects under train, test, wanted one"),
        ("[]", "x.json", "no row in it"),
        ('"text"', "x.json", "a text, wanted a list of objects"),
        ("[" * 100_000, "x.json", "not readable JSON"),
        ('{"a": ' + "9" * 5000 + "}\n", "x.jsonl", ":1: not readable JSON"),
    ],
)
def test_a_broken_file_is_named_with_line_and_snippet(file: File, content: str, name: str, words: str) -> None:
    path = file(content, name)
    assert complaint(path).startswith(path)
    assert words in complaint(path)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), min_size=1, max_size=5), ascii_only=st.booleans()
)
def test_any_json_comes_back_from_files_and_from_tables(
    tmp_path: Path, rows: list[dict[str, object]], ascii_only: bool
) -> None:
    path, document = tmp_path / "x.jsonl", tmp_path / "x.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    document.write_text(json.dumps(rows, indent=None if ascii_only else 1))
    assert records(str(path)) == records(str(document)) == rows
    assert [dict(row.fields) for row in read_table(str(path))] == rows
