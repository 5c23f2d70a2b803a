"""`--threads`: what was asked for, else the environment's, else a thread for each core; a resumed run keeps its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Said

from bertft.engine import device
from bertft.plan.plan import read_config
from bertft.system.cores import THREAD_SETTINGS

Run = Callable[..., Said]
QUICK = ("--precision", "fp32", "--max-steps", 2, "--eval-steps", 1, "--head-start", "random", "--no-refit")


class PowerFails(BaseException):
    """As if the plug was pulled."""


@pytest.fixture(autouse=True)
def torch_has(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Three quiet cores, whatever this machine has and does, and a torch that only notes its threads: tiny models on more
    threads than cores would take minutes."""
    number = [3]
    monkeypatch.setattr(device, "usable_cores", lambda: 3)
    monkeypatch.setattr(device, "others_so_far", lambda: 0.0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: number[0])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: number.__setitem__(0, count))
    for name in THREAD_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    return lambda count: number.__setitem__(0, count)


@pytest.fixture
def stopped(run: Run, tiny: str, reviews: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A run with those further words that was broken off after its first state."""

    def train(*words: object) -> None:
        from bertft.engine.step import Stepper

        whole = Stepper.take

        def take(self: Stepper, step: Any, asked: Any = ()) -> Any:
            if step.number == 2:
                raise PowerFails
            return whole(self, step, asked)

        with monkeypatch.context() as patch:
            patch.setattr(Stepper, "take", take)
            with pytest.raises(PowerFails):
                run("train", reviews, "--model", tiny, "-o", "run", *QUICK, "--save-steps", 1, *words)

    return train


def test_a_thread_for_each_core_unless_told_otherwise(
    run: Run, tiny: str, reviews: Path, monkeypatch: pytest.MonkeyPatch, torch_has: Callable[[int], None]
) -> None:
    torch_has(9)
    words = ("train", reviews, "--model", tiny, *QUICK, "--overwrite", "-o", "run")
    assert "cpu, fp32, 3 threads." in run(*words).err
    assert "cpu, fp32, 1 thread." in run(*words, "--threads", 1).err
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    torch_has(2)  # as it does where it wakes with that setting
    assert "cpu, fp32, 2 threads." in run(*words).err
    assert "cpu, fp32, 1 thread." in run(*words, "--threads", 1).err


def test_eval_and_predict_take_threads_too(run: Run, trained: Path, reviews: Path) -> None:
    for words in (("eval", trained, reviews), ("predict", trained, reviews, "-o", "out.csv")):
        assert "3 threads" in run(*words, "--precision", "fp32").err
        assert "2 threads" in run(*words, "--precision", "fp32", "--threads", 2).err


def test_a_resumed_run_keeps_its_threads(
    stopped: Callable[..., None], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped()
    monkeypatch.setattr(device, "usable_cores", lambda: 2)
    said = run("train", "--resume", "-o", "run").err
    assert "3 threads" in said
    assert "Not bit for bit" not in said


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_a_resumed_run_takes_others_if_told_and_says_so(
    stopped: Callable[..., None],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    torch_has: Callable[[int], None],
    how: str,
) -> None:
    stopped()
    if how == "environment":
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        torch_has(2)
    said = run("train", "--resume", "-o", "run", *(("--threads", 2) if how == "flag" else ())).err
    assert "Not bit for bit the same as without the stop: threads 3 then, 2 now." in said


def test_a_repeated_run_takes_the_threads_that_were_asked_for(run: Run, tiny: str, reviews: Path) -> None:
    run("train", reviews, "--model", tiny, *QUICK, "-o", "run", "--threads", 2)
    assert read_config("run/plan.toml")["machine"] == {"threads": 2}
    assert "2 threads" in run("train", "--config", "run/plan.toml", "-o", "again").err


def test_a_crowded_machine_is_said(run: Run, trained: Path, reviews: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("eval", trained, reviews, "--precision", "fp32")
    said = run(*words, "--threads", 4, "--quiet").err
    assert "Warning: 4 threads on 3 cores wait for each other: --threads 3 is faster." in said
    assert "busy" not in run(*words).err
    monkeypatch.setattr(device, "others_so_far", lambda: 2.0)
    assert "Other programs keep 2.0 of 3 cores busy" in run(*words).err
    assert run(*words, "--quiet").err == ""


@pytest.mark.parametrize("number", [0, -1, 5000])
def test_a_number_that_is_none_is_refused(run: Run, trained: Path, reviews: Path, tiny: str, number: int) -> None:
    wanted = f"--threads is {number}: a whole number from 1 to 4,096 is wanted."
    assert wanted in run("train", reviews, "--model", tiny, "--threads", number, ok=2).err
    assert wanted in run("eval", trained, reviews, "--threads", number, ok=2).err
