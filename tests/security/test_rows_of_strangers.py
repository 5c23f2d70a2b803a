"""A stranger's plan names the rows that judged its run: nothing is asked for or opened but the files that the run read."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, write_csv
from traps import edit

from bertft.jobs import splits
from bertft.jobs.training import planning

Run = Callable[..., Said]


def asked(*words: Any, **more: Any) -> Any:
    raise AssertionError(f"a stranger's run asked for {words}")


@pytest.fixture(autouse=True)
def only_files_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    read = splits.read_table
    monkeypatch.setattr(
        splits, "read_table", lambda path, *more: read(path, *more) if os.path.isfile(path) else asked(path)
    )
    monkeypatch.setattr(splits, "_from_hub", asked)
    monkeypatch.setattr(planning, "find_backbone", asked)


@pytest.fixture
def stranger(trained: Path, tmp_path: Path) -> Path:
    """A copy of a finished run that may be spoiled; the rows that it learned from lie beside it."""
    shutil.copy(trained.parent / "train.csv", tmp_path / "rows.csv")
    copy = Path(shutil.copytree(trained, tmp_path / "stranger"))
    learned_from(copy, str(tmp_path / "rows.csv"))
    return copy


def learned_from(folder: Path, source: str) -> None:
    """Both plan.toml and run.json say so."""
    plan = (folder / "plan.toml").read_text()
    path = re.search(r'^train = "(.*)"$', plan, re.MULTILINE)
    assert path is not None
    (folder / "plan.toml").write_text(plan.replace(path[0], f'train = "{source}"'))
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text.replace(f'"path": "{path[1]}"', f'"path": "{source}"'))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("hub:stranger/x::train", "which is not asked"),
        ("pipe.csv", "not a file with rows"),
        ("-", "rows of standard input"),
        ("gone.csv", "no such file"),
        ("other.csv", "changed since the run learned from it"),
    ],
)
def test_no_source_is_opened_but_the_files_of_the_run(
    run: Run, stranger: Path, reviews: Path, tmp_path: Path, source: str, why: str
) -> None:
    os.mkfifo("pipe.csv")
    write_csv(Path("other.csv"), ["text", "label"], [("good film", "pos"), ("bad film", "neg")])
    source = str(tmp_path / source) if source.endswith(".csv") else source
    learned_from(stranger, source)
    shutil.copytree(stranger, "copy")
    for words in (("report", "stranger"), ("compare", "stranger", "copy")):
        said = run(*words, ok=2).err
        assert why in said
        assert source in said
        assert "Name a labelled file with --data." in said
    run("report", "stranger", "--data", reviews)
    page = (stranger / "report.html").read_text()
    assert "were not checked" in page
    assert why in page
    assert str(tmp_path) not in page


def test_no_model_is_asked_for(run: Run, stranger: Path, tiny: str) -> None:
    plan = (stranger / "plan.toml").read_text()
    (stranger / "plan.toml").write_text(plan.replace(tiny, "stranger/evil-backbone"))
    run("report", "stranger")
    assert "were not checked" not in (stranger / "report.html").read_text()


def test_the_card_of_a_plan_is_not_looked_for(run: Run, stranger: Path, reviews: Path) -> None:
    plan = re.sub(r"\[task[.\]].*?\n(?=\[data)", "", (stranger / "plan.toml").read_text(), flags=re.DOTALL)
    (stranger / "plan.toml").write_text(f'task = "./card.toml"\n{plan}')
    os.mkfifo("card.toml")
    assert "no [task] in it" in run("report", "stranger", ok=2).err
    run("report", stranger, "--data", reviews)
    page = (stranger / "report.html").read_text()
    assert "plan.toml: no [task] in it" in page
    assert str(stranger) not in page


def test_the_data_check_is_of_the_same_files_or_of_none(run: Run, stranger: Path, reviews: Path) -> None:
    run("report", "stranger", "--data", reviews)
    page = (stranger / "report.html").read_text()
    assert "were not checked" not in page
    assert ">120<" in page
    edit(stranger / "run.json", {"data": {}})
    run("report", "stranger", "--data", reviews)
    assert "changed since the run learned from it" in (stranger / "report.html").read_text()
