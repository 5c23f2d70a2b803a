"""`bertft embed` from files to files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import PowerFails, Said, read_jsonl, texts, write_csv, write_jsonl

ENDINGS = ("npy", "jsonl", "parquet")
PLAIN = ("--threads", 1)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [(f"r{place}", text) for place, text in enumerate(texts(9))]
    rows[3] = ("r3", "")
    return write_csv(tmp_path / "texts.csv", ["id", "text"], rows)


def test_all_formats_hold_the_same_rows_in_order(run: Callable[..., Said], table: Path, tiny: str) -> None:
    for ending in ENDINGS:
        said = run("embed", tiny, table, "-o", f"out.{ending}", *PLAIN)
        assert "texts.csv: 1 row without a vector" in said.err
        assert "texts.csv:5: no text in column 'text'" in said.err
    array, lines, parquet = np.load("out.npy"), read_jsonl(Path("out.jsonl")), pq.read_table("out.parquet").to_pylist()
    assert array.shape == (9, 32)
    assert array.dtype == np.float32
    assert np.isnan(array).all(axis=1).tolist() == [row == 3 for row in range(9)]
    assert [row["id"] for row in lines] == [row["id"] for row in parquet] == [f"r{place}" for place in range(9)]
    for row, line, cells in zip(array, lines, parquet, strict=True):
        assert line == {**cells, "embedding": line["embedding"]}
        if line["embedding"] is None:
            assert cells["embedding"] is None
        else:
            assert row.tolist() == np.float32(line["embedding"]).tolist() == cells["embedding"]
    assert json.loads(Path("out.npy.about.json").read_text())["timings"]["examples"] == 8


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_is_continued_to_the_same_bytes(
    ending: str, run: Callable[..., Said], table: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertft.embedding import embedder

    monkeypatch.setattr(embedder, "WINDOW", 4)
    whole, cut = Path(f"whole.{ending}"), Path(f"cut.{ending}")
    run("embed", tiny, table, "-o", whole, *PLAIN)
    with monkeypatch.context() as here:
        here.setattr(embedder, "model_outputs", _fails_after(2, embedder.model_outputs))
        with pytest.raises(PowerFails):
            run("embed", tiny, table, "-o", cut, *PLAIN)
    assert not cut.exists()
    assert "texts.csv: 1 row without a vector" in run("embed", tiny, table, "-o", cut, "--resume", *PLAIN).err
    assert cut.read_bytes() == whole.read_bytes()
    assert [path.name for path in Path().glob(".*cut*")] == []


def _fails_after(times: int, usual: Callable[..., Any]) -> Callable[..., Any]:
    left = [times]

    def outputs(*given: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise PowerFails
        return usual(*given)

    return outputs


def test_another_wish_does_not_continue_a_file(
    run: Callable[..., Said], table: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertft.embedding import embedder

    monkeypatch.setattr(embedder, "WINDOW", 4)
    with monkeypatch.context() as here:
        here.setattr(embedder, "model_outputs", _fails_after(1, embedder.model_outputs))
        with pytest.raises(PowerFails):
            run("embed", tiny, table, "-o", "out.npy", *PLAIN)
    said = run("embed", tiny, table, "-o", "out.npy", "--resume", "--pool", "max", *PLAIN, ok=2)
    assert "--resume continues the same file, but the options changed" in said.err


def test_columns_that_the_input_has_are_not_called_predictions(
    run: Callable[..., Said], tmp_path: Path, tiny: str
) -> None:
    data = write_csv(tmp_path / "in.csv", ["text", "reason"], [("good film", "because")])
    said = run("embed", tiny, data, "--text", "text", "-o", "out.jsonl", *PLAIN)
    assert "what is added is called vector_reason (--prefix)" in said.err
    (row,) = read_jsonl(Path("out.jsonl"))
    assert (row["reason"], row["vector_reason"]) == ("because", None)
    assert "vector_ where the input" in run("embed", "--help-all").out
    near = run("similar", "out.jsonl", "--query", "good film", "--json", *PLAIN)
    assert json.loads(near.out)["queries"][0]["rows"][0]["text"] == "good film"


def test_tokens_and_words(run: Callable[..., Said], tmp_path: Path, tiny: str) -> None:
    rows = [{"text": "good film.", "n": 1}, {"text": ["very", "slow", "\u200b"], "n": [2]}, {"text": None, "n": None}]
    data = write_jsonl(tmp_path / "mixed.jsonl", rows)
    run("embed", tiny, data, "--pool", "none", "-o", "tokens.jsonl", "--text", "text", *PLAIN)
    first = read_jsonl(Path("tokens.jsonl"))[0]
    assert first["tokens"] == ["[CLS]", "good", "film", ".", "[SEP]"]
    assert np.shape(first["embeddings"]) == (5, 32)
    said = run("embed", tiny, data, "--words", "-o", "words.parquet", "--text", "text", *PLAIN)
    assert "1 word without a vector" in said.err
    found = pq.read_table("words.parquet").to_pylist()
    assert [row["words"] for row in found] == [["good", "film", "."], ["very", "slow", "\u200b"], []]
    assert [row["n"] for row in found] == ["1", "[2]", None]
    assert [one is None for one in found[1]["embeddings"]] == [False, False, True]
    assert found[2]["reason"] == "no words in column 'text'"
    said = run("embed", tiny, data, "--words", "-o", "words.npy", ok=2)
    assert "write .jsonl or .parquet" in said.err


def test_a_run_reads_its_own_columns_and_notes_the_time(
    run: Callable[..., Said], trained: Path, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(trained, tmp_path / "run")
    write_csv(tmp_path / "two.csv", ["note", "text"], [("good book here", "bad film"), ("slow song here", "bad film")])
    run("embed", "run", "two.csv", "-o", "out.npy", *PLAIN)
    one, other = np.load("out.npy")
    assert one.tolist() == other.tolist()
    assert json.loads(Path("run/run.json").read_text())["timings"]["embed"]["examples"] == 2


def test_categories_are_written_as_what_they_stand_for(
    run: Callable[..., Said], tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a table of pandas, in several batches whose categories differ; also deeper inside."""
    from bertft.embedding import embedder

    monkeypatch.setattr(embedder, "WINDOW", 2)
    kind = pa.array(["a", "b", None, "c", "b"]).dictionary_encode()
    inside = pa.StructArray.from_arrays([kind], ["kind"])
    lists = pa.ListArray.from_arrays(pa.array([0, 1, 2, 3, 4, 5]), kind)
    table = pa.table({"text": texts(5), "kind": kind, "inside": inside, "lists": lists})
    pq.write_table(table, tmp_path / "in.parquet")
    run("embed", tiny, tmp_path / "in.parquet", "--text", "text", "-o", "out.parquet", *PLAIN)
    found = pq.read_table("out.parquet")
    assert found.select(table.column_names).to_pylist() == table.to_pylist()
    assert found.schema.field("kind").type == pa.string()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["texts.csv", "-o", "out.csv"], "wanted .npy, .jsonl"),
        (["texts.csv", "-o", "texts.csv"], "is the input"),
        (["two.csv", "-o", "out.npy"], "which column is the text? Name it with --text"),
        (["none.csv", "-o", "out.npy"], "no row below the column names (text)"),
        (["two.csv", "-o", "out.npy", "--text", "on"], "no column 'on'"),
        (["texts.csv", "-o", "out.npy", "--pool", "sum"], "--pool is sum"),
        (["texts.csv", "-o", "out.npy", "--layers", "-1,x"], "--layers is -1,x"),
        (["texts.csv", "-o", "/dev/null"], "wanted .npy, .jsonl"),
    ],
)
def test_what_is_wrong_is_said(
    words: list[str], said: str, run: Callable[..., Said], table: Path, tmp_path: Path, tiny: str
) -> None:
    write_csv(tmp_path / "two.csv", ["one", "two"], [("a good film", "a bad film")] * 3)
    write_csv(tmp_path / "none.csv", ["text"], [])
    assert said in run("embed", tiny, *words, ok=2).err
    assert not Path("out.npy").exists()
