"""Word vectors from files: what gensim reads, what is damaged, and what a network begins with."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Said, sentiment, texts, write_csv
from safetensors.numpy import load_file

from bertft.errors import DataError
from bertft.model.vectors import read_vectors

NAMES = ["the", "good", "Paris", "New York", "café", "好", "bad"]
VALUES = np.random.default_rng(3).normal(size=(len(NAMES), 5)).astype(np.float32)
WANTED = {"good", "paris", "café", "好", "absent"}


def as_text(names: list[str], *, header: bool) -> str:
    lines = [f"{name} {' '.join(map(repr, row.tolist()))}" for name, row in zip(names, VALUES, strict=True)]
    return "\n".join([f"{len(names)} 5", *lines] if header else lines) + "\n"


def as_binary(names: list[str], end: bytes = b"\n") -> bytes:
    parts = [name.encode() + b" " + row.tobytes() + end for name, row in zip(names, VALUES, strict=True)]
    return f"{len(names)} 5\n".encode() + b"".join(parts)


@pytest.mark.parametrize(
    "form", ["word2vec", "glove", "tabs", "blank lines", "gzip", "binary", "binary without newlines"]
)
def test_every_form_gives_the_wanted_words(tmp_path: Path, form: str) -> None:
    file = tmp_path / ("v.gz" if form == "gzip" else "v.any")
    content = {
        "word2vec": as_text(NAMES, header=True).encode(),
        "glove": as_text(NAMES, header=False).encode(),
        "tabs": re.sub(r" (?=[-\d])", "\t", as_text(NAMES, header=True)).encode(),
        "blank lines": as_text(NAMES, header=True).replace("\nParis", "\n\nParis").encode() + b" \n\n",
        "gzip": gzip.compress(as_text(NAMES, header=False).encode()),
        "binary": as_binary([name.replace(" ", "_") for name in NAMES]),
        "binary without newlines": as_binary([name.replace(" ", "_") for name in NAMES], b""),
    }
    file.write_bytes(content[form])
    found = read_vectors(str(file), WANTED)
    assert found.size == 5
    assert set(found.rows) == WANTED - {"absent"}
    for word, name in (("good", "good"), ("paris", "Paris"), ("café", "café"), ("好", "好")):
        np.testing.assert_array_equal(found.rows[word], VALUES[NAMES.index(name)])


@pytest.mark.parametrize("binary", [True, False])
def test_what_gensim_writes_is_read_as_gensim_reads_it(tmp_path: Path, binary: bool) -> None:
    models = pytest.importorskip("gensim.models")
    made = models.KeyedVectors(5)
    made.add_vectors([name.replace(" ", "_") for name in NAMES], VALUES)
    file = str(tmp_path / "v.any")
    made.save_word2vec_format(file, binary=binary)
    theirs = models.KeyedVectors.load_word2vec_format(file, binary=binary)
    ours = read_vectors(file, set(theirs.key_to_index))
    assert set(ours.rows) == set(theirs.key_to_index)
    assert all(np.array_equal(ours.rows[word], theirs[word]) for word in theirs.key_to_index)


def test_fasttexts_own_binary_form_knows_parts_of_words(tmp_path: Path) -> None:
    fasttext = pytest.importorskip("gensim.models.fasttext")
    made = fasttext.FastText([["good", "film"], ["bad", "film"]] * 5, vector_size=4, min_count=1, epochs=1, workers=1)
    file = str(tmp_path / "v.bin")
    fasttext.save_facebook_model(made, file)
    found = read_vectors(file, {"good", "films"})
    assert found.size == 4
    assert all(np.allclose(found.rows[word], made.wv[word]) for word in ("good", "films"))
    Path(file).write_bytes(Path(file).read_bytes()[:100])
    with pytest.raises(DataError, match="fastText's binary form, but damaged"):
        read_vectors(file, {"good"})


def test_the_first_of_two_counts_and_lower_case_before_capitals(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("Us 9 9\nus 1 2\nus 3 4\nUS 5 6\nIT 7 8\n")
    found = read_vectors(str(tmp_path / "v"), {"us", "it"})
    assert {word: row.tolist() for word, row in found.rows.items()} == {"us": [1, 2], "it": [7, 8]}


def test_more_words_are_the_first_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("a 1 2\nB 1 2\nc 1 2\nd 3 4\ne 5 6\n")
    assert set(read_vectors(str(tmp_path / "v"), {"e"}, more=3).rows) == {"a", "c", "e"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no word vectors"),
        (b"id,text,label\n1,good,pos\n", "no word vectors"),
        (b"\x80\x02}q\x00.", "no word vectors"),
        (b"good 1 2\nbad 1\n", ":2: a word and 2 numbers are wanted"),
        (b"bad 1 2\ngood 1 x\n", ":2: a word and 2 numbers are wanted"),
        (b"bad 1 2\ngood 1 nan\n", ":2: a vector holds what is no number"),
        (b"0 0\n", "promises no vectors"),
        (b"7 5\n" + as_binary(NAMES)[4:70], "ends, or is damaged, at word 3 of 7"),
        (b"9999999999 5\ngood 1 2\n", "ends, or is damaged, at word 1 of 9,999,999,999"),
        (as_binary(["good"] * 7).replace(VALUES[0].tobytes(), b"\xff" * 20), "word 1: a vector holds"),
    ],
)
def test_what_is_no_file_of_vectors_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(DataError) as problem:
        read_vectors(str(tmp_path / "v"), {"good"})
    assert message in str(problem.value)


def test_a_broken_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.gz").write_bytes(b"good 1 2\n")
    with pytest.raises(DataError, match="cannot be read"):
        read_vectors(str(tmp_path / "v.gz"), {"good"})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "train.csv", ["text", "label"], [(text, sentiment(text)) for text in texts(60)])


def test_a_network_begins_with_them(run: Callable[..., Said], data: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """Frozen, they stay as they are; words that no training row has are known too, with the fast path and without."""
    (tmp_path / "v.txt").write_text("good 1 2 3\nunseen 4 5 6\nFilm 7 8 9\n")
    words = ("--model", "bow", "--vectors", "v.txt", "--max-steps", 3, "--freeze", "embeddings")
    said = run("train", data, *words, "-o", "run")
    assert "Vectors: 3 numbers for 2 of the 20 different words" in said.err
    assert "and for 1 more word of v.txt" in said.err
    known = json.loads(Path("run/tokenizer.json").read_text())["model"]["vocab"]
    weights = load_file("run/model.safetensors")["encoder.words.weight"]
    for word, row in {"good": [1, 2, 3], "unseen": [4, 5, 6], "film": [7, 8, 9]}.items():
        assert weights[known[word]].tolist() == row
    assert weights[0].tolist() == [0, 0, 0]
    monkeypatch.setenv("BERTFT_FAST", "0")
    run("train", data, *words[:-2], "-o", "slow", "--quiet")
    monkeypatch.setenv("BERTFT_FAST", "1")
    run("train", data, *words[:-2], "-o", "fast", "--quiet")
    slow, fast = (load_file(f"{name}/model.safetensors")["encoder.words.weight"] for name in ("slow", "fast"))
    assert slow[known["unseen"]].tolist() == fast[known["unseen"]].tolist() == [4, 5, 6]
    assert slow[known["good"]].tolist() != [1, 2, 3]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--model", "minilm", "--vectors", "v.txt"),
            "bow, textcnn, bilstm, transformer, dssm, esim; this is minilm",
        ),
        (("--model", "bow", "--vectors", "none.txt"), "--vectors none.txt: cannot be read (No such file or directory)"),
        (("--model", "bow", "--vectors", "v.txt"), "v.txt: has no vector for any word of the training rows"),
    ],
)
def test_vectors_without_use_are_refused(
    run: Callable[..., Said], data: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    (tmp_path / "v.txt").write_text("gut 1 2 3\nschlecht 4 5 6\n")
    assert message in run("train", data, *words, "-o", "run", ok=2).err
