"""Whatever is in a file: rows in = rows out, nothing changed on the way; and never a fault of bertft's own."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest
from conftest import read_csv, read_jsonl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from outcome import FAULT, RIGHT, Outcome, tried

quickly = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FP32 = ("--precision", "fp32")

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
names = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=9)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
words = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8).filter(
    lambda word: not word.startswith(("#", "-DOCSTART-"))
)
ENDINGS = ("csv", "tsv", "json", "jsonl", "conll", "parquet", "arrow", "gz", "csv.gz", "txt", "")


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows of text with a column called `text`, none blank all over."""
    others = draw(st.lists(names.filter(lambda name: name.lower() != "text"), max_size=3, unique=True))
    columns = draw(st.permutations(["text", *others]))
    row = st.fixed_dictionaries(dict.fromkeys(columns, cells))
    return draw(st.lists(row, min_size=1, max_size=6))


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    return path


def no_fault(found: Outcome) -> None:
    assert found.kind != FAULT, found.said


@given(tables())
@quickly
def test_any_table_of_any_text_comes_back_row_by_row(trained: Path, rows: list[dict[str, str]]) -> None:
    path = written(Path("in.csv"), rows)
    for out, read in (("out.csv", read_csv), ("out.jsonl", read_jsonl)):
        found = tried(["predict", trained, path, "-o", out, "--raw", *FP32], limit=30)
        assert found.kind == RIGHT, found.said
        back = read(Path(out))
        assert [{name: row[name] for name in rows[0]} for row in back] == rows
        for before, after in zip(rows, back, strict=True):
            assert bool(before["text"].strip()) == bool(after["predicted_label"]) != bool(after["reason"])


@given(st.binary(max_size=300), st.sampled_from(ENDINGS))
@example(b"\xff\xfe", "csv")
@example(b"\x1f\x8b", "csv")
@example(b"PAR1PAR1", "parquet")
@example(b"ARROW1\0\0", "arrow")
@example(b"\xff\xff\xff\xff\0\0\0\0", "arrow")
@quickly
def test_any_bytes_are_no_fault(trained: Path, tiny: str, content: bytes, ending: str) -> None:
    path = Path(f"any.{ending}")
    path.write_bytes(content)
    no_fault(tried(["train", path, "--model", tiny, "--dry-run"], limit=10))
    no_fault(tried(["predict", trained, path, "-o", "out.jsonl", *FP32], limit=10))
    no_fault(tried(["convert", path, "-o", "out.jsonl"], limit=10))
    path.unlink()


@given(st.lists(st.dictionaries(st.sampled_from(["id", "text", "tokens", "label"]), values), min_size=1, max_size=5))
@quickly
def test_json_lines_of_any_values_come_back_row_by_row(trained: Path, tiny: str, rows: list[dict[str, Any]]) -> None:
    path = Path("any.jsonl")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    no_fault(tried(["train", path, "--model", tiny, "--dry-run"], limit=10))
    no_fault(tried(["eval", trained, path, *FP32], limit=10))
    no_fault(tried(["convert", path, "-o", "out.jsonl"], limit=10))
    found = tried(["predict", trained, path, "-o", "out.jsonl", *FP32], limit=10)
    no_fault(found)
    if any("text" in row for row in rows):
        assert found.kind == RIGHT, found.said
        back = read_jsonl(Path("out.jsonl"))
        assert [{name: row[name] for name in before} for before, row in zip(rows, back, strict=True)] == finite(rows)


@given(
    st.lists(
        st.lists(st.tuples(words, st.sampled_from(["O", "B-X", "I-X"])), min_size=1, max_size=6), min_size=1, max_size=5
    )
)
@example([[("-", "O"), ("\u00ad", "O")]])
@quickly
def test_any_words_with_their_tags_survive_two_conversions(sentences: list[list[tuple[str, str]]]) -> None:
    sentences.append([("good", "B-X"), ("film", "O")])
    lines = "\n".join("".join(f"{word}\t{tag}\n" for word, tag in sentence) for sentence in sentences)
    Path("in.conll").write_text(lines, "utf-8")
    for source, target in (("in.conll", "tokens.jsonl"), ("tokens.jsonl", "out.conll")):
        found = tried(["convert", source, "-o", target], limit=10)
        assert found.kind == RIGHT, found.said
    back = [[*zip(row["tokens"], row["tags"], strict=True)] for row in read_jsonl(Path("tokens.jsonl"))]
    assert [[word for word, _ in sentence] for sentence in back] == [[word for word, _ in one] for one in sentences]
    assert Path("out.conll").read_text("utf-8").count("\n\n") >= len(sentences) - 1


def finite(value: Any) -> Any:
    """As JSON has it: NaN and infinity are no values."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [finite(item) for item in value]
    return {key: finite(item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("depth", [5, 99, 101, 300, 900, 20_000])
def test_json_of_any_depth_is_a_row_or_a_message(trained: Path, depth: int) -> None:
    Path("deep.jsonl").write_text('{"text": "good", "x": ' + "[" * (depth - 1) + "]" * (depth - 1) + "}\n")
    found = tried(["predict", trained, "deep.jsonl", "-o", "out.jsonl", *FP32], limit=10)
    assert found.kind == (RIGHT if depth <= 100 else "message"), found.said
