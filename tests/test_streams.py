"""Streams of all sorts: closed ones, readers who leave, consoles that cannot show a character, and terminals."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE

import pytest
from conftest import HANGING, Said, write_csv
from prepared import begin

from bertft import console
from bertft.engine.meter import Meter

Run = Callable[..., Said]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """More answers than a pipe holds."""
    return write_csv(tmp_path / "many.csv", ["text", "label"], [(f"a good film {n}", "pos") for n in range(6000)])


@pytest.mark.parametrize("words", [("predict",), ("predict", "--quiet")], ids=str)
def test_a_reader_who_leaves_is_no_failure(trained: Path, many: Path, words: tuple[str, ...]) -> None:
    verb, *flags = words
    with begin(verb, trained, many, *flags, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("text,label,predicted_label")
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=HANGING)
    assert process.returncode == 0, err
    assert "Error" not in err


def test_scores_are_kept_when_nobody_reads_them(trained: Path, many: Path, tmp_path: Path) -> None:
    """Neither what is said (stderr) nor the table (stdout) finds a reader, the work is done all the same."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    answers = tmp_path / "answers.csv"
    with begin("predict", trained, many, "-o", answers, stdout=write_end, stderr=write_end) as process:
        os.close(write_end)
        process.wait(timeout=HANGING)
    assert process.returncode == 0
    assert len(answers.read_text().splitlines()) == 6001


def test_help_for_a_reader_who_leaves() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with begin("train", "--help", stdout=write_end, stderr=PIPE) as process:
        os.close(write_end)
        _, err = process.communicate(timeout=HANGING)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_what_a_console_cannot_show_is_no_error(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True) for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    console.use_any_stream()
    console.table("Слова", ["文字"], [["négatif"]])
    console.result("слово …")
    console.note("文字")
    out, err = (stream.buffer.getvalue().decode(encoding) for stream in streams)
    assert "\\u6587\\u5b57" in out
    assert "\\u0441\\u043b\\u043e\\u0432\\u043e" in out
    assert ("négatif" in out) == (encoding != "ascii")
    assert err == "\\u6587\\u5b57\n"


def test_closed_streams_are_replaced(trained: Path, many: Path, tmp_path: Path) -> None:
    """`>&- 2>&-`: what the command opens next must not become its output."""
    script = """
import os, sys
os.close(1), os.close(2)
sys.stdout = sys.stderr = None
from bertft.commands.main import main
main()
"""
    with begin("predict", trained, many, "-o", tmp_path / "out.csv", script=script) as process:
        process.wait(timeout=HANGING)
    assert process.returncode == 0
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 6001


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, speak: Callable[[], None]) -> str:
    outer, inner = pty.openpty()
    with os.fdopen(inner, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        speak()
    heard = b""
    with suppress(OSError):  # at its end
        while part := os.read(outer, 10_000):
            heard += part
    os.close(outer)
    return heard.decode()


def test_errors_and_warnings_have_colour_where_the_terminal_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def speak() -> None:
        console.error("no \x1b[2J")
        console.warn("careful")

    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    heard = on_a_terminal(monkeypatch, speak)
    assert heard.splitlines() == ["\x1b[1;31mError: \x1b[0mno \\x1b[2J", "\x1b[1;33mWarning: \x1b[0mcareful"]
    monkeypatch.setenv("NO_COLOR", "1")
    assert on_a_terminal(monkeypatch, speak).splitlines() == ["Error: no \\x1b[2J", "Warning: careful"]


def test_no_bar_runs_over_answers_that_may_be_on_the_screen(
    trained: Path, many: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar only where the answers go to a file: by its name, or by `>`."""
    asked: list[str] = []
    whole = console.progress
    monkeypatch.setattr(console, "progress", lambda label, total: (asked.append(label), whole(label, total))[1])
    for words, label in ((("-o", "out.csv"), "Predicting"), ((), "")):
        asked.clear()
        run("predict", trained, many, *words)
        assert asked[0] == label
    with (tmp_path / "out.csv").open() as file, Path("/dev/null").open("w") as device:
        assert (console.is_file(file), console.is_file(device)) == (True, False)


def test_the_rate_that_is_shown_is_that_of_late(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    meter = Meter(started=0.0)
    meter.count(examples=1000, tokens=10_000, padded_tokens=20_000)
    for _ in range(100):  # a fast first second, then one example a second
        now[0] += 1
        meter.count(examples=1, tokens=10, padded_tokens=20)
        said = str(meter)
    assert said == "1 ex/s  10 tok/s"
    assert meter.timings()["examples_per_second"] == 11.0
    console.be_verbose()
    assert str(meter) == "1 ex/s  10 tok/s  padding 50%"
    console.be_verbose(False)


def test_padding_is_for_those_who_ask(run: Run, reviews: Path, tiny: str) -> None:
    words = ("train", reviews, "--model", tiny, "--max-steps", 1, "--precision", "fp32", "--head-start", "random")
    assert "  padding " not in run(*words, "-o", "run").err
    assert "  padding " in run(*words, "-o", "other", "--verbose").err
    console.be_verbose(False)


def test_one_row_is_not_rows(run: Run, trained: Path, tmp_path: Path) -> None:
    one = write_csv(tmp_path / "one.csv", ["text", "label"], [("a good film", "pos")])
    said = run("predict", trained, one, "-o", "out.csv").err + run("eval", trained, one).out
    assert "1 row in" in said
    assert "one.csv: 1 row\n" in said
    assert "1 rows" not in said


def test_a_closed_input_is_an_empty_one(trained: Path) -> None:
    script = "import os, sys; os.close(0); os.execv(sys.argv[1], sys.argv[1:])"
    words = [sys.executable, "-m", "bertft", "predict", str(trained), "-"]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=HANGING)
    assert done.returncode == 2
    assert "fault of bertft" not in done.stderr
