"""What people see: results on stdout, talk on stderr, control characters shown, about 20 progress lines in a pipe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Said

from bertft import console

Run = Callable[..., Said]


@pytest.fixture(autouse=True)
def ordinary_voice() -> Iterator[None]:
    console.be_quiet(False)
    console.speak_only_if(True)
    yield
    console.be_quiet(False)
    console.speak_only_if(True)


def test_results_and_talk_go_to_their_own_streams(capsys: pytest.CaptureFixture[str]) -> None:
    console.result("answer")
    console.note("talk")
    console.warn("careful")
    console.error("no")
    heard = capsys.readouterr()
    assert heard.out == "answer\n"
    assert heard.err == "talk\nWarning: careful\nError: no\n"


def test_quiet_keeps_results_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    console.be_quiet()
    console.result("answer")
    console.note("talk")
    console.warn("careful")
    heard = capsys.readouterr()
    assert (heard.out, heard.err) == ("answer\n", "Warning: careful\n")


def test_other_processes_say_nothing_but_errors(capsys: pytest.CaptureFixture[str]) -> None:
    console.speak_only_if(False)
    console.result("answer")
    console.warn("careful")
    console.table("t", ["a"], [["b"]])
    console.error("no")
    heard = capsys.readouterr()
    assert (heard.out, heard.err) == ("", "Error: no\n")


def test_control_and_direction_characters_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    console.result("a\x1b[2Jb\rc\u202ed\u0007")
    console.table("", ["x"], [["[red]\x1b]0;t\x07"]])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\r" not in out
    assert "a\\x1b[2Jb\\rc\\u202ed\\x07" in out
    assert "[red]\\x1b]0;t\\x07" in out


@pytest.mark.parametrize(("total", "lines"), [(1000, 20), (20, 20), (7, 7), (1, 1)])
def test_a_pipe_gets_about_twenty_lines(capsys: pytest.CaptureFixture[str], total: int, lines: int) -> None:
    with console.progress("Training", total) as bar:
        for done in range(1, total + 1):
            bar.update(done, "loss 1")
    found = capsys.readouterr().err.splitlines()
    assert len(found) == lines
    assert found[-1] == f"Training {total:,}/{total:,}  loss 1"


def test_json_is_one_object_on_stdout(run: Run, reviews: Path, tiny: str) -> None:
    said = run("train", "train.csv", "--model", tiny, "-o", "run", "--max-steps", 2, "--precision", "fp32", "--json")
    found = json.loads(said.out)
    assert found["run"] == "run"
    assert found["scores"]["validation"]["main"] == "accuracy"
    said = run("eval", "run", "train.csv", "--json", "--quiet")
    assert json.loads(said.out)["examples"] == 120
    assert said.err == ""
    assert len(json.loads(run("tasks", "--json").out)["tasks"]) == 15


def test_scores_fit_a_terminal(run: Run, reviews: Path, trained: Path) -> None:
    said = run("eval", trained, "train.csv", "--quiet")
    assert max(len(line) for line in said.out.splitlines()) <= 100
    for wanted in ("accuracy", "95 % interval", "precision", "recall", "mcc", "Rows: true label", "neutral"):
        assert wanted in said.out


def test_half_characters_are_shown_and_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """Or a stream in UTF-8 would refuse them."""
    console.result("bad \udcff name")
    assert capsys.readouterr().out == "bad \\udcff name\n"
