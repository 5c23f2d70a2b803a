"""Defects that broken files brought to light, and that no single small file shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, write_csv
from outcome import FAULT, tried

from bertft.errors import DataError
from bertft.guess import column_names
from bertft.jobs import task_choice
from bertft.reading import ReadOptions, open_source, read_table

Run = Callable[..., Said]


def test_labels_that_alternate_are_all_seen_in_a_long_file(
    run: Run, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_choice, "_SAMPLE", 50)
    rows = [(f"good film {n} times", "pos" if n % 2 else "neg") for n in range(2000)] + [("a rare bad book", "rare")]
    write_csv(tmp_path / "long.csv", ["text", "label"], rows)
    said = run("train", "long.csv", "--model", tiny, "--dry-run")
    assert "single-label: one of 3 classes for each row" in said.err


def test_a_sample_holds_the_same_rows_in_every_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_choice, "_SAMPLE", 50)
    columns = task_choice.SampledColumns(
        read_table(str(write_csv(tmp_path / "x.csv", ["a", "b"], [(n, n) for n in range(999)])))
    )
    assert len(columns["a"]) == 50
    assert columns["a"] == columns["b"] == sorted(columns["a"], key=lambda value: int(str(value)))
    assert len(columns.complete("a")) == 999


def test_a_name_too_long_is_no_file_even_if_the_output_exists(run: Run, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("mine")
    assert "no such file" in run("predict", trained, "n" * 300 + ".csv", "-o", "out.csv", ok=2).err
    assert (tmp_path / "out.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("encoding", "damage"),
    [
        *(("utf-8", b"\xff"), ("gb18030", b"\xff\xff"), ("big5", b"\xff\xff"), ("utf-32-le", b"\xff\xff\xff\xff")),
        *(("utf-16-le", b"\x00\xd8"), ("utf-16-be", b"\xd8\x00")),
    ],
)
def test_the_line_of_a_bad_byte_is_told_however_far_it_is(tmp_path: Path, encoding: str, damage: bytes) -> None:
    line = "text 中文 and more\n".encode(encoding)
    (tmp_path / "bad.csv").write_bytes("text\n".encode(encoding) + line * 90_000 + damage + line * 3)
    with pytest.raises(DataError, match=r"bad\.csv:90002: byte 0x"):
        list(open_source(str(tmp_path / "bad.csv"), ReadOptions(format="csv", encoding=encoding)).rows())


def test_pairs_are_found_among_ten_thousand_names() -> None:
    names = [f"column {n}" for n in range(10_000)] + ["sentence1", "sentence2", "text_a", "text_b"]
    assert column_names.twins(names) == [
        *(("column 0", "column 1"), ("column 1", "column 2")),
        *(("sentence1", "sentence2"), ("text_a", "text_b")),
    ]


def test_a_fault_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise KeyError("label")

    (tmp_path / "x.csv").write_text("text,label\ngood,pos\n")
    monkeypatch.setattr("bertft.jobs.training.planning.choose_task", break_down)
    found = tried(["train", "x.csv", "--dry-run"], limit=10)
    assert (found.kind, "KeyError" in found.said) == (FAULT, True)


def test_a_command_that_takes_too_long_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never_end(*_: object) -> None:
        while True:
            pass

    (tmp_path / "x.csv").write_text("text,label\ngood,pos\n")
    monkeypatch.setattr("bertft.jobs.training.planning.choose_task", never_end)
    found = tried(["train", "x.csv", "--dry-run"], limit=0.2)
    assert (found.kind, "longer than 0.2 s" in found.said) == (FAULT, True)
