"""What predict writes: formats, streams, the flags that shape an answer, and nothing when it fails."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, read_csv, read_jsonl, texts, write_csv, write_jsonl

from bertft.engine import answerer

Run = Callable[..., Said]
AWKWARD = ["", "NA", 'a "quoted" text', "two\nlines", "🚲 emoji", "null", "tab\there", ";,|", " ", "'", "\\n", "0", "#"]


def rows_of(count: int = 20) -> list[dict[str, str]]:
    return [{"id": f"{n:03}", "text": text, "note": f"n{n}"} for n, text in enumerate([*AWKWARD, *texts(count)])]


def own(found: dict[str, object]) -> dict[str, object]:
    return {key: found[key] for key in ("id", "text", "note")}


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "json", "csv.gz", "jsonl.gz"])
def test_every_output_format_holds_all_rows_and_columns(run: Run, tmp_path: Path, trained: Path, ending: str) -> None:
    write_csv(tmp_path / "new.csv", ["id", "text", "note"], [list(row.values()) for row in rows_of()])
    run("predict", trained, "new.csv", "-o", f"out.{ending}")
    raw = (tmp_path / f"out.{ending}").read_bytes()
    text = (gzip.decompress(raw) if ending.endswith("gz") else raw).decode("utf-8")
    if "json" in ending:
        found = json.loads(text) if ending == "json" else [json.loads(line) for line in text.split("\n") if line]
    else:
        found = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if ending == "tsv" else ","))
    assert [own(row) for row in found] == rows_of()
    assert [row["id"] for row in found if not row["predicted_label"]] == ["000", "008"]
    assert all(bool(row["reason"]) != bool(row["predicted_label"]) for row in found)


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl"])
def test_a_stream_comes_out_in_the_format_it_came_in(
    run: Run, tmp_path: Path, trained: Path, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if format == "jsonl":
        path = write_jsonl(tmp_path / "in", rows_of())
    else:
        mark = "\t" if format == "tsv" else ","
        path = write_csv(tmp_path / "in", ["id", "text", "note"], [list(r.values()) for r in rows_of()], delimiter=mark)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes()), encoding="utf-8"))
    said = run("predict", trained, "-", "--format", format)
    if format == "jsonl":
        found = [json.loads(line) for line in said.out.split("\n") if line]
    else:
        found = list(csv.DictReader(io.StringIO(said.out, newline=""), delimiter=mark))
    assert [own(row) for row in found] == rows_of()


def test_top_k_gives_the_best_labels_in_falling_order(run: Run, tmp_path: Path, trained: Path) -> None:
    write_csv(tmp_path / "new.csv", ["text"], [(text,) for text in texts(10)])
    run("predict", trained, "new.csv", "-o", "two.jsonl", "--top-k", 2)
    run("predict", trained, "new.csv", "-o", "all.jsonl", "--top-k", 99)
    for two, whole in zip(read_jsonl(tmp_path / "two.jsonl"), read_jsonl(tmp_path / "all.jsonl"), strict=True):
        assert set(whole["predicted_labels"]) == {"neg", "neutral", "pos"}
        assert sum(whole["probabilities"]) == pytest.approx(1, abs=5e-6)
        assert whole["probabilities"] == sorted(whole["probabilities"], reverse=True)
        assert two["predicted_labels"] == whole["predicted_labels"][:2]
        assert two["predicted_label"] == two["predicted_labels"][0]


def test_min_probability_leaves_doubtful_rows_without_a_label_and_says_why(
    run: Run, tmp_path: Path, trained: Path
) -> None:
    write_csv(tmp_path / "new.csv", ["text"], [(text,) for text in texts(40)])
    run("predict", trained, "new.csv", "-o", "plain.csv")
    plain = read_csv(tmp_path / "plain.csv")
    found = sorted(float(row["probability"]) for row in plain)
    _, middle = max(
        (found[n + 1] - found[n], (found[n + 1] + found[n]) / 2) for n in range(10, 30)
    )  # far from any of them
    run("predict", trained, "new.csv", "-o", "sure.csv", "--min-probability", middle)
    found = read_csv(tmp_path / "sure.csv")
    assert 0 < sum(not row["predicted_label"] for row in found) <= 30
    for row, whole in zip(found, plain, strict=True):
        sure = float(whole["probability"]) >= middle
        assert row["predicted_label"] == (whole["predicted_label"] if sure else "")
        assert row["probability"] == whole["probability"]
        assert ("probability below" in row["reason"]) == (not sure)


def test_answers_are_the_same_in_any_order(run: Run, tmp_path: Path, trained: Path) -> None:
    lines = list(enumerate(texts(60, longest=40)))
    mixed = [lines[n * 7 % 60] for n in range(60)]
    for name, order in (("a", lines), ("b", mixed)):
        write_csv(tmp_path / f"{name}.csv", ["id", "text"], order)
        run("predict", trained, f"{name}.csv", "-o", f"{name}.jsonl", "--precision", "fp32", "--top-k", 3)
    one, other = ({row["id"]: row for row in read_jsonl(tmp_path / f"{name}.jsonl")} for name in "ab")
    for name, row in one.items():
        named, same = (dict(zip(r["predicted_labels"], r["probabilities"], strict=True)) for r in (row, other[name]))
        assert named == pytest.approx(same, abs=1e-6 + 1e-6)  # the file's own rounding is the second


def test_a_row_without_the_text_key_leaves_with_a_reason(run: Run, tmp_path: Path, trained: Path) -> None:
    write_jsonl(tmp_path / "new.jsonl", [{"text": "good", "id": 1}, {"id": 2}, {"text": "bad", "id": 3, "more": [1]}])
    run("predict", trained, "new.jsonl", "-o", "out.jsonl")
    found = read_jsonl(tmp_path / "out.jsonl")
    assert [row["id"] for row in found] == [1, 2, 3]
    assert [row["reason"] for row in found] == [None, "no text in column 'text'", None]
    assert found[2]["more"] == [1]


def test_a_file_without_rows_gives_a_file_without_rows(run: Run, tmp_path: Path, trained: Path) -> None:
    (tmp_path / "new.csv").write_text("id,text\n")
    run("predict", trained, "new.csv", "-o", "out.csv")
    assert (tmp_path / "out.csv").read_text() == "id,text,predicted_label,probability,reason\n"


@pytest.mark.parametrize("before", [None, "the old answers"])
def test_a_failure_midway_leaves_what_was_there(
    run: Run, tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    monkeypatch.setattr(answerer, "WINDOW", 8)  # two windows are answered before the bad line is read
    lines = [json.dumps({"text": text}) for text in texts(20)]
    (tmp_path / "new.jsonl").write_text("\n".join([*lines, '{"text": ', "{}"]))
    if before:
        (tmp_path / "out.jsonl").write_text(before)
    said = run("predict", trained, "new.jsonl", "-o", "out.jsonl", ok=2)
    assert "new.jsonl:21" in said.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.jsonl", *(["out.jsonl"] if before else [])]
    assert not before or (tmp_path / "out.jsonl").read_text() == before
