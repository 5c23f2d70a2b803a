"""The live display: what it says of the time left and the best model, and what is left of it on the screen."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Said, read_jsonl

from bertft import console
from bertft.engine import display as room
from bertft.engine.display import LiveLines, Outlook, Pace
from bertft.engine.order import Step
from bertft.live import LiveBar, live_bar
from bertft.scoring import Scores

VALUES = {"loss": 0.12345, "learning_rate": 4.2e-5, "examples_per_second": 83.2, "tokens_per_second": 9.0, "padding": 0}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def ordinary_voice() -> Iterator[None]:
    console.be_verbose(False)
    console.be_quiet(False)
    console.speak_only_if(True)
    yield
    console.be_quiet(False)


@pytest.mark.parametrize("total", [1, 7, 12, 100])
def test_the_evaluations_to_come_are_those_of_the_loop(total: int) -> None:
    for every in (1, 3, 5, 12, 200):
        outlook = Outlook(total, every, 1.0)
        for step in range(total + 1):
            to_come = [n for n in range(step + 1, total + 1) if n % every == 0 or n == total]
            assert outlook.evaluations_after(step) == len(to_come), (total, every, step)


def test_the_time_left_counts_steps_and_evaluations_apart() -> None:
    """A first step of 50 seconds, then 2 each; an evaluation of 30 after every fifth."""
    clock = Clock()
    pace, outlook = Pace(clock), Outlook(20, 5, 4.0)
    for number in range(1, 21):
        clock.now += 50 if number == 1 else 2
        pace.stepped(number)
        if number % 5 == 0:
            with pace.evaluation():
                clock.now += 30
        if number >= 5:
            left = 20 - number
            assert pace.left(left, outlook.evaluations_after(number)) == pytest.approx(
                2 * left + 30 * ((left + 4) // 5)
            )
    assert pace.took() == 50 + 19 * 2 + 4 * 30


def test_before_two_steps_no_time_left_is_made_up() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.left(10, 1) is None
    clock.now = 5.0
    pace.stepped(1)
    assert pace.left(9, 1) is None


def test_the_pace_of_late_counts() -> None:
    """Steps of one second that become steps of ten."""
    clock = Clock()
    pace = Pace(clock)
    for number in range(1, 101):
        clock.now += 1
        pace.stepped(number)
    for number in range(101, 131):
        clock.now += 10
        pace.stepped(number)
    assert pace.left(10, 0) == pytest.approx(100)


def lines_with(clock: Clock, **known: object) -> tuple[LiveLines, LiveBar]:
    bar = LiveBar("Training", 10)
    return LiveLines(bar, Outlook(10, 5, 2.0, **known), Pace(clock)), bar  # type: ignore[arg-type]


def test_the_display_holds_loss_rate_speed_time_left_and_the_best(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    shown, bar = lines_with(clock)
    for number in (1, 2, 3, 4, 5):
        clock.now += 60
        shown.stepped(Step(number, number / 5, []))
    shown.logged(Step(5, 1.0, []), VALUES)
    assert bar.beside == "epoch 1.00 of 2  5:00 left"
    assert bar.below == "loss 0.1235  lr 4.2e-05  83 ex/s"
    with shown.evaluating():
        assert bar.beside == "epoch 1.00 of 2  evaluating"
        shown.evaluated(Step(5, 1.0, []), Scores("f1", {"f1": 0.25, "recall": 0.5}, 4), "best so far")
        clock.now += 10
    assert bar.beside == "epoch 1.00 of 2  5:10 left"
    assert bar.below == "loss 0.1235  lr 4.2e-05  83 ex/s  best f1 0.2500 (step 5)"
    with shown.evaluating():
        shown.evaluated(Step(10, 2.0, []), Scores("f1", {"f1": 0.2}, 4), "")
    assert bar.below.endswith("best f1 0.2500 (step 5)")
    shown.ended()
    assert bar.beside == "epoch 1.00 of 2  took 5:10"
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_run_that_goes_on_knows_its_best_and_one_that_may_end_early_says_so() -> None:
    clock = Clock()
    shown, bar = lines_with(clock, metric="mcc", best=(0.5, 3), may_stop_early=True)
    for number in (4, 5):
        clock.now += 4000
        shown.stepped(Step(number, 1.0, []))
    assert bar.beside == "epoch 1.00 of 2  at most 5:33:20 left"
    assert bar.below == "best mcc 0.5000 (step 3)"


class Screen(io.StringIO):
    """A terminal, as far as rich moves its cursor: what stands on it in the end."""

    def isatty(self) -> bool:
        return True

    def shows(self) -> list[str]:
        rows, row, column = [""], 0, 0
        for part in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|.|\n", self.getvalue()):
            if part == "\n":
                row, column = row + 1, 0
                rows += [""] * (row + 1 - len(rows))
            elif part == "\r":
                column = 0
            elif part == "\x1b[1A":
                row -= 1
            elif part == "\x1b[2K":
                rows[row] = ""
            elif not part.startswith("\x1b"):
                rows[row] = f"{rows[row][:column]:<{column}}{part}{rows[row][column + 1 :]}"
                column += 1
        return [line.rstrip() for line in rows]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Screen]:
    def of(width: int) -> Screen:
        made = Screen()
        monkeypatch.setattr(sys, "stderr", made)
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        for name, value in (("COLUMNS", str(width)), ("LINES", "24"), ("TERM", "xterm")):
            monkeypatch.setenv(name, value)
        return made

    return of


@pytest.mark.parametrize("width", [80, 120])
def test_notes_stand_above_and_only_the_last_state_is_left(screen: Callable[[int], Screen], width: int) -> None:
    terminal = screen(width)
    with live_bar("Training", 10) as bar:
        bar.tell(5, "epoch 1.00 of 2  0:30 left", "loss 0.7")
        console.note("Epoch 1.00  step 5")
        console.warn("careful \x1b[2J")
        bar.tell(10, "epoch 2.00 of 2  took 1:00", "loss 0.1  best f1 0.5 (step 5)")
    *above, first, second, end = terminal.shows()
    assert above == ["Epoch 1.00  step 5", "Warning: careful \\x1b[2J"]
    assert re.fullmatch(r"Training ━{20} 10/10  epoch 2.00 of 2  took 1:00", first)
    assert (second, end) == ("  loss 0.1  best f1 0.5 (step 5)", "")
    assert terminal.getvalue().endswith("\x1b[?25h")  # the cursor is back


def test_what_is_too_wide_is_cut_and_never_makes_a_third_line(screen: Callable[[int], Screen]) -> None:
    terminal = screen(40)
    with live_bar("Training", 1_000_000) as bar:
        bar.tell(999_999, "epoch 1.00 of 2  at most 100:00:30 left", f"loss 0.7  best {'metric' * 20}\x1b[2J 0.1\n")
    *lines, end = terminal.shows()
    assert (len(lines), end) == (2, "")
    assert [len(line) for line in lines] == [40, 40]
    assert all(line.endswith("…") for line in lines)


@pytest.mark.parametrize(
    ("quiet", "term", "drawn"), [(False, "xterm", True), (True, "xterm", False), (False, "dumb", False)]
)
def test_quiet_and_dumb_terminals_have_no_display(
    screen: Callable[[int], Screen], monkeypatch: pytest.MonkeyPatch, quiet: bool, term: str, drawn: bool
) -> None:
    terminal = screen(80)
    monkeypatch.setenv("TERM", term)
    console.be_quiet(quiet)
    with room.display(Outlook(2, 1, 1.0)) as shown:
        assert isinstance(shown, LiveLines) == drawn
        shown.stepped(Step(1, 0.5, []))
        shown.logged(Step(1, 0.5, []), VALUES)
    assert ("\x1b" in terminal.getvalue()) == drawn
    assert (terminal.getvalue() == "") == quiet


def test_an_error_in_the_middle_leaves_the_last_state(screen: Callable[[int], Screen]) -> None:
    terminal = screen(80)
    with suppress(ZeroDivisionError), room.display(Outlook(4, 2, 1.0)) as shown:
        shown.stepped(Step(1, 0.25, []))
        raise ZeroDivisionError
    assert "1/4  epoch 0.25 of 1  took 0:00" in terminal.shows()[0]


def test_a_training_ends_with_its_last_loss_and_its_best(
    run: Callable[..., Said], reviews: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "draws", lambda: True)
    few = ("--max-steps", 4, "--eval-steps", 2, "--precision", "fp32", "--no-refit")
    said = run("train", reviews, "--model", tiny, "-o", "run", *few)
    losses = [line for line in read_jsonl(Path("run/history.jsonl")) if "loss" in line]
    record = json.loads(Path("run/run.json").read_text())
    assert f"4/4  epoch {losses[-1]['epoch']:.2f} of" in said.err
    best = f"best accuracy {record['scores']['validation']['values']['accuracy']:.4f} (step {record['best_step']})"
    assert f"  loss {losses[-1]['loss']:.4f}  lr {losses[-1]['learning_rate']:.2g}  " in said.err
    assert best in said.err
