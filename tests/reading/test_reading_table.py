"""Tables give the rows of their files, at random or by column, never stale; Parquet and Arrow keep their types."""

from __future__ import annotations

import datetime
import gzip
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from bertft.errors import DataError, InternalError
from bertft.reading import ReadOptions, open_source, read_table, table_of

CSV = 'text,label,line\n"two\nlines",pos,NA\n\nplain,,null\n'
TYPED: list[dict[str, Any]] = [
    {"text": "é", "n": 1, "x": 0.5, "tags": ["a", "b"], "day": datetime.date(2024, 2, 29)},
    {"text": None, "n": None, "x": None, "tags": [], "day": None},
]


def write_columnar(folder: Path, kind: str) -> Path:
    table = pa.Table.from_pylist(TYPED)
    path = folder / f"x.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    elif kind == "feather":
        pyarrow.feather.write_feather(table, str(path))
    else:
        new = pa.ipc.new_stream if kind == "arrow" else pa.ipc.new_file
        with pa.OSFile(str(path), "wb") as sink, new(sink, table.schema) as writer:
            writer.write_table(table)
    return path


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json"])
def test_a_table_has_the_rows_of_its_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    jsonl = '{"a": 1, "line": "x"}\n{"a": ["mixed"], "line": null}\n{"a": "\\ud83d", "line": 2.5}\n'
    path.write_text({"x.csv": CSV, "x.jsonl": jsonl, "x.json": "[" + jsonl.strip().replace("\n", ",") + "]"}[name])
    rows = list(open_source(str(path)).rows())
    table = read_table(str(path))
    assert list(table) == rows == [table[index] for index in range(len(table))]
    assert table.columns == open_source(str(path)).columns
    assert list(table.column("line")) == [row.fields["line"] for row in rows]
    assert table[-1] == rows[-1]
    with pytest.raises(IndexError):
        table[len(rows)]
    with pytest.raises(DataError, match="no column 'lable'"):
        list(table.column("lable"))


def test_many_batches_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("n\n" + "".join(f"{number}\n" for number in range(3456)))
    table = read_table(str(path))
    assert [row.fields["n"] for row in table] == [str(number) for number in range(3456)]
    assert (table[2345].index, table[2345].fields["n"], table[2345].origin) == (2345, "2345", f"{path}:2347")


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    first = read_table(str(path))
    stamp = path.stat()
    path.write_text("a,b\n3,4\n")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert [dict(row.fields) for row in read_table(str(path))] == [{"a": "3", "b": "4"}]
    assert [dict(row.fields) for row in first] == [{"a": "1", "b": "2"}]


@pytest.mark.skipif(os.name == "nt", reason="a mapped file keeps its name there")
def test_nothing_is_left_behind_even_while_a_table_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    (tmp_path / "room").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "room"))
    table = read_table(str(tmp_path / "x.csv"))
    assert list((tmp_path / "room").iterdir()) == []
    assert (list(table.column("a")), table[0].fields["b"], len(list(table))) == (["1"], "2", 1)


def test_a_table_without_rows_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text,label\n")
    table = read_table(str(path))
    assert (len(table), table.columns, list(table), list(table.column("text"))) == (0, ["text", "label"], [], [])
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "x.parquet")
    assert len(read_table(str(tmp_path / "x.parquet"))) == 0


@pytest.mark.parametrize("kind", ["parquet", "arrow", "arrow_file", "feather"])
def test_parquet_and_arrow_keep_their_types(tmp_path: Path, kind: str) -> None:
    path = write_columnar(tmp_path, kind)
    rows = list(open_source(str(path)).rows())
    assert [dict(row.fields) for row in rows] == TYPED
    assert [row.origin for row in rows] == [f"{path}#1", f"{path}#2"]
    assert list(read_table(str(path))) == rows


def test_a_zipped_parquet_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet.gz"
    path.write_bytes(gzip.compress(write_columnar(tmp_path, "parquet").read_bytes()))
    assert [dict(row.fields) for row in open_source(str(path)).rows()] == TYPED


def test_nan_and_categories_come_back_as_nothing_and_as_texts(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": [float("nan"), 1.0], "c": pa.array(["a", "b"]).dictionary_encode()}), path)
    wanted = [{"x": None, "c": "a"}, {"x": 1.0, "c": "b"}]
    assert [dict(row.fields) for row in open_source(str(path)).rows()] == wanted
    assert [dict(row.fields) for row in read_table(str(path))] == wanted


@pytest.mark.parametrize("content", [b"PAR1 and no more", b"a,b\n1,2\n", b"\xff\xff\xff\xff rubbish", b"FEA1...."])
def test_a_damaged_columnar_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.parquet"):
        list(open_source(str(path)).rows())


def test_a_hub_data_set_gets_the_same_face() -> None:
    from datasets import Dataset, DatasetDict

    dataset = Dataset.from_dict({"text": ["a", "b", "c"], "n": [1, 2, 3]})
    table = table_of(dataset.select([2, 0]), "mrpc")
    assert [(row.origin, dict(row.fields)) for row in table] == [
        ("mrpc#1", {"text": "c", "n": 3}),
        ("mrpc#2", {"text": "a", "n": 1}),
    ]
    assert list(table.column("n")) == [3, 1]
    assert table[1].fields["text"] == "a"
    with pytest.raises(DataError, match="wanted one split"):
        table_of(DatasetDict({"train": dataset}), "mrpc")


class Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.mark.parametrize(
    ("content", "format", "wanted"),
    [
        (b"a,b\n1,2\n", "csv", {"a": "1", "b": "2"}),
        (b"text\nx\n", "csv", {"text": "x"}),
        (b"a\tb\n1\t2\n", "tsv", {"a": "1", "b": "2"}),
        (b' \n{"a": 1, "b": [2]}\n', "jsonl", {"a": 1, "b": [2]}),
        (b'[{"a": 1}]', "json", {"a": 1}),
        (b'{"a": "' + b"x" * 100_000 + b'"}\n', "jsonl", {"a": "x" * 100_000}),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "csv", {"a": "1", "b": "2"}),
        ("a,b\né,2\n".encode("utf-16"), "csv", {"a": "é", "b": "2"}),
    ],
)
def test_standard_input_is_looked_at_and_read_once(
    monkeypatch: pytest.MonkeyPatch, content: bytes, format: str, wanted: dict[str, object]
) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(content))
    source = open_source("-")
    assert (source.name, source.format) == ("stdin", format)
    (row,) = source.rows()
    assert (dict(row.fields), row.origin[:6]) == (wanted, "stdin:" if format != "json" else "stdin#")
    with pytest.raises(InternalError, match="only once"):
        source.rows()


def test_parquet_comes_through_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(write_columnar(tmp_path, "parquet").read_bytes()))
    assert [dict(row.fields) for row in open_source("-").rows()] == TYPED


def test_long_standard_input_fails_where_it_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    for tail, words in [(b"1,2,3\n", "stdin:50002: 3 cells"), (b"caf\xe9,2\n", "byte 0xE9 is not UTF-8")]:
        monkeypatch.setattr(sys, "stdin", Stdin(b"a,b\n" + b"1,2\n" * 50_000 + tail))
        with pytest.raises(DataError, match=words):
            list(open_source("-").rows())


def test_a_late_key_on_standard_input_is_still_in_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(b'{"a": 1}\n' * 20_000 + b'{"b": 2}\n'))
    source = open_source("-")
    assert source.columns == ["a"]
    assert dict(list(source.rows())[-1].fields) == {"a": None, "b": 2}


def test_reading_wakes_neither_torch_nor_datasets(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    code = (
        "import sys; from bertft.reading import open_source; list(open_source(sys.argv[1]).rows());"
        "assert not {'torch', 'transformers', 'datasets', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


@pytest.mark.slow
def test_rows_are_never_held_together(tmp_path: Path) -> None:
    """15 MB of rows pass through less than 4 MB of memory, whatever the format."""
    import tracemalloc

    texts = ["x" * 1000] * 15_000
    (tmp_path / "x.csv").write_text("text,n\n" + "".join(f"{text},1\n" for text in texts))
    (tmp_path / "x.jsonl").write_text("".join(f'{{"text": "{text}", "n": 1}}\n' for text in texts))
    (tmp_path / "x.json").write_text("[" + ",".join(f'{{"text": "{text}", "n": 1}}' for text in texts) + "]")
    for name in ("x.csv", "x.jsonl", "x.json"):
        tracemalloc.start()
        assert sum(1 for _ in open_source(str(tmp_path / name), ReadOptions(encoding="utf-8")).rows()) == 15_000
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
        tracemalloc.stop()
