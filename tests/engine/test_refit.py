"""The refit: what it learns from, what it leaves in the folder, and what may happen on the way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import Said
from errands import digest
from refits import BEST, is_refit, let_all_be_good, make_cheap, record, words_of

from bertft.adapters import Feature
from bertft.engine import refit as module
from bertft.engine import training
from bertft.engine.checkpoints import Checkpoints, Judgement
from bertft.engine.judging import Validator
from bertft.engine.order import Step
from bertft.engine.refit import Refit, is_as_good, is_cheap, shortened
from bertft.engine.step import Stepper
from bertft.errors import TrainingError
from bertft.plan.recipe import Recipe
from bertft.scoring import Scores

Run = Callable[..., Said]
SENTENCE = "The validation scores were taken before the model also learned from the validation rows."

pytestmark = pytest.mark.refits


@pytest.mark.parametrize("cheap", [True, False], ids=["anew", "going on"])
@pytest.mark.parametrize("errand", ["warm", "multi-label", "tagger", "questions"])
def test_the_model_learns_from_all_rows_and_keeps_the_scores_from_before(
    run: Run, tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch, errand: str, cheap: bool
) -> None:
    make_cheap(monkeypatch, cheap)
    let_all_be_good(monkeypatch)
    learned: set[int] = set()
    whole = Stepper.take

    def take(self: Stepper, step: Step, asked: Sequence[Callable[[], object]] = ()) -> Any:
        if is_refit(self):
            learned.update(feature.row for feature in self.made_of.features)
        return whole(self, step, asked)

    monkeypatch.setattr(Stepper, "take", take)
    said = run(*words_of(errand, tmp_path, tiny), "-o", "run")
    how = "from the beginning for 3 epochs" if cheap else "1 epoch more"
    assert f"Refit: {how} on all 120 rows, those for validation included (--no-refit)." in said.err
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
    assert SENTENCE in card
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


def test_a_fall_that_chance_explains_is_no_harm() -> None:
    before = Scores("accuracy", {"accuracy": 0.9}, examples=30, interval=(0.8, 1.0))  # a standard error of 0.051
    assert [is_as_good(value, before) for value in (0.95, 0.9, 0.86, 0.84)] == [True, True, True, False]
    errors = [Scores("mse", {"mse": value}, examples=30) for value in (0.1, 0.3)]
    assert is_as_good(0.1, errors[1])
    assert not is_as_good(0.3, errors[0])


def test_where_the_start_was_best_no_rows_are_added(run: Run, tmp_path: Path, tiny: str, monkeypatch: Any) -> None:
    whole = Checkpoints.consider

    def consider(self: Checkpoints, scores: Scores, step: Step) -> Judgement:
        scores.values["accuracy"] = 0.0 if step.number else 1.0
        return whole(self, scores, step)

    monkeypatch.setattr(Checkpoints, "consider", consider)
    said = run(*words_of("warm", tmp_path, tiny), "-o", "run")
    assert record()["best_step"] == 0
    assert not record()["refitted"]
    assert "Refit: left out, as no epoch beat the model before its first step." in said.err


def test_the_kept_model_is_a_run_that_can_be_scored(run: Run, tmp_path: Path, tiny: str, monkeypatch: Any) -> None:
    """The refitted one is made to answer otherwise, so that the two cannot be taken for each other."""
    let_all_be_good(monkeypatch)
    train = Refit._train

    def turned(self: Refit, network: Any, *rest: Any) -> None:
        train(self, network, *rest)
        with torch.no_grad():
            network.classifier.weight.neg_()
            network.classifier.bias.neg_()

    monkeypatch.setattr(Refit, "_train", turned)
    words = words_of("warm", tmp_path, tiny)
    run(*words, "--test", words[1], "-o", "run")
    found = {}
    for folder in ("run", "run/checkpoint/best"):
        said = run("eval", folder, words[1], "--precision", "fp32", "--json")
        found[folder] = json.loads(said.out)["values"]
    assert found["run"] == record()["scores"]["test"]["values"] != found["run/checkpoint/best"]
    run(*words, "--no-refit", "--test", words[1], "-o", "plain")
    assert found["run/checkpoint/best"] == record("plain")["scores"]["test"]["values"]


def test_without_the_kept_model_a_run_is_not_scored_again(run: Run, tmp_path: Path, tiny: str) -> None:
    run(*words_of("warm", tmp_path, tiny), "-o", "run")
    shutil.rmtree(BEST)
    before = digest(Path("run"))
    assert "already finished" in run("train", "--resume", "-o", "run").err
    assert digest(Path("run")) == before
    Path("run/run.json").unlink()  # as of a run that was cut off at its very end
    said = run("train", "--resume", "-o", "run", ok=2)
    assert "has learned from the validation rows since, so they cannot score it any more" in said.err


def test_a_run_from_before_there_was_a_refit_goes_on_without(run: Run, tmp_path: Path, tiny: str) -> None:
    run(*words_of("warm", tmp_path, tiny), "--no-refit", "-o", "run")
    before = digest(Path("run"))
    plan = Path("run/plan.toml").read_text()
    Path("run/plan.toml").write_text(plan.replace("refit = false\n", ""))
    assert "Refit" not in run("train", "--resume", "-o", "run").err
    assert digest(Path("run")) == before


def test_a_plan_with_a_refit_can_be_used_with_a_validation_file(run: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("warm", tmp_path, tiny)
    run(*words, "-o", "run")
    said = run("train", "--config", "run/plan.toml", "--validation", words[1], "-o", "other")
    assert "Refit" not in said.err
    assert not record("other")["refitted"]


def test_what_is_shown_says_that_the_model_learned_on(run: Run, tmp_path: Path, tiny: str) -> None:
    words = words_of("warm", tmp_path, tiny)
    assert SENTENCE in run(*words, "-o", "run").out
    assert SENTENCE not in run(*words, "--no-refit", "-o", "plain").out
    assert json.loads(run(*words, "-o", "json", "--json").out)["refitted"] is True
    card = " ".join(Path("run/README.md").read_text().split())
    assert "108 training rows, 12 validation rows, which it also learned from at the end" in card
    assert "The model has seen 120 rows." in card


@pytest.mark.parametrize("cheap", [True, False], ids=["anew", "going on"])
@pytest.mark.parametrize(
    "words", [("--early-stop", 1, "--eval-steps", 7), ("--max-steps", 8), ("--freeze", "encoder")], ids=str
)
def test_other_settings_hold_in_a_refit_too(
    run: Run, tmp_path: Path, tiny: str, words: Any, monkeypatch: Any, cheap: bool
) -> None:
    made: list[Recipe] = []
    whole = module.run_stage

    def noted(network: Any, *rest: Any, **named: Any) -> float:
        made.append(rest[3])
        frozen = {name for name, weight in network.named_parameters() if not weight.requires_grad}
        assert any(name.startswith("bert.encoder") for name in frozen) == ("--freeze" in words)
        return whole(network, *rest, **named)

    make_cheap(monkeypatch, cheap)
    let_all_be_good(monkeypatch)
    monkeypatch.setattr(module, "run_stage", noted)
    run(*words_of("warm", tmp_path, tiny), *words, "--refit", "-o", "run")
    steps = record()["steps"]
    assert len(made) == 1
    if "--max-steps" in words:
        assert made[0].max_steps == (8 if cheap else 2)
    elif "--early-stop" in words:
        assert made[0].epochs == (steps / 7 if cheap else 1)  # 7 steps are an epoch
    else:
        assert made[0].epochs == (3 if cheap else 1)


@pytest.mark.parametrize("epochs", ["3", "2.5"])
def test_from_the_beginning_is_what_a_run_on_all_rows_learns(run: Run, tmp_path: Path, tiny: str, epochs: str) -> None:
    """A run that is given all rows to train on, and some of them to look at in the end, ends in the same bits."""
    words = [*words_of("sequence", tmp_path, tiny), "--epochs", epochs, "--eval-steps", "1000"]
    run(*words, "-o", "run")
    lines = Path(words[1]).read_text().splitlines(keepends=True)
    Path("some.csv").write_text("".join(lines[:13]))
    run(*words, "--validation", "some.csv", "--no-refit", "-o", "whole")
    assert Path("run/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()


def test_after_a_last_epoch_that_was_worse_the_best_goes_on(
    run: Run, tmp_path: Path, tiny: str, monkeypatch: Any
) -> None:
    whole = Validator.__call__
    seen: list[float] = []

    def best_first(self: Validator, network: Any) -> Scores:
        seen.append(0.0)
        found = whole(self, network)
        found.values["accuracy"] = 1.0 if len(seen) == 2 else 0.0  # the first after the start
        return found

    monkeypatch.setattr(Validator, "__call__", best_first)
    judge = training.score_best

    def as_seen(*words: Any) -> Any:
        judged = judge(*words)
        judged.scores.values["accuracy"] = 1.0
        return judged

    monkeypatch.setattr(training, "score_best", as_seen)
    said = run(*words_of("warm", tmp_path, tiny), "-o", "run")
    assert record()["best_step"] == 5
    assert "Refit: 1 epoch more on all 120 rows" in said.err


def test_memory_that_is_short_in_one_of_several_processes_ends_them(tmp_path: Path, monkeypatch: Any) -> None:
    """The others are in the same step, and would wait for ever; a loss that is no number is seen by all of them."""

    def too_large(*_: Any) -> None:
        raise TrainingError("Step 1: out of memory.")

    monkeypatch.setattr(Refit, "_train", too_large)
    scores = Scores("accuracy", {"accuracy": 1.0}, examples=12)
    alone, several = (Refit(tmp_path, *[None] * 5, SimpleNamespace(num_processes=count), None) for count in (1, 2))  # type: ignore[arg-type]
    assert alone._problem(None, [], None, scores) == "Step 1: out of memory."  # type: ignore[arg-type]
    with pytest.raises(TrainingError):
        several._problem(None, [], None, scores)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("trained", "epochs"), [(12.0, 3), (9.5, 3), (5.0, 2), (3.0, 1), (1.0, 1), (0.5, 0.5)], ids=str
)
def test_a_chosen_model_goes_on_for_a_quarter_at_half_the_rate(trained: float, epochs: float) -> None:
    recipe = Recipe(epochs=trained)
    short = shortened(recipe)
    assert (short.epochs, short.max_steps) == (epochs, None)
    assert short.rate == recipe.rate / 2
    assert short.head_learning_rate == recipe.head_learning_rate / 2
    assert shortened(Recipe(max_steps=10)).max_steps == 3


@pytest.mark.parametrize(
    ("recipe", "rows", "cheap"),
    [
        (Recipe(epochs=20), 300, True),  # 20 tokens each: 120,000
        (Recipe(epochs=20), 800, False),
        (Recipe(epochs=7), 1400, True),
        (Recipe(max_steps=100), 10_000, True),  # a third of an epoch
        (Recipe(epochs=20, few_shot=True), 300, False),
    ],
)
def test_it_is_cheap_to_train_anew_on_few_tokens(recipe: Recipe, rows: int, cheap: bool) -> None:
    feature = Feature(0, np.arange(20), None, 0, False)
    assert is_cheap([feature] * rows, recipe) == cheap


def test_pairs_that_are_learned_beforehand_are_not_cheap() -> None:
    pair = Feature(0, np.arange(20), np.repeat([0, 1], 10), 0, False)
    assert not is_cheap([pair] * 30, Recipe(epochs=3, pool="mean"))
    assert is_cheap([pair] * 30, Recipe(epochs=3, pool="cls"))
    assert is_cheap([pair] * 30, Recipe(epochs=3, pool="mean", head_start="random"))
