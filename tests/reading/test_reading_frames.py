"""What pandas' to_json writes is read as pandas has it, or refused with the form that helps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas
import pytest

from bertft.errors import DataError
from bertft.reading import open_source, read_table

FORMS = ("columns", "index", "split", "table", "records")
TEXTS, LABELS = ["good film", "bad \u00fc film", "a\nb"], ["pos", "neg", None]


def frame(index: Sequence[object] = range(3), names: Sequence[str] = ("text", "label")) -> pandas.DataFrame:
    return pandas.DataFrame(dict(zip(names, (TEXTS, LABELS), strict=True)), index=index)


def records(path: Path) -> list[dict[str, object]]:
    return [dict(row.fields) for row in open_source(str(path)).rows()]


def complaint(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        list(open_source(str(path)).rows())
    return str(caught.value)


@pytest.mark.parametrize("ending", ["json", "jsonl", "data"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_with_names_is_read(tmp_path: Path, form: str, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    frame().to_json(path, orient=form)
    found = records(path)
    assert [(row["text"], row["label"]) for row in found] == list(zip(TEXTS, LABELS, strict=True))
    assert set(found[0]) - {"index"} == {"text", "label"}
    assert [row.fields["text"] for row in read_table(str(path))] == TEXTS


@pytest.mark.parametrize("index", [["r1", "r2", "r3"], [7, 3, 9]])
@pytest.mark.parametrize("form", ["columns", "index", "split", "table"])
def test_an_index_that_says_something_is_a_column(tmp_path: Path, form: str, index: list[object]) -> None:
    path = tmp_path / "t.json"
    frame(index).to_json(path, orient=form)
    assert [str(row["index"]) for row in records(path)] == [str(one) for one in index]


def test_an_index_that_only_counts_is_none(tmp_path: Path) -> None:
    for form in ("columns", "index", "split"):
        frame().to_json(tmp_path / "t.json", orient=form)
        source = open_source(str(tmp_path / "t.json"))
        assert source.columns == ["text", "label"]
        assert source.notes == [f"rows are read from pandas' to_json(orient='{form}')"]


@pytest.mark.parametrize("form", ["columns", "index", "split"])
def test_names_nobody_knows_do_where_rows_are_numbered(tmp_path: Path, form: str) -> None:
    frame(names=("satz", "klasse")).to_json(tmp_path / "t.json", orient=form)
    assert [row["satz"] for row in records(tmp_path / "t.json")] == TEXTS


def test_lists_without_names_are_refused_with_the_form_that_has_them(tmp_path: Path) -> None:
    frame().to_json(tmp_path / "t.json", orient="values")
    assert "orient='values', which leaves out the column names" in complaint(tmp_path / "t.json")
    assert "to_json(orient='records', lines=True)" in complaint(tmp_path / "t.json")
    frame().to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    assert [row["text"] for row in records(tmp_path / "t.jsonl")] == TEXTS


AMBIGUOUS: dict[str, object] = {
    "numbered both ways": {"0": {"0": "good", "1": "bad"}, "1": {"0": "pos", "1": "neg"}},
    "unknown names both ways": {"a1": {"p": "good", "q": "pos"}, "a2": {"p": "bad", "q": "neg"}},
    "rows of numbered columns": {f"r{n}": {"0": f"film {n}", "1": "pos"} for n in range(5)},
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_what_may_be_turned_over_is_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "t.json").write_text(json.dumps(AMBIGUOUS[kind]))
    assert "neither the outer nor the inner keys are plainly column names" in complaint(tmp_path / "t.json")


def test_a_frame_of_rows_that_lack_cells_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"a": {"text": "good", "label": "x"}, "b": {"text": "bad"}}')
    wanted = [{"index": "a", "text": "good", "label": "x"}, {"index": "b", "text": "bad", "label": None}]
    assert records(tmp_path / "t.json") == wanted


def test_an_object_with_objects_in_it_is_still_one_row(tmp_path: Path) -> None:
    row = {"text": "good", "votes": {"1": 3, "2": 5}}
    for name in ("t.json", "t.jsonl"):
        (tmp_path / name).write_text(json.dumps(row))
        assert records(tmp_path / name) == [row]


def test_rows_of_a_split_frame_have_all_cells(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"columns": ["text", "label"], "data": [["good", "pos"], ["bad"]]}')
    assert "t.json#2: a list of 1, wanted 2 values" in complaint(tmp_path / "t.json")
    (tmp_path / "t.json").write_text('{"columns": ["text", "text"], "data": [["good", "pos"]]}')
    assert "stand there twice" in complaint(tmp_path / "t.json")
