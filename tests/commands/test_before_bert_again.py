"""Networks from before BERT that are trained several times: each is the one that was asked for, and can be gone on with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, sentiment, texts, write_csv

from bertft.jobs.members import Members

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
