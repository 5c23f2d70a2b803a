"""SIGTERM and Ctrl-C end the command soon, with its work saved and the way to go on said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import HANGING, read_jsonl, wait_to_hear
from errands import course, digest, words_of
from prepared import begin

from bertft.errors import Stopped
from bertft.system import signals

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def stopped(words: list[str], number: int, code: int) -> str:
    """Stop a run in the folder `run` on its way; what it said."""
    process = begin(*words, "-o", "run", **PIPES)
    wait_to_hear("Training 42/420", process)
    process.send_signal(number)
    _, said = process.communicate(timeout=HANGING)
    assert process.returncode == code, said
    return said


def long_words(tmp_path: Path, tiny: str) -> list[str]:
    """420 steps: none but a machine that stands still gets through them before the signal."""
    return [*words_of("sequence", tmp_path, tiny), "--epochs", "60", "--eval-steps", "70"]


def logged_steps() -> list[object]:
    return [line["step"] for line in read_jsonl(Path("run/history.jsonl")) if "loss" in line]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_saves_and_says_how_to_go_on(tmp_path: Path, tiny: str, number: int, code: int) -> None:
    said = stopped(long_words(tmp_path, tiny), number, code)
    name = signal.Signals(number).name
    assert f"Stopped by {name}. Progress is saved; continue with: bertft train --resume -o run" in said
    assert "Traceback" not in said
    assert 20 < len(logged_steps()) < 420
    assert json.loads(Path("run/checkpoint/state.json").read_text())["step"] == logged_steps()[-1]
    assert not Path("run/.lock").exists()


def test_a_stopped_process_goes_on_to_the_same_bits(tmp_path: Path, tiny: str) -> None:
    words = long_words(tmp_path, tiny)
    stopped(words, signal.SIGTERM, 143)
    step = logged_steps()[-1]
    whole = begin(*words, "-o", "whole", **PIPES)
    parts = begin("train", "--resume", "-o", "run", **PIPES)
    assert f"Continuing after step {step}" in parts.communicate(timeout=HANGING)[1]
    whole.communicate(timeout=HANGING)
    assert digest(Path("run")) == digest(Path("whole"))
    assert course(Path("run")) == course(Path("whole"))


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    """Inside a step. One that comes at once is a launcher's, which passes on what the terminal sent already."""
    script = tmp_path / "slow.py"
    script.write_text(
        "import os, signal\nfrom types import SimpleNamespace\nfrom bertft.system import signals\n"
        "signals.time = SimpleNamespace(monotonic=lambda: now)\n"
        "with signals.caught_signals(), signals.deferred():\n"
        "    for now in (10.0, 10.1, 11.0):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        print('alive', now, flush=True)\n"
    )
    words, whole = [sys.executable, script], signal.default_int_handler
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, whole))
    assert done.stdout == "alive 10.0\nalive 10.1\n"
    assert done.returncode == -signal.SIGINT
    assert done.stderr.count("Stopping after this step; Ctrl-C once more stops at once.") == 1


def test_a_signal_that_nobody_asked_about_is_raised_at_the_end() -> None:
    def work() -> None:
        with signals.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
            heard.append(signals.asked())

    heard: list[int] = []
    with signals.caught_signals(), pytest.raises(Stopped) as caught:
        work()
    assert heard == [signal.SIGTERM]
    assert caught.value.exit_code == 143
    assert signals.asked() == 0


def test_what_is_to_be_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.caught_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_before_training_loses_nothing(tmp_path: Path, tiny: str) -> None:
    """A fresh process is loading its libraries then."""
    words = words_of("sequence", tmp_path, tiny)
    process = begin(*words, "-o", "run", cold=True, **PIPES)
    assert process.stderr is not None
    process.stderr.readline()  # the data has been read
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=HANGING)
    assert process.returncode == 143
    assert "Stopped by SIGTERM." in said
    assert begin(*words, "-o", "run", "--resume", "--max-steps", "2", **PIPES).wait(timeout=HANGING) == 0
