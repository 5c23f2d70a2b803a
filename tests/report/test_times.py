"""What a run says of its time: run.json and the card agree, after `eval`, `predict` and `embed` too."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

from conftest import Said

COLUMNS = ("examples", "seconds", "examples_per_second", "tokens_per_second")


def times_of_card(run: Path) -> dict[str, list[str]]:
    """First cell -> the others, of the rows of its table of times."""
    lines = (run / "README.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("| | examples | seconds | examples/s | tokens/s | on |") + 2
    rows = [re.split(r" ?\| ?", line)[1:-1] for line in takewhile(lambda line: line.startswith("|"), lines[start:])]
    return {cells[0]: cells[1:] for cells in rows}


def test_the_card_says_what_each_verb_took(run: Callable[..., Said], trained: Path, tmp_path: Path) -> None:
    folder, data = tmp_path / "run", trained.parent / "train.csv"
    shutil.copytree(trained, folder)
    assert list(times_of_card(folder))[:2] == ["training", "evaluation"]
    run("eval", folder, data, "--threads", 1)
    run("predict", folder, data, "-o", "out.csv", "--threads", 1)
    run("embed", folder, data, "-o", "out.npy", "--threads", 1)
    timings, card = json.loads((folder / "run.json").read_text())["timings"], times_of_card(folder)
    assert list(card) == ["training", "evaluation", "prediction", "embedding"]
    for verb, cells in zip(("train", "eval", "predict", "embed"), card.values(), strict=True):
        said = [float(cell.replace(",", "")) for cell in cells[:4]]
        assert all(abs(one - timings[verb][name]) <= 0.5 for one, name in zip(said, COLUMNS, strict=True))
        assert min(timings[verb][name] for name in COLUMNS) > 0
        assert cells[4] == timings[verb].get("device", cells[4]) != ""
    assert timings["embed"]["examples"] == timings["eval"]["examples"] == 120


def test_a_card_that_was_edited_stays(run: Callable[..., Said], trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    mine = (folder / "README.md").read_text().replace("| training |", "| my training |")
    (folder / "README.md").write_text(mine)
    run("predict", folder, trained.parent / "train.csv", "-o", "out.csv", "--threads", 1)
    assert (folder / "README.md").read_text() == mine
    assert "predict" in json.loads((folder / "run.json").read_text())["timings"]
