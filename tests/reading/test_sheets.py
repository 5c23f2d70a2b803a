"""Excel workbooks: the rows that openpyxl itself sees, or one message that names the sheet or the cell."""

from __future__ import annotations

import datetime
import io
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import Said, read_csv, texts

from bertft.errors import DataError
from bertft.reading import ReadOptions, open_source, read_table, sheets

ROWS = [["text", "label"], ["good film", "pos"], ["bad\nbook", "neg"]]


def write(path: Path, **pages: Sequence[Sequence[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in pages.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    book.save(path)
    return path


def records(path: Path, **options: Any) -> list[dict[str, object]]:
    return [dict(row.fields) for row in open_source(str(path), ReadOptions(**options)).rows()]


def complaint(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read_table(str(path), ReadOptions(**options))
    return str(caught.value)


def test_a_sheet_is_read_row_by_row(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", Sheet1=ROWS)
    assert records(path) == [dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]
    assert [row.origin for row in read_table(str(path)).rows()] == [f"{path}:2", f"{path}:3"]
    assert open_source(str(path)).format == "xlsx"
    path.rename(tmp_path / "t.csv")
    assert len(records(tmp_path / "t.csv")) == 2


def test_blank_rows_and_columns_are_none_and_cells_keep_their_kind(tmp_path: Path) -> None:
    rows = [[], ["id", None, "text", "when", None], [1, None, "a", datetime.datetime(2024, 1, 2)], []]
    path = write(
        tmp_path / "t.xlsx",
        S=[*rows, [2.0, None, None, datetime.datetime(2024, 1, 2, 3, 4)], [2.5, None, True, "#N/A"]],
    )
    assert records(path) == [
        {"id": 1, "text": "a", "when": "2024-01-02"},
        {"id": 2, "text": None, "when": "2024-01-02 03:04:00"},
        {"id": 2.5, "text": True, "when": None},
    ]
    assert [row.origin.rpartition(":")[2] for row in open_source(str(path)).rows()] == ["3", "5", "6"]
    assert "1 cells with an error, as #N/A, are taken as empty" in open_source(str(path)).notes


def test_rows_without_names_are_read_with_the_flag(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", S=ROWS[1:])
    assert records(path, header=False)[0] == {"column_1": "good film", "column_2": "pos"}
    twice = write(tmp_path / "twice.xlsx", S=[["text", "text"], *ROWS[1:]])
    assert "twice.xlsx:1: column names must differ, found 'text' (2 times)" in complaint(twice)
    assert len(records(twice, header=False)) == 3


@pytest.mark.parametrize("title", [["My data"], [None, "My data"], ["My data", None, 2024]])
def test_a_title_is_not_taken_for_column_names(tmp_path: Path, title: list[Any]) -> None:
    rows = [["text", "label", "note"], ["good", "pos", "x"], ["bad", "neg", "y"]]
    said = complaint(write(tmp_path / "t.xlsx", S=[[], title, [], *rows]))
    assert "t.xlsx:2: 'My data' looks like a title" in said
    assert "Delete the rows above the column names" in said
    few = [["text", "label"], ["good"], ["bad"], ["fine"]]
    assert "looks like a title" in complaint(write(tmp_path / "few.xlsx", S=[["My data"], *few]))
    assert len(records(write(tmp_path / "t.xlsx", S=[["My data"], *rows]), header=False)) == 4


def test_columns_that_need_no_name_are_no_reason_to_refuse(tmp_path: Path) -> None:
    """The index of a pandas frame, and a remark beside a few rows."""
    day = datetime.datetime(2024, 1, 2)
    for index in (0, day):
        path = write(tmp_path / "t.xlsx", S=[[None, "text"], [index, "good"], [index, "bad"]])
        assert [row["text"] for row in records(path)] == ["good", "bad"]
    assert len(records(write(tmp_path / "t.xlsx", S=[[" "], ["good"]]))) == 1
    beside = write(tmp_path / "n.xlsx", S=[["text", "label"], ["a", "x", "ask Ann"], ["b", "y"], ["c", "x"]])
    assert [row["column_3"] for row in records(beside)] == ["ask Ann", None, None]


def test_of_several_sheets_one_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", Train=ROWS, Test=ROWS[:2], Empty=[])
    assert "several sheets (Train, Test). Name one with --sheet" in complaint(path)
    assert len(records(path, sheet="Test")) == 1
    assert "no sheet 'Dev' (there are: Train, Test, Empty)" in complaint(path, sheet="Dev")
    assert "the sheet 'Empty' is empty" in complaint(path, sheet="Empty")
    assert len(records(write(tmp_path / "one.xlsx", Notes=[], Data=ROWS))) == 2
    (tmp_path / "t.csv").write_text("text,label\na,b\n")
    assert "t.csv is no Excel file" in complaint(tmp_path / "t.csv", sheet="Test")


def test_a_formula_without_its_value_is_not_taken_for_empty(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", S=[*ROWS, ["=A2&A3", "pos"]])
    assert "A4 in sheet 'S' is a formula without its value" in complaint(path)


def test_a_formula_with_its_value_is_its_value(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", S=[*ROWS, [12345, "pos"]])
    whole = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<v>12345</v>", b"<f>12000+345</f><v>12345</v>"))
    assert records(path)[-1] == {"text": 12345, "label": "pos"}


def zipped(path: Path, names: Sequence[str], content: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def test_other_archives_are_called_by_name(tmp_path: Path) -> None:
    assert "a zip file with train.csv, test.csv in it. Unzip it first" in complaint(
        zipped(tmp_path / "a.zip", ["train.csv", "test.csv"])
    )
    assert "an OpenDocument file" in complaint(zipped(tmp_path / "a.ods", ["mimetype", "content.xml"]))
    assert "a damaged Excel file" in complaint(zipped(tmp_path / "a.xlsx", ["xl/workbook.xml"]))
    (tmp_path / "b.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    assert "an old Excel file (.xls), or one with a password" in complaint(tmp_path / "b.xlsx")
    (tmp_path / "c.xlsx").write_text("text,label\n")
    assert "not a Excel file" not in complaint(tmp_path / "c.xlsx")
    assert "not an Excel file, whatever its name says" in complaint(tmp_path / "c.xlsx")
    whole = write(tmp_path / "d.xlsx", S=ROWS).read_bytes()
    (tmp_path / "d.xlsx").write_bytes(whole[: len(whole) // 2])
    assert "an Excel or zip file that is damaged" in complaint(tmp_path / "d.xlsx")


def test_a_workbook_that_swells_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "NOT_JUDGED_BELOW", 1 << 20)
    path = zipped(tmp_path / "t.xlsx", ["xl/workbook.xml"], bytes(1 << 22))
    assert "swells to more than 200 times its size" in complaint(path)


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "t.xlsx", S=ROWS)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install 'bertft[excel]'" in complaint(path)


def test_the_commands_take_workbooks(run: Callable[..., Said], tmp_path: Path, trained: Path, tiny: str) -> None:
    rows = [[text, ["joy", "anger"][number % 2]] for number, text in enumerate(texts(40))]
    write(tmp_path / "t.xlsx", A=[["text", "label"], *rows], B=rows)
    said = run("train", "t.xlsx", "--sheet", "A", "--model", tiny, "--dry-run", "-o", "run")
    assert 'sheet = "A"' in said.out
    assert (
        "the first line looks like data"
        in run("train", "t.xlsx", "--sheet", "B", "--model", tiny, "--dry-run", ok=2).err
    )
    run("predict", trained, "t.xlsx", "--sheet", "A", "-o", "out.csv")
    assert [row["text"] for row in read_csv(Path("out.csv"))] == texts(40)
