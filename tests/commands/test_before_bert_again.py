"""Networks from before BERT that are trained several times: each is the one that was asked for, and can be gone on with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PowerFails, Said, sentiment, texts, write_csv

from bertft.jobs.training.members import Members

Run = Callable[..., Said]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "train.csv", ["text", "label"], [(text, sentiment(text)) for text in texts(60)])


@pytest.mark.parametrize(
    ("how", "members"), [("--seeds", ("seeds/42", "seeds/43")), ("--folds", ("folds/1", "folds/2"))]
)
def test_each_run_has_the_network_that_was_asked_for(
    run: Run, data: Path, monkeypatch: Any, how: str, members: tuple[str, ...]
) -> None:
    monkeypatch.setattr(Members, "drop_weights", lambda *_: None)
    asked = ("--model", "bilstm", "--cell", "gru", "--one-way", "--max-steps", 1, "--quiet")
    run("train", data, *asked, how, 2, "-o", "run")
    for folder in (".", *members):
        config = json.loads(Path("run", folder, "config.json").read_text())
        assert (config["cell"], config["one_way"]) == ("gru", True), folder


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    file = tmp_path / "v.txt"
    file.write_text("good 1 2 3\nfilm 7 8 9\n")
    return file


def cut_off(*_: Any, **__: Any) -> None:
    raise PowerFails


def test_with_vectors_they_go_on_after_a_stop(run: Run, data: Path, vectors: Path, monkeypatch: Any) -> None:
    asked = ("train", data, "--model", "bow", "--vectors", vectors, "--max-steps", 2, "--seeds", 2, "--quiet")
    with monkeypatch.context() as here:
        here.setattr(Members, "drop_weights", cut_off)
        with pytest.raises(PowerFails):
            run(*asked, "-o", "run")
    assert Path("run/seeds/42/run.json").is_file()
    run("train", "--resume", "-o", "run", "--quiet")
    found = json.loads(Path("run/run.json").read_text())
    assert found["data"]["vectors"]["path"] == str(vectors)
    assert "seeds/43" in str(found["series"])


def test_other_vectors_are_not_mixed_with_a_run_that_has_ended(run: Run, data: Path, vectors: Path) -> None:
    run("train", data, "--model", "bow", "--vectors", vectors, "--max-steps", 1, "-o", "run", "--quiet")
    assert "Nothing was changed." in run("train", "--resume", "-o", "run").err
    vectors.write_text("good 3 2 1\n")
    assert "v.txt: changed since the run began" in run("train", "--resume", "-o", "run", ok=2).err
