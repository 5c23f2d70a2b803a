"""The last passes over all rows: what they learn from, what they leave in the folder, and what may happen on the way."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import Said
from errands import course, digest, scores
from errands import words_of as plain_words

from bertft.engine import refit as room
from bertft.engine import training
from bertft.engine.judging import Validator
from bertft.engine.keeper import Keeper
from bertft.engine.order import Step
from bertft.engine.refit import Refit, is_as_good, shortened
from bertft.engine.step import NotANumber, Stepper
from bertft.recipe import Recipe
from bertft.scoring import Scores

Run = Callable[..., Said]
BEST = Path("run/checkpoint/best")


def words_of(errand: str, folder: Path, model: str) -> list[str]:
    """Without --no-refit: what is asked for by default."""
    return [word for word in plain_words(errand, folder, model) if word != "--no-refit"]


def record(run: str = "run") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(run, "run.json").read_text())
    return found


def is_last_passes(stepper: Stepper) -> bool:
    """Of the steps that are taken: the run itself evaluates, a stage does not; there is no other stage in these runs."""
    return not isinstance(stepper.made_of.evaluate, Validator)


@pytest.mark.parametrize("errand", ["warm", "multi-label", "tagger", "questions"])
def test_the_model_learns_from_all_rows_and_keeps_the_scores_from_before(
    run: Run, tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch, errand: str
) -> None:
    learned: set[int] = set()
    whole = Stepper.take

    def take(self: Stepper, step: Step, asked: Sequence[Callable[[], object]] = ()) -> Any:
        if is_last_passes(self):
            learned.update(feature.row for feature in self.made_of.features)
        return whole(self, step, asked)

    monkeypatch.setattr(Stepper, "take", take)
    said = run(*words_of(errand, tmp_path, tiny), "-o", "run")
    assert "Refit: 1 more epoch on all 120 rows, the validation rows among them (--no-refit)." in said.err
    assert learned == set(range(120))
    assert record()["refitted"]
    assert (BEST / "model.safetensors").read_bytes() != Path("run/model.safetensors").read_bytes()


def test_the_reported_scores_are_those_of_the_kept_model(run: Run, tmp_path: Path, tiny: str) -> None:
    run(*words_of("warm", tmp_path, tiny), "--no-refit", "-o", "plain")
    run(*words_of("warm", tmp_path, tiny), "-o", "run")
    assert record()["scores"] == record("plain")["scores"]
    assert (BEST / "model.safetensors").read_bytes() == Path("plain/model.safetensors").read_bytes()
    assert not record("plain")["refitted"]
    assert not Path("plain/checkpoint/best").exists()
    card = " ".join(Path("run/README.md").read_text().split())
    assert "The validation scores were taken before the model also learned from the validation rows." in card
    assert "also learned" not in Path("plain/README.md").read_text()


def test_test_rows_are_scored_with_the_model_that_is_left(run: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("warm", tmp_path, tiny)
    run(*words, "--test", tmp_path / "reviews.csv", "-o", "run")
    said = run("eval", "run", tmp_path / "reviews.csv", "--precision", "fp32", "--json")
    assert json.loads(said.out)["values"] == record()["scores"]["test"]["values"]


def test_a_validation_file_is_never_learned_from(run: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("warm", tmp_path, tiny)
    said = run(*words, "--validation", tmp_path / "reviews.csv", "-o", "run")
    assert "Refit" not in said.err
    assert not record()["refitted"]
    said = run(*words, "--validation", tmp_path / "reviews.csv", "--refit", "-o", "other", ok=2)
    assert "--refit is for validation rows that were held back from the training file" in said.err
    assert "--no-refit" in said.err
    run(*words, "--validation", tmp_path / "reviews.csv", "--no-refit", "-o", "other")


class PowerFails(BaseException):
    """As if the plug was pulled."""


PLACES: dict[str, tuple[Any, str]] = {
    "before the model is kept": (room, "load_network"),
    "before its first step": (Refit, "_train"),
    "before it is judged": (room, "Validator"),
    "before it is saved": (room, "whole_weights"),
    "before test rows are scored": (training, "scores_of"),
    "before the records": (training, "write_records"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("errand", ["warm", "tagger"])
def test_a_run_cut_off_in_its_last_passes_ends_in_the_same_bits(
    run: Run, tmp_path: Path, tiny: str, errand: str, place: str
) -> None:
    words = [*words_of(errand, tmp_path, tiny), "--quiet"]
    words += ["--test", words[1]]

    def fail(*_: Any, **__: Any) -> None:
        raise PowerFails

    run(*words, "-o", "whole")
    with pytest.MonkeyPatch.context() as here:
        here.setattr(*PLACES[place], fail)
        with pytest.raises(PowerFails):
            run(*words, "-o", "run")
    run("train", "--resume", "-o", "run", "--quiet")
    assert digest(Path("run")) == digest(Path("whole"))
    assert digest(BEST) == digest(Path("whole/checkpoint/best"))
    assert course(Path("run")) == course(Path("whole"))
    assert scores(Path("run")) == scores(Path("whole"))


def test_a_signal_in_the_last_passes_stops_them(run: Run, tmp_path: Path, tiny: str, monkeypatch: Any) -> None:
    words = words_of("warm", tmp_path, tiny)
    run(*words, "-o", "whole")
    whole = Stepper.take

    def take(self: Stepper, step: Step, asked: Sequence[Callable[[], object]] = ()) -> Any:
        if is_last_passes(self) and step.number == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return whole(self, step, asked)

    with monkeypatch.context() as here:
        here.setattr(Stepper, "take", take)
        said = run(*words, "-o", "run", ok=143)
    assert "What was learned is saved; go on with: bertft train --resume -o run" in said.err
    run("train", "--resume", "-o", "run")
    assert digest(Path("run")) == digest(Path("whole"))


def to_nothing(*_: Any) -> None:
    raise NotANumber("train.csv:3: the loss is nan.")


def to_harm(self: Validator, network: Any) -> Scores:
    return Scores("accuracy", {"accuracy": 0.0}, examples=12)


@pytest.mark.parametrize(
    ("place", "harm", "reason"),
    [
        ((Refit, "_train"), to_nothing, "train.csv:3: the loss is nan."),
        ((room, "Validator"), lambda *_: partial(to_harm, None), "The accuracy of the validation rows fell to 0.0000."),
    ],
)
def test_what_comes_to_nothing_leaves_the_chosen_model(
    run: Run, tmp_path: Path, tiny: str, monkeypatch: Any, place: Any, harm: Any, reason: str
) -> None:
    monkeypatch.setattr(*place, harm)
    said = run(*words_of("warm", tmp_path, tiny), "-o", "run")
    assert f"Refit: left out. {reason}" in said.err
    assert not record()["refitted"]
    assert Path("run/model.safetensors").read_bytes() == (BEST / "model.safetensors").read_bytes()


def test_a_fall_that_chance_explains_is_no_harm() -> None:
    before = Scores("accuracy", {"accuracy": 0.9}, examples=30, interval=(0.8, 1.0))  # a standard error of 0.051
    after = [Scores("accuracy", {"accuracy": value}, examples=30) for value in (0.95, 0.9, 0.86, 0.84)]
    assert [is_as_good(scores, before) for scores in after] == [True, True, True, False]
    errors = [Scores("mse", {"mse": value}, examples=30) for value in (0.1, 0.3)]
    assert is_as_good(*errors)
    assert not is_as_good(*reversed(errors))


def test_where_the_start_was_best_no_rows_are_added(run: Run, tmp_path: Path, tiny: str, monkeypatch: Any) -> None:
    whole = Keeper.consider

    def consider(self: Keeper, scores: Scores, step: Step, **named: Any) -> None:
        scores.values["accuracy"] = 0.0 if step.number else 1.0
        whole(self, scores, step, **named)

    monkeypatch.setattr(Keeper, "consider", consider)
    said = run(*words_of("warm", tmp_path, tiny), "-o", "run")
    assert record()["best_step"] == 0
    assert not record()["refitted"]
    assert "Refit" not in said.err


@pytest.mark.parametrize(
    ("recipe", "epochs", "steps"),
    [
        (Recipe(epochs=12), 3, None),
        (Recipe(epochs=3), 1, None),
        (Recipe(epochs=0.5), 1, None),
        (Recipe(max_steps=10), 1, 3),
    ],
)
def test_the_last_passes_are_a_quarter_at_half_the_rate(recipe: Recipe, epochs: float, steps: int | None) -> None:
    short = shortened(recipe)
    assert (short.epochs, short.max_steps) == (epochs, steps)
    assert short.rate == recipe.rate / 2
    assert short.head_learning_rate == recipe.head_learning_rate / 2
