"""SIGTERM and Ctrl-C end the command soon, with its work saved and the way to go on said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import read_jsonl
from errands import course, digest, words_of

from bertft.errors import Stopped
from bertft.system import signals

BERTFT = str(Path(sys.executable).with_name("bertft"))


def begin(*words: str) -> subprocess.Popen[str]:
    """The installed command; a terminal's default handling of Ctrl-C, whoever runs the tests."""
    return subprocess.Popen(
        [BERTFT, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_for(run: Path, lines: int, process: subprocess.Popen[str]) -> None:
    """Until the history has so many lines."""
    for _ in range(1200):
        found = (run / "history.jsonl").read_text().count("\n") if (run / "history.jsonl").exists() else 0
        if found >= lines:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("it did not get that far")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_saves_and_says_how_to_go_on(tmp_path: Path, tiny: str, number: int, code: int) -> None:
    words = [*words_of("sequence", tmp_path, tiny), "--epochs", "60"]
    process = begin(*words, "-o", "run")
    wait_for(Path("run"), 30, process)
    process.send_signal(number)
    sent = time.monotonic()
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - sent < 10
    assert process.returncode == code, said
    name = signal.Signals(number).name
    assert f"Stopped by {name}. What was learned is saved; go on with: bertft train --resume -o run" in said
    assert "Traceback" not in said
    logged = [line for line in read_jsonl(Path("run/history.jsonl")) if "loss" in line]
    assert 20 < len(logged) < 420
    assert not Path("run/.lock").exists()

    whole = begin(*words, "-o", "whole")
    parts = begin("train", "--resume", "-o", "run")
    assert f"Going on after step {logged[-1]['step']}" in parts.communicate(timeout=120)[1]
    whole.communicate(timeout=120)
    assert digest(Path("run")) == digest(Path("whole"))
    assert course(Path("run")) == course(Path("whole"))


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    """Inside a step that would take a minute."""
    script = tmp_path / "slow.py"
    script.write_text(
        "import time\nfrom bertft.system import signals\n"
        "with signals.caught_signals(), signals.deferred():\n"
        "    print('ready', flush=True)\n"
        "    end = time.monotonic() + 60\n"
        "    while time.monotonic() < end: time.sleep(0.01)\n"
    )
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    process.stdout.readline()
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)  # a launcher that passes on the terminal's own
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert time.monotonic() - started < 5
    assert process.returncode == -signal.SIGINT
    assert said.count("Stopping after this step; Ctrl-C once more stops at once.") == 1


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
    words = words_of("sequence", tmp_path, tiny)
    process = begin(*words, "-o", "run")
    assert process.stderr is not None
    process.stderr.readline()  # the data has been read
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "Stopped by SIGTERM." in said
    assert begin(*words, "-o", "run", "--resume", "--max-steps", "2").wait(timeout=120) == 0
