"""`--label meta.label`: values within objects, in training and ever after."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest
from conftest import Said, read_jsonl, texts, write_csv, write_jsonl
from hypothesis import given
from hypothesis import strategies as st

import bertft
from bertft.rows.nested import Cells

Run = Callable[..., Said]
QUICK = ("--max-steps", 2, "--precision", "fp32", "--no-refit", "--head-start", "random")
NAMED = ("--text", "data.text", "--label", "meta.gold.label")
ROWS = [
    {"data": {"text": text}, "meta": {"gold": {"label": ["neg", "pos"][n % 2]}}, "id": n}
    for n, text in enumerate(texts(40))
]


def test_nested_columns_give_what_flat_ones_give(run: Run, tmp_path: Path, tiny: str) -> None:
    write_jsonl(tmp_path / "t.jsonl", ROWS)
    flat = [(row["data"]["text"], row["meta"]["gold"]["label"]) for row in ROWS]
    write_csv(tmp_path / "flat.csv", ["text", "label"], flat)
    run("train", "t.jsonl", *NAMED, "--model", tiny, "-o", "nested", *QUICK)
    run("train", "flat.csv", "--model", tiny, "-o", "flat", *QUICK)
    assert Path("nested/model.safetensors").read_bytes() == Path("flat/model.safetensors").read_bytes()
    run("predict", "nested", "t.jsonl", "-o", "out.jsonl", "--precision", "fp32")
    found = read_jsonl(Path("out.jsonl"))
    assert [{name: row[name] for name in ROWS[0]} for row in found] == ROWS
    assert set(found[0]) == {*ROWS[0], "predicted_label", "probability", "reason"}
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "t.parquet")
    said = [run("eval", "nested", name, "--json", "--precision", "fp32") for name in ("t.jsonl", "t.parquet")]
    scores = [json.loads(one.out)["values"] for one in said]
    assert scores[0] == scores[1]
    answers = bertft.load("nested", precision="fp32")(ROWS[:3])
    assert [answer["predicted_label"] for answer in answers] == [row["predicted_label"] for row in found[:3]]


def test_a_name_that_leads_nowhere_is_refused(run: Run, tmp_path: Path, tiny: str) -> None:
    write_jsonl(tmp_path / "t.jsonl", ROWS)
    words = ("train", "t.jsonl", "--model", tiny, "--dry-run", "-o", "run", "--text", "data.text")
    assert "label column 'meta.lable' is empty" in run(*words, "--label", "meta.lable", ok=2).err
    assert "no column 'mta.label' for the label" in run(*words, "--label", "mta.label", ok=2).err
    assert "label 'meta.gold'" in run(*words, "--label", "meta.gold").err  # an object that holds nothing but the label


def test_cells_of_a_csv_are_no_objects(run: Run, tmp_path: Path, tiny: str) -> None:
    write_csv(tmp_path / "t.csv", ["text", "meta"], [(t, '{"label": "pos"}') for t in texts(9)])
    assert (
        "no column 'meta.label'"
        in run("train", "t.csv", "--label", "meta.label", "--model", tiny, "--dry-run", ok=2).err
    )


def test_a_column_with_a_dot_in_its_name_counts_first(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [{"text": t, "meta": {"label": "x"}, "meta.label": ["a", "b"][n % 2]} for n, t in enumerate(texts(20))]
    write_jsonl(tmp_path / "t.jsonl", rows)
    said = run("train", "t.jsonl", "--label", "meta.label", "--model", tiny, "--dry-run", "-o", "run")
    assert tomllib.loads(said.out)["data"]["fields"]["label"] == ["meta.label"]
    assert "2 distinct values: a, b" in said.err


def flattened(value: object, name: str = "") -> dict[str, object]:
    found = {name: value} if name else {}
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= flattened(inner, f"{name}.{key}" if name else key)
    return found


NESTED = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(st.sampled_from("abc"), NESTED, max_size=3))
def test_every_place_has_its_name(cells: dict[str, object]) -> None:
    found = Cells(cells)
    assert dict(found) == cells
    for name, value in flattened(cells).items():
        assert found.get(name) == found[name] == value
    assert found.get("x.y", 7) == 7
    with pytest.raises(KeyError):
        found["x"]
