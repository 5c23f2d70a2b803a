"""Runs of versions that knew less of ModernBERT and EuroBERT: they answer as they learned to, and are gone on with so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PowerFails, Said, read_jsonl
from errands import digest, words_of
from tiny_models import build_tiny_model

from bertft.engine.prepare import tokenizer_of
from bertft.engine.step import Stepper
from bertft.jobs.training.older_plans import without_unasked_pool
from bertft.model.backbone import find_backbone
from bertft.model.suiting import mark_words, marks_words
from bertft.model.tokens import load_tokenizer
from bertft.plan.plan import read_config

Run = Callable[..., Said]


@pytest.fixture(scope="module")
def modern(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its config has the classifier read the mean."""
    return str(build_tiny_model("modernbert", tmp_path_factory.mktemp("modern")))


def cut_off(run: Run, words: list[str], step: int) -> None:
    """A run in the folder `parts`, of which the last state is that before the step."""
    with pytest.MonkeyPatch.context() as here:
        whole = Stepper.take

        def take(self: Stepper, taken: Any, asked: Any = ()) -> Any:
            if taken.number == step:
                raise PowerFails
            return whole(self, taken, asked)

        here.setattr(Stepper, "take", take)
        with pytest.raises(PowerFails):
            run(*words, "--save-steps", 1, "-o", "parts", "--quiet")


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def with_older_plan(folder: Path) -> None:
    """As the versions left it that wrote `cls` into every plan."""
    replace_in(folder / "plan.toml", 'pool = "mean"', 'pool = "cls"')
    state = folder / "checkpoint" / "state.json"
    counters = json.loads(state.read_text())
    del counters["facts"]["pool"]
    state.write_text(json.dumps(counters))


@pytest.mark.parametrize("step", [3, 8], ids=["no model yet", "a model"])
def test_a_classifier_goes_on_reading_what_it_read(
    run: Run, undisturbed: Any, tmp_path: Path, modern: str, step: int
) -> None:
    words = words_of("sequence", tmp_path, modern)
    undisturbed(*words)
    cut_off(run, words, step)
    assert Path("parts/config.json").is_file() is (step > 5)
    with_older_plan(Path("parts"))
    assert "Not bit for bit" not in run("train", "--resume", "-o", "parts").err
    assert digest(Path("parts")) == digest(Path("whole"))
    assert json.loads(Path("parts/config.json").read_text())["classifier_pooling"] == "mean"


def test_what_was_typed_is_gone_on_with(run: Run, tmp_path: Path, modern: str) -> None:
    words = [*words_of("sequence", tmp_path, modern), "--pool", "cls"]
    cut_off(run, words, 3)
    run("train", "--resume", "-o", "parts", "--quiet")
    assert json.loads(Path("parts/config.json").read_text())["classifier_pooling"] == "cls"


def test_an_older_plan_leaves_open_what_nobody_asked_for(modern: str) -> None:
    """Only beside its model; anywhere else it may have been asked for, and is said."""
    plan = '[task]\nkind = "text-classification"\n[recipe]\npool = "cls"\nepochs = 2.0\n'
    for name in ("plan.toml", "mine.toml"):
        Path(modern, name).write_text(plan)
    found = without_unasked_pool(read_config(f"{modern}/plan.toml"), f"{modern}/plan.toml")
    assert found["recipe"] == {"epochs": 2.0}
    for kept in (f"{modern}/mine.toml", "plan.toml"):
        Path("plan.toml").write_text(plan)
        assert without_unasked_pool(read_config(kept), kept)["recipe"]["pool"] == "cls"


def test_a_plan_that_differs_from_its_model_is_told(run: Run, undisturbed: Any, tmp_path: Path, modern: str) -> None:
    words = words_of("sequence", tmp_path, modern)
    undisturbed(*words)
    Path("mine.toml").write_text(Path("whole/plan.toml").read_text().replace('pool = "mean"', 'pool = "cls"'))
    words += ["--dry-run"]
    said = f"Pooling: cls, as --config says; the config of {modern} says mean (--pool)."
    assert said in run(*words, "--config", "mine.toml").err
    assert "Pooling" not in run(*words, "--config", "mine.toml", "--pool", "cls").err


def test_a_tagger_cuts_words_as_it_learned_them(run: Run, tmp_path: Path, modern: str, monkeypatch: Any) -> None:
    """Earlier versions did not put the space before them."""
    words = words_of("tags", tmp_path, modern)
    with monkeypatch.context() as before:
        before.setattr("bertft.model.tokens.mark_words", lambda tokenizer: None)
        run(*words, "-o", "whole", "--quiet")
        run("predict", "whole", "words.jsonl", "-o", "then.jsonl", "--quiet")
        cut_off(run, words, 8)
    run("predict", "whole", "words.jsonl", "-o", "now.jsonl", "--quiet")
    assert read_jsonl(Path("now.jsonl")) == read_jsonl(Path("then.jsonl"))
    run("train", "--resume", "-o", "parts", "--quiet")
    assert digest(Path("parts")) == digest(Path("whole"))
    tokenizer = load_tokenizer("parts", words=True, as_saved=True)
    assert not marks_words(tokenizer)
    mark_words(tokenizer)
    assert marks_words(tokenizer)


def test_a_tagger_of_today_keeps_the_space(modern: str) -> None:
    backbone = find_backbone(modern)
    for name, as_saved in (("older", True), ("today", False)):
        load_tokenizer(modern, words=True, as_saved=as_saved).save_pretrained(name)
        assert marks_words(tokenizer_of(backbone, words=True, begun=Path(name))) is (name == "today")
    assert marks_words(tokenizer_of(backbone, words=True))
