"""A refit that is cut off, stopped, or comes to nothing: the same bits as without, or the model that was chosen before."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import PowerFails, Said
from errands import course, digest, scores
from refits import BEST, is_refit, make_cheap, record, words_of

from bertft.engine import refit as module
from bertft.engine import training
from bertft.engine.order import Step
from bertft.engine.refit import Refit
from bertft.engine.step import NotANumber, Stepper
from bertft.scoring import Scores

Run = Callable[..., Said]

pytestmark = pytest.mark.refits


PLACES: dict[str, tuple[Any, str]] = {
    "before the model is kept": (module, "fresh_folder"),
    "while the model is kept": (module.shutil, "copy2"),
    "before the sign is set": (module, "write_text"),
    "before its first step": (Refit, "_train"),
    "before it is judged": (Refit, "_scores"),
    "before it is saved": (module, "whole_weights"),
    "before test rows are scored": (training, "answers_of_saved"),
    "before the records": (training, "write_records"),
}


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Run, list[str]], Path]:
    """Words without -o -> the run that nothing happened to, made once for each data file and way to refit."""
    made: dict[tuple[str, int], Path] = {}

    def whole_of(run: Run, words: list[str]) -> Path:
        key = Path(words[1]).name, module.CHEAP
        if key not in made:
            made[key] = tmp_path_factory.mktemp("whole") / "run"
            run(*words, "-o", made[key])
        return made[key]

    return whole_of


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("errand", "cheap"), [("warm", True), ("warm", False), ("tagger", True)], ids=str)
def test_a_run_cut_off_in_its_refit_ends_in_the_same_bits(
    run: Run, wholes: Any, tmp_path: Path, tiny: str, errand: str, cheap: bool, place: str, monkeypatch: Any
) -> None:
    make_cheap(monkeypatch, cheap)
    words = [*words_of(errand, tmp_path, tiny), "--quiet"]
    words += ["--test", words[1]]

    def fail(*_: Any, **__: Any) -> None:
        raise PowerFails

    whole = wholes(run, words)
    with pytest.MonkeyPatch.context() as here:
        here.setattr(*PLACES[place], fail)
        with pytest.raises(PowerFails):
            run(*words, "-o", "run")
    run("train", "--resume", "-o", "run", "--quiet")
    assert digest(Path("run")) == digest(whole)
    assert digest(BEST) == digest(whole / "checkpoint/best")
    assert course(Path("run")) == course(whole)
    assert scores(Path("run")) == scores(whole)


def test_a_signal_in_the_refit_stops_it(run: Run, tmp_path: Path, tiny: str, monkeypatch: Any) -> None:
    words = words_of("warm", tmp_path, tiny)
    run(*words, "-o", "whole")
    whole = Stepper.take

    def take(self: Stepper, step: Step, asked: Sequence[Callable[[], object]] = ()) -> Any:
        if is_refit(self) and step.number == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return whole(self, step, asked)

    with monkeypatch.context() as here:
        here.setattr(Stepper, "take", take)
        said = run(*words, "-o", "run", ok=143)
    assert "Progress is saved; continue with: bertft train --resume -o run" in said.err
    run("train", "--resume", "-o", "run")
    assert digest(Path("run")) == digest(Path("whole"))


def to_nothing(self: Refit, network: Any, *_: Any) -> None:
    with torch.no_grad():
        for weight in network.parameters():
            weight.neg_()
    raise NotANumber("train.csv:3: the loss is nan.", 3)


def to_harm(self: Refit, network: Any) -> Scores:
    return Scores("accuracy", {"accuracy": 0.0}, examples=12)


@pytest.mark.parametrize(
    ("step", "harm", "reason"),
    [
        ("_train", to_nothing, "train.csv:3: the loss is nan."),
        ("_scores", to_harm, "the accuracy of the validation rows went from {:.4f} to 0.0000."),
    ],
)
def test_a_failed_refit_is_undone(
    run: Run, tmp_path: Path, tiny: str, monkeypatch: Any, step: str, harm: Any, reason: str
) -> None:
    monkeypatch.setattr(Refit, step, harm)
    said = run(*words_of("warm", tmp_path, tiny), "-o", "run")
    reason = reason.format(record()["scores"]["validation"]["values"]["accuracy"])
    assert f"Refit undone: {reason} The model stays as the validation rows chose it." in said.err
    assert not record()["refitted"]
    assert Path("run/model.safetensors").read_bytes() == (BEST / "model.safetensors").read_bytes()


def test_what_else_stands_in_the_folder_is_not_copied(run: Run, tmp_path: Path, tiny: str, monkeypatch: Any) -> None:
    """A folder with a user's notes, and a link that leads nowhere."""

    def fail(*_: Any) -> None:
        raise PowerFails

    with monkeypatch.context() as here:
        here.setattr(module, "fresh_folder", fail)
        with pytest.raises(PowerFails):
            run(*words_of("warm", tmp_path, tiny), "-o", "run")
    Path("run/notes").mkdir()
    Path("run/notes/today.txt").write_text("Looks good.")
    Path("run/old").symlink_to("nowhere")
    run("train", "--resume", "-o", "run")
    assert {file.name for file in BEST.iterdir()} == {
        *("bertft.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    }
    assert Path("run/notes/today.txt").read_text() == "Looks good."
