"""Runs that are cut off before their first step, while the head is fitted, end in the same bits as one that nobody cut off."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import PowerFails, Said, bertft
from errands import course, digest, scores
from starts import words_of

from bertft.engine import beginning, training
from bertft.engine.order import Step
from bertft.engine.step import Stepper
from bertft.start import warm
from bertft.start.pairs import PairCollator

Run = Callable[..., Said]


LEARN = ("--epochs", 2, "--batch-size", 16, "--lr", "1e-3", "--eval-steps", 5, "--precision", "fp32")
MEAN = ("--pool", "mean")


PLACES: dict[str, tuple[Any, str, Callable[..., bool]]] = {
    "in the lessons on pairs": (Stepper, "take", lambda of, step, *_: step.number == 3 and is_stage(of)),
    "before the fit": (beginning, "warm_head", lambda *_: True),
    "in the fit": (warm, "fit_probe", lambda *_, **__: True),
    "in the first evaluation": (training.Validator, "__call__", lambda *_: True),
    "before the first step": (Stepper, "take", lambda of, step, *_: not is_stage(of)),
}
"""Where the power may fail: owner and name of what is called, and in which of the calls."""


def is_stage(stepper: Stepper) -> bool:
    return isinstance(stepper.made_of.adapter, PairCollator)


def let_it_fail(place: str, here: pytest.MonkeyPatch) -> None:
    owner, name, is_now = PLACES[place]
    whole = getattr(owner, name)

    def failing(*words: Any, **more: Any) -> Any:
        if is_now(*words, **more):
            raise PowerFails
        return whole(*words, **more)

    here.setattr(owner, name, failing)


@pytest.fixture(scope="module")
def whole(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on pairs that nothing happened to."""
    with pytest.MonkeyPatch.context() as here:
        here.chdir(tmp_path_factory.mktemp("whole"))
        bertft(*words_of("pair", tiny, rows=12), *LEARN, *MEAN, "-o", "whole", "--quiet")
        return Path("whole").resolve()


@pytest.mark.parametrize("place", PLACES)
def test_a_run_cut_off_before_its_first_step_ends_in_the_same_bits(
    run: Run, tiny: str, whole: Path, place: str
) -> None:
    words = [*words_of("pair", tiny, rows=12), *LEARN, *MEAN]
    with pytest.MonkeyPatch.context() as here:
        let_it_fail(place, here)
        with pytest.raises(PowerFails):
            run(*words, "-o", "parts", "--resume", "--quiet")
    run(*words, "-o", "parts", "--resume", "--quiet")
    assert digest(Path("parts")) == digest(whole)
    assert course(Path("parts")) == course(whole)
    assert scores(Path("parts")) == scores(whole)


def test_a_signal_in_the_first_evaluation_leaves_it_to_be_made_up_for(run: Run, tiny: str) -> None:
    words = [*words_of("single-label", tiny), *LEARN]
    run(*words, "-o", "whole")
    score = training.Validator.__call__

    def asked_to_stop(self: Any, network: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return score(self, network)

    with pytest.MonkeyPatch.context() as here:
        here.setattr(training.Validator, "__call__", asked_to_stop)
        said = run(*words, "-o", "run", ok=143)
    assert "Progress is saved; continue with: bertft train --resume -o run" in said.err
    state = json.loads(Path("run/checkpoint/state.json").read_text())
    assert (state["step"], state["owes_evaluation"]) == (0, True)
    run("train", "--resume", "-o", "run")
    assert digest(Path("run")) == digest(Path("whole"))
    assert course(Path("run")) == course(Path("whole"))


def test_a_signal_in_the_lessons_on_pairs_stops_them(run: Run, tiny: str) -> None:
    words = [*words_of("pair", tiny, rows=30), *LEARN, *MEAN]
    taken: list[int] = []
    whole = Stepper.take

    def take(self: Stepper, step: Step, asked: Sequence[Callable[[], object]] = ()) -> Any:
        taken.append(step.number)
        if step.number == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return whole(self, step, asked)

    with pytest.MonkeyPatch.context() as here:
        here.setattr(Stepper, "take", take)
        said = run(*words, "-o", "run", ok=143)
    assert taken == [1, 2, 3]
    assert "No step was taken yet." in said.err
