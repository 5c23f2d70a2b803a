"""`bertft similar`, and vectors in Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Said, texts, write_csv
from scipy.spatial.distance import cdist

import bertft

PLAIN = ("--threads", 1)
QUERY = "good film quite slow"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = [(f"r{place}", text) for place, text in enumerate(texts(9))]
    rows[3] = ("r3", "")
    return write_csv(tmp_path / "texts.csv", ["id", "text"], rows)


def nearest(said: Said) -> list[tuple[str, float]]:
    rows = json.loads(said.out)["queries"][0]["rows"]
    return [(row["text"], row["similarity"]) for row in rows]


@pytest.mark.usefixtures("fresh_accelerator")
def test_the_nearest_rows_are_those_of_scipy(run: Callable[..., Said], table: Path, tiny: str) -> None:
    """Of a table, and of each kind of file that `embed` writes."""
    given = [QUERY, *(text for text in texts(9))]
    vectors = bertft.embed(tiny, given, threads=1)
    similarities = 1 - cdist(vectors[:1], vectors[1:], "cosine")[0]
    wanted = [place for place in np.argsort(-similarities, kind="stable") if place != 3][:4]
    ask = ("--query", QUERY, "--top-k", 4, "--json", *PLAIN)
    said = [run("similar", table, "--model", tiny, *ask)]
    for ending in ("npy", "jsonl", "parquet"):
        run("embed", tiny, table, "-o", f"out.{ending}", "--quiet", *PLAIN)
        said.append(run("similar", f"out.{ending}", *ask))
    for found in said:
        assert "1 of 9 rows have no vector and are left out" in found.err
        assert [text for text, _ in nearest(found)] == [given[1 + place] for place in wanted]
        np.testing.assert_allclose([near for _, near in nearest(found)], similarities[wanted], atol=1e-6)


def test_vectors_of_another_file_model_or_wish_are_refused(run: Callable[..., Said], table: Path, tiny: str) -> None:
    run("embed", tiny, table, "-o", "out.npy", *PLAIN)
    ask = ("--query", QUERY, *PLAIN)
    assert "Leave out --pool" in run("similar", "out.npy", "--pool", "max", *ask, ok=2).err
    about = json.loads(Path("out.npy.about.json").read_text())
    Path("out.npy.about.json").write_text(json.dumps({**about, "model_files": {}}))
    assert "has changed since. Embed the texts again." in run("similar", "out.npy", *ask, ok=2).err
    Path("out.npy.about.json").write_text(json.dumps({**about, "embedding": {"pool": "any"}}))
    assert "--pool is any" in run("similar", "out.npy", *ask, ok=2).err
    Path("out.npy.about.json").write_text(json.dumps(about))
    table.write_text(table.read_text() + "r9,more\n")
    assert "are missing or have changed" in run("similar", "out.npy", *ask, ok=2).err
    Path("out.npy.about.json").unlink()
    assert "out.npy.about.json is missing" in run("similar", "out.npy", *ask, ok=2).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--query", "good"], "name what embeds them, such as --model minilm"),
        (["--query", " ", "--model", "minilm"], "--query is empty"),
        (["--query", "good", "--top-k", "0", "--model", "minilm"], "--top-k is 0"),
        (["--query", "good", "--pool", "none", "--model", "minilm"], "many vectors a row"),
    ],
)
def test_what_similar_cannot_do_is_said(words: list[str], said: str, run: Callable[..., Said], table: Path) -> None:
    assert said in run("similar", table, *words, ok=2).err


def test_rows_without_any_vector_are_said(run: Callable[..., Said], tmp_path: Path, tiny: str) -> None:
    empty = write_csv(tmp_path / "empty.csv", ["id", "text"], [("a", ""), ("b", " ")])
    said = run("similar", empty, "--text", "text", "--model", tiny, "--query", QUERY, *PLAIN, ok=2).err
    assert "empty.csv: no row has a vector." in said


def test_rows_without_any_vector_may_stand_before_others(
    run: Callable[..., Said], tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertft.jobs.embedding import similar

    monkeypatch.setattr(similar, "_AT_ONCE", 2)
    data = write_csv(tmp_path / "some.csv", ["id", "text"], [("a", ""), ("b", ""), ("c", QUERY)])
    said = run("similar", data, "--text", "text", "--model", tiny, "--query", QUERY, "--json", *PLAIN)
    assert [text for text, _ in nearest(said)] == [QUERY]


@pytest.mark.usefixtures("fresh_accelerator")
def test_python_gets_arrays(tiny: str) -> None:
    """Of texts, pairs, rows and words."""
    with pytest.warns(match="1 row without a vector"):
        found = bertft.embed(tiny, ["good", None], threads=1)
    assert found.dtype == np.float32
    assert np.isnan(found).all(axis=1).tolist() == [False, True]
    rows: Any = {"one": ["good"], "two": ["bad"]}
    pair = bertft.embed(tiny, rows, text="one", text_pair="two", threads=1)
    np.testing.assert_array_equal(pair, bertft.embed(tiny, [("good", "bad")], threads=1))
    assert [one.shape for one in bertft.embed(tiny, ["very good"], words=True, threads=1)] == [(2, 32)]
    with pytest.raises(bertft.errors.UsageError, match="not both"):
        bertft.embed(tiny, [("good", "bad"), "good"])
