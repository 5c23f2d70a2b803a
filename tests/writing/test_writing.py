"""Records become files, whole or not at all, and come back as they were."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bertft.errors import OutputError, UsageError
from bertft.reading import open_source
from bertft.writing import added_names, open_writer

COLUMNS = ["text", "predicted_label", "probability"]
RECORD = {"text": 'a "b",\nc', "predicted_label": "pos", "probability": 0.123456789}


def write(path: Path, *records: dict[str, object], columns: list[str] | None = None) -> bytes:
    with open_writer(str(path), columns=columns or list(records[0]), raw=True) as writer:
        for record in records:
            writer.write(record)
    return path.read_bytes()


def test_csv_keeps_to_the_standard(tmp_path: Path) -> None:
    content = write(tmp_path / "x.csv", RECORD)
    assert content == b'text,predicted_label,probability\n"a ""b"",\nc",pos,0.123457\n'


def test_each_extension_is_a_format(tmp_path: Path) -> None:
    assert write(tmp_path / "x.tsv", {"a": 1, "b": "é"}) == "a\tb\n1\té\n".encode()
    assert write(tmp_path / "x.jsonl", {"a": 1, "b": "é"}) == '{"a":1,"b":"é"}\n'.encode()
    assert write(tmp_path / "x.ndjson", {"a": 1}) == b'{"a":1}\n'
    assert json.loads(write(tmp_path / "x.json", {"a": 1}, {"a": 2})) == [{"a": 1}, {"a": 2}]
    assert gzip.decompress(write(tmp_path / "x.csv.gz", {"a": 1})) == b"a\n1\n"
    assert gzip.decompress(write(tmp_path / "x.JSONL.GZ", {"a": 1})) == b'{"a":1}\n'


def test_an_empty_output_is_a_whole_file(tmp_path: Path) -> None:
    for name, content in [("x.csv", b"a,b\n"), ("x.jsonl", b""), ("x.json", b"[]\n")]:
        with open_writer(str(tmp_path / name), columns=["a", "b"]):
            pass
        assert (tmp_path / name).read_bytes() == content


def test_a_zipped_file_is_the_same_each_time(tmp_path: Path) -> None:
    assert write(tmp_path / "x.csv.gz", RECORD) == write(tmp_path / "y.csv.gz", RECORD)


@pytest.mark.parametrize("name", ["x.xlsx", "x.parquet", "x"])
def test_another_extension_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"wanted \.csv, \.tsv, \.jsonl, \.ndjson, \.json"):
        write(tmp_path / name, RECORD)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "cell", "plain"),
    [
        (None, "", None),
        (True, "true", True),
        (7, "7", 7),
        (0.1 + 0.2, "0.3", 0.3),
        (1e-9, "0.0", 0.0),
        (-1e-9, "0.0", 0.0),
        (float("nan"), "", None),
        (float("-inf"), "", None),
        (np.float32(0.1), "0.1", 0.1),
        (np.int64(3), "3", 3),
        (np.bool_(True), "true", True),
        (np.array([1.0, float("nan")]), "[1.0,null]", [1.0, None]),
        (["é", 1.00000001], '["é",1.0]', ["é", 1.0]),
        ({"a": (1, None)}, '{"a":[1,null]}', {"a": [1, None]}),
        ({"b"}, '["b"]', ["b"]),
        (datetime.date(2024, 2, 29), "2024-02-29", "2024-02-29"),
        (Decimal("1.10"), "1.10", "1.10"),
        (b"caf\xc3\xa9", "café", "café"),
    ],
)
def test_values_of_all_kinds_have_their_cell(tmp_path: Path, value: object, cell: str, plain: object) -> None:
    written = write(tmp_path / "x.csv", {"a": value, "b": 1}).decode()
    assert list(csv.reader(io.StringIO(written)))[1] == [cell, "1"]
    assert json.loads(write(tmp_path / "x.jsonl", {"a": value})) == {"a": plain}


def test_numbers_of_the_input_are_kept_to_the_last_digit(tmp_path: Path) -> None:
    with open_writer(str(tmp_path / "x.jsonl"), columns=["mine", "score"], kept=["mine"]) as writer:
        writer.write({"mine": 3.14159265358979, "score": 3.14159265358979})
    assert (tmp_path / "x.jsonl").read_text() == '{"mine":3.14159265358979,"score":3.141593}\n'


def test_what_a_record_lacks_is_empty(tmp_path: Path) -> None:
    assert write(tmp_path / "x.csv", {"b": 1}, columns=["a", "b"]) == b"a,b\n,1\n"
    assert write(tmp_path / "x.jsonl", {"b": 1}, columns=["a", "b"]) == b'{"a":null,"b":1}\n'


def test_a_column_that_comes_late_goes_into_json_but_not_into_csv(tmp_path: Path) -> None:
    assert write(tmp_path / "x.jsonl", {"a": 1, "late": 2}, columns=["a"]) == b'{"a":1,"late":2}\n'
    with pytest.raises(OutputError, match="Column 'late'"):
        write(tmp_path / "x.csv", {"a": 1, "late": 2}, columns=["a"])


def test_half_a_surrogate_does_not_stop_the_writing(tmp_path: Path) -> None:
    assert json.loads(write(tmp_path / "x.jsonl", {"a": "\ud83d!"})) == {"a": "\ud83d!"}
    assert write(tmp_path / "x.csv", {"a": "\ud83d!"}) == b"a\n\\ud83d!\n"


@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.csv.gz"])
def test_a_failed_run_leaves_the_old_file_and_nothing_else(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), open_writer(str(path), columns=["a"]) as writer:
        writer.write({"a": 1 / writer.count})
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_appears_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "x.csv"
    with open_writer(str(path), columns=["a"]) as writer:
        writer.write({"a": 1})
        assert not path.exists()
        assert writer.count == 1
    assert path.read_text() == "a\n1\n"
    assert list(path.parent.iterdir()) == [path]


def test_the_old_mode_and_a_link_survive(tmp_path: Path) -> None:
    path, link = tmp_path / "x.csv", tmp_path / "link.csv"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write(link, {"a": 1})
    assert link.is_symlink()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("a\n1\n", 0o640)


def test_places_that_cannot_be_written_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="a folder, wanted a file"):
        write(tmp_path / "folder.csv", RECORD)
    with pytest.raises(OutputError, match=r"file/x\.csv: cannot be written"):
        write(tmp_path / "file" / "x.csv", RECORD)
    (tmp_path / "mine.csv").write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match=r"mine\.csv: no permission"):
        write(tmp_path / "mine.csv", RECORD)


def test_a_full_disk_is_an_output_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write(tmp_path / "x.csv", RECORD)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_device_is_written_into() -> None:
    with open_writer("/dev/null", columns=["a"]) as writer:
        writer.write({"a": 1})
    with pytest.raises(OutputError, match="No space left"), open_writer("/dev/full", columns=["a"]) as writer:
        writer.write({"a": 1})


def test_an_error_of_the_caller_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), open_writer(str(tmp_path / "x.csv"), columns=["a"]):
        raise FileNotFoundError("something else")


@pytest.mark.parametrize("path", [None, "-"])
@pytest.mark.parametrize(
    ("like", "wanted"),
    [("csv", "a,b\n1,\n"), ("tsv", "a\tb\n1\t\n"), ("jsonl", '{"a":1,"b":null}\n'), ("parquet", '{"a":1,"b":null}\n')],
)
def test_standard_output_speaks_the_input_s_format(
    capfdbinary: pytest.CaptureFixture[bytes], path: str | None, like: str, wanted: str
) -> None:
    with open_writer(path, like=like, columns=["a", "b"]) as writer:
        writer.write({"a": 1})
    assert capfdbinary.readouterr().out.decode() == wanted


def test_a_closed_pipe_is_left_to_the_command() -> None:
    code = (
        "import os, sys\n"
        "from bertft.writing import open_writer\n"
        "try:\n"
        "    with open_writer(None, like='csv', columns=['a']) as writer:\n"
        "        for number in range(10**6): writer.write({'a': number})\n"
        "except BrokenPipeError:\n"
        "    os.write(2, b'pipe closed'); os._exit(0)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"a\n"
        process.stdout.close()
        assert process.stderr.read() == b"pipe closed"


def test_an_added_column_never_takes_the_place_of_one_of_the_input() -> None:
    added = ["entities", "reason"]
    assert added_names(["text"], added) == {"entities": "entities", "reason": "reason"}
    assert added_names(["text", "reason"], added) == {"entities": "entities", "reason": "predicted_reason"}
    taken = ["reason", "predicted_reason", "predicted_2_reason"]
    assert added_names(taken, added) == {"entities": "entities", "reason": "predicted_3_reason"}
    assert added_names(["score"], ["predicted_score", "score"])["score"] == "predicted_2_score"
    assert added_names(["reason"], added, prefix="x_") == {"entities": "x_entities", "reason": "x_reason"}
    with pytest.raises(UsageError, match=r"--prefix x_: the input has 'x_reason' already\. Choose another prefix"):
        added_names(["x_reason"], added, prefix="x_")


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(list(',\t"\n\r \\')), max_size=8
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=5), name=st.sampled_from(["x.csv", "x.tsv", "x.csv.gz", "x.json"])
)
@example(rows=[("\r", "a\rb"), ("", ""), (" ", "\n")], name="x.csv")
@example(rows=[('"a', 'b"'), ("\u2028", "\\")], name="x.tsv")
def test_what_is_written_is_read_back(tmp_path: Path, rows: list[tuple[str, str]], name: str) -> None:
    path = tmp_path / name
    with open_writer(str(path), columns=["text", "label"], raw=True) as writer:
        for text, label in rows:
            writer.write({"text": text, "label": label})
    if rows or "csv" in name:
        assert [tuple(row.fields.values()) for row in open_source(str(path)).rows()] == rows
