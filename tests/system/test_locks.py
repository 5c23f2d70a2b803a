"""One run per folder: the second is told who is there; a lock whose process is gone is void."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, wait_to_hear
from errands import course, digest, words_of
from prepared import begin
from test_signals import PIPES

from bertft.errors import OutputError
from bertft.system.locks import locked_folder

Run = Callable[..., Said]


def test_a_second_run_is_told_who_holds_the_folder(run: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("sequence", tmp_path, tiny)
    first = begin(*words, "-o", "run", "--epochs", "500", "--save-steps", "5", **PIPES)
    try:
        wait_to_hear("Epoch", first)
        for flags in ((), ("--overwrite",), ("--resume", "--epochs", "500")):
            said = run(*words, "-o", "run", *flags, ok=2)
            found = re.search(r"run: process (\d+) on \S+ \(started (\S+)\) is training into it\.", said.err)
            assert found, said.err
            assert int(found[1]) == first.pid
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", found[2])
        assert first.poll() is None
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate()
    assert Path("run/.lock").exists()
    assert "already holds a run" in run(*words, "-o", "run", ok=2).err
    said = run(*words, "-o", "run", "--overwrite", "--epochs", 1)
    assert f"process {first.pid}" not in Path("run/plan.toml").read_text()
    assert not list(Path("run").glob(".*"))


def test_a_lock_of_a_dead_process_is_void(run: Run, undisturbed: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("sequence", tmp_path, tiny)
    first = begin(*words, "-o", "run", "--save-steps", "1", **PIPES)
    wait_to_hear("Training", first)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    said = run("train", "--resume", "-o", "run")
    assert f"run: process {first.pid} on " in said.err
    assert "was interrupted; its lock is removed." in said.err
    undisturbed(*words)
    assert digest(Path("run")) == digest(Path("whole"))
    assert course(Path("run")) == course(Path("whole"))
    assert not list(Path("run").glob(".*"))


def test_a_lock_can_be_taken_again_after_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(KeyError), locked_folder(folder):
        raise KeyError
    with locked_folder(folder):
        with (
            pytest.raises(OutputError, match=rf"process {os.getpid()} on .* is training into it"),
            locked_folder(folder),
        ):
            pass
        assert (folder / ".lock").exists()
    assert not folder.exists()


def test_a_file_or_a_forbidden_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match=r"file: is a file; a folder is wanted\."), locked_folder(tmp_path / "file"):
        pass
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("flags", [(), ("--overwrite",), ("--resume",)])
def test_a_folder_that_holds_something_else_is_left_alone(
    run: Run, tmp_path: Path, tiny: str, flags: tuple[str]
) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")
    said = run(*words_of("sequence", tmp_path, tiny), "-o", "mine", *flags, ok=2)
    assert "mine: " in said.err
    assert os.listdir("mine") == ["thesis.txt"]
    assert Path("mine/thesis.txt").read_text() == "years of work"
