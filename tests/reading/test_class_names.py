"""Integer classes that have names in the file's own metadata keep them, as `datasets` itself has it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from conftest import Said, texts
from datasets import ClassLabel, Dataset, Features, List, Value

from bertft.errors import DataError
from bertft.reading import open_source, read_table

NAMES = ["negative", "positive"]


def reviews(codes: list[Any]) -> Dataset:
    features = Features({"text": Value("string"), "label": ClassLabel(names=NAMES)})
    return Dataset.from_dict({"text": texts(len(codes)), "label": codes}, features=features)


def tagged(codes: list[Any]) -> Dataset:
    kinds = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=["O", "B-LOC"]))})
    return Dataset.from_dict({"tokens": [["a"] * len(one or ()) for one in codes], "ner_tags": codes}, features=kinds)


def labels(path: str, column: str = "label") -> list[object]:
    found = [row.fields[column] for row in open_source(path).rows()]
    assert found == list(read_table(path).column(column))
    return found


def test_parquet_has_the_names_that_datasets_gave_them(tmp_path: Path) -> None:
    dataset = reviews([0, 1, -1, None, 1])
    dataset.to_parquet(tmp_path / "t.parquet")
    kind = dataset.features["label"]
    wanted = [None if code in (None, -1) else kind.int2str(code) for code in dataset["label"]]
    assert labels(str(tmp_path / "t.parquet")) == wanted == ["negative", "positive", None, None, "positive"]
    assert open_source(str(tmp_path / "t.parquet")).notes == [
        "classes of 'label' are called as in the file: negative, positive"
    ]


def test_lists_of_classes_have_their_names_too(tmp_path: Path) -> None:
    tagged([[0, 1, 0], [], None, [1]]).to_parquet(tmp_path / "t.parquet")
    assert labels(str(tmp_path / "t.parquet"), "ner_tags") == [["O", "B-LOC", "O"], [], None, ["B-LOC"]]


def test_so_have_arrow_files_of_a_saved_data_set(tmp_path: Path) -> None:
    reviews([0, 1] * 3).save_to_disk(tmp_path / "saved")
    (file,) = (tmp_path / "saved").glob("*.arrow")
    assert labels(str(file)) == NAMES * 3


def test_a_class_without_a_name_is_refused(tmp_path: Path) -> None:
    table = reviews([0, 1]).data.table
    codes = table.set_column(1, table.schema.field("label"), [[0, 7]])
    pyarrow.parquet.write_table(codes, tmp_path / "t.parquet")
    with pytest.raises(DataError, match="'label' holds the class 7, but the file names only 2"):
        labels(str(tmp_path / "t.parquet"))


@pytest.mark.parametrize("metadata", [b"", b"{", b"[]", b'{"info": 3}', b'{"info": {"features": {"label": [[]]}}}'])
def test_damaged_metadata_name_nothing(tmp_path: Path, metadata: bytes) -> None:
    table = reviews([0, 1]).data.table.replace_schema_metadata({"huggingface": metadata})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    assert labels(str(tmp_path / "t.parquet")) == [0, 1]


def test_the_names_are_what_is_learned(run: Callable[..., Said], tmp_path: Path, tiny: str) -> None:
    reviews([0, 1] * 20).to_parquet(tmp_path / "t.parquet")
    said = run("train", "t.parquet", "--model", tiny, "--dry-run", "-o", "run")
    assert "label 'label': 2 distinct values: negative, positive" in said.err
    assert tomllib.loads(said.out)["task"]["problem"] == "single-label"
