"""The rows that judged a run, found again: the scores are those that the run wrote down, also after a refit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, write_csv

from bertft import console
from bertft.errors import UsageError
from bertft.jobs.judging.judged import judged_split
from bertft.jobs.training import planning
from bertft.runs.record import read_record

LEARN = ("--epochs", 3, "--batch-size", 8, "--precision", "fp32", "--head-start", "prior", "--threads", 1, "--quiet")
Run = Callable[..., Said]


def rows(count: int, *, start: int = 0) -> list[tuple[str, str]]:
    words = ("good film", "awful dish", "fine book", "poor song", "great staff")
    return [(f"{words[i % 5]} {'very ' * (i // 5 % 7)}slow", "yn"[i % 5 % 2]) for i in range(start, start + count)]


@pytest.fixture
def train(run: Run, tiny: str, tmp_path: Path) -> Callable[..., str]:
    """Trains on the file, and gives the run's folder."""

    def trained(*more: object) -> str:
        write_csv(tmp_path / "train.csv", ("text", "label"), rows(80))
        write_csv(tmp_path / "other.csv", ("text", "label"), rows(30, start=3))
        run("train", "train.csv", "--model", tiny, "-o", "run", *LEARN, *more)
        return str(tmp_path / "run")

    return trained


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (["--refit"], "validation"),
        (["--no-refit", "--max-train-rows", 60], "validation"),
        (["--validation", "other.csv"], "validation"),
        (["--test", "other.csv", "--no-refit"], "test"),
    ],
)
def test_the_scores_of_its_own_rows_are_those_of_the_run(
    train: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: list[Any], name: str
) -> None:
    folder = train(*more)
    monkeypatch.chdir(tmp_path)
    with console.in_a_program(quiet=True):
        judged = judged_split(folder)
    noted = read_record(Path(folder)).scores[name]
    assert judged.name == name
    assert judged.scores().values == pytest.approx(noted["values"], abs=1e-6)
    texts = [judged.row(position).fields["text"] for position in range(len(judged.targets))]
    labels = [judged.row(position).fields["label"] for position in range(len(judged.targets))]
    assert len(texts) == noted["examples"]
    assert labels == [judged.adapter.labels.names[int(target)] for target in judged.targets]


def test_files_that_changed_since_are_refused(
    train: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = train("--no-refit")
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "train.csv", ("text", "label"), rows(81))
    with pytest.raises(UsageError, match="changed since the run learned from it"):
        judged_split(folder)


def test_nothing_is_needed_that_only_the_training_needed(
    run: Run, tiny: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The backbone has moved, the tracker is not installed, the function of the metric is gone."""
    shutil.copytree(tiny, "backbone")
    write_csv(tmp_path / "train.csv", ("text", "label"), rows(80))
    Path("mine.py").write_text("def mine(predictions, references):\n    return 0.25\n")
    run("train", "train.csv", "--model", "./backbone", "-o", "run", *LEARN, "--no-refit", "--metric", "./mine.py:mine")
    shutil.rmtree("backbone")
    shutil.move("mine.py", "later.py")
    plan = Path("run/plan.toml").read_text()
    Path("run/plan.toml").write_text(plan.replace("[output]", '[output]\ntrack = ["wandb"]'))
    monkeypatch.setattr(planning, "check_installed", lambda names: 1 / 0)
    noted = read_record(Path("run")).scores["validation"]["values"]
    with console.in_a_program(quiet=True):
        found = judged_split("run").scores()
    assert found.values == pytest.approx({name: noted[name] for name in noted if name != "mine"}, abs=1e-6)
    run("report", "run")
    shutil.copytree("run", "copy")
    shutil.move("later.py", "mine.py")
    assert "have the same mine, 0.2500" in run("compare", "run", "copy", "--metric", "./mine.py:mine").out
    run("report", "run", "--metric", "./mine.py:mine")
    page = Path("run/report.html").read_text()
    assert "mine" in page
    assert "0.2500" in page
