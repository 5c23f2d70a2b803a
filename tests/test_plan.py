"""Where a setting comes from: defaults < card < config file < flags; and a plan that can be written and read again."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w
from conftest import Said

from bertft.engine.sizing import Size, sized
from bertft.errors import UsageError
from bertft.jobs.training.resuming import check_repeats
from bertft.plan.card import plain_card
from bertft.plan.plan import Plan, merge_data, merge_recipe, read_config
from bertft.plan.recipe import Recipe
from bertft.plan.sections import DataPlan, MachinePlan
from bertft.rows.fields import Fields

Run = Callable[..., Said]
CARD = replace(
    plain_card("text-classification", "single-label"), recipe={"epochs": 7, "seed": 3}, small_recipe={"epochs": 9}
)


def test_flags_win_over_config_over_card_over_defaults() -> None:
    flags = {"seed": None, "batch_size": 8}
    recipe = merge_recipe(CARD, small=False, config={"seed": 5, "batch_size": 4}, flags=flags)
    assert (recipe.epochs, recipe.seed, recipe.batch_size, recipe.warmup) == (7, 5, 8, 0.1)


def test_a_small_backbone_takes_larger_steps_unless_told_otherwise() -> None:
    assert merge_recipe(CARD, small=True, config={}, flags={}).epochs == 9

    def rate(*, small: bool, **flags: float) -> float | None:
        size = Size(100_000, [9] * 100_000, labels=2, kind="text-classification", narrow=small, mean=False)
        return sized(merge_recipe(CARD, small=small, config={}, flags=flags), size)[0].learning_rate

    assert [rate(small=small) for small in (False, True)] == [5e-5, 1e-4]
    assert rate(small=True, learning_rate=3e-5) == 3e-5


def test_everything_wrong_with_a_recipe_is_told_at_once() -> None:
    with pytest.raises(UsageError) as problem:
        merge_recipe(CARD, small=False, config={}, flags={"epochs": -1, "warmup": 2, "precision": "fp7", "seed": -1})
    assert [flag in str(problem.value) for flag in ("--epochs", "--warmup", "--precision", "--seed")] == [True] * 4


def test_a_plan_comes_back_from_its_file(tmp_path: Path) -> None:
    plan = Plan(
        CARD,
        Fields("a", "b", ("x", "y"), "|"),
        DataPlan("t.csv", limit=7),
        "minilm",
        Recipe(epochs=12.0, learning_rate=3e-5, freeze="2", pool="cls"),
        "out",
        machine=MachinePlan(threads=3),
    )
    (tmp_path / "plan.toml").write_text(tomli_w.dumps(plan.to_dict()), encoding="utf-8")
    config = read_config(str(tmp_path / "plan.toml"))
    assert config == plan.to_dict()
    assert plan.to_dict()["machine"] == {"threads": 3}
    assert merge_data(config["data"], {}) == plan.data
    assert merge_recipe(CARD, small=True, config=config["recipe"], flags={}) == plan.recipe
    assert Fields.from_dict(config["data"]["fields"]) == plan.fields


def test_a_dry_run_prints_the_plan_and_writes_nothing(run: Run, reviews: Path, tmp_path: Path, tiny: str) -> None:
    said = run("train", "train.csv", "--model", tiny, "--lr", "3e-5", "--dry-run")
    (tmp_path / "plan.toml").write_text(said.out, encoding="utf-8")
    assert read_config("plan.toml")["recipe"]["learning_rate"] == 3e-5
    assert not (tmp_path / "runs").exists()


OPEN = "Not in this plan, as the number of rows and tokens decides when they are read: "


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ((), "--epochs, --lr, --pool, --refit."),
        (("--validation", "train.csv"), "--epochs, --lr, --pool."),
        (("--max-steps", 5), "--lr, --pool, --refit."),
        (("--epochs", 2, "--pool", "cls", "--no-refit"), "--lr."),
        (("--epochs", 2, "--pool", "cls", "--lr", "3e-5", "--refit"), None),
    ],
)
def test_a_dry_run_says_what_the_size_will_decide(
    run: Run, reviews: Path, tiny: str, words: tuple[object, ...], left: str | None
) -> None:
    said = run("train", "train.csv", "--model", tiny, *words, "--dry-run")
    assert [line for line in said.err.splitlines() if line.startswith(OPEN)] == ([OPEN + left] if left else [])


@pytest.mark.refits
def test_a_run_writes_what_the_size_decided(run: Run, reviews: Path, tiny: str) -> None:
    said = run("train", "train.csv", "--model", tiny, "--max-steps", 2, "--precision", "fp32", "-o", "run")
    said_rate = re.search(
        r"^Recipe: learning rate (\S+) \(--lr\); the validation rows .*\(--no-refit\)\.$", said.err, re.M
    )
    assert said_rate, said.err
    found = read_config("run/plan.toml")["recipe"]
    chosen = {name: found[name] for name in ("epochs", "learning_rate", "pool", "head_start", "refit")}
    rate = float(said_rate[1])
    assert chosen == {"epochs": 20.0, "learning_rate": rate, "pool": "cls", "head_start": "probe", "refit": True}
    again = run("train", "--config", "run/plan.toml", "-o", "again")
    assert "Recipe:" not in again.err


def test_a_part_of_a_plan_is_a_config_file(run: Run, reviews: Path, tmp_path: Path, tiny: str) -> None:
    (tmp_path / "run.toml").write_text('[data]\ntrain = "train.csv"\n[recipe]\nmax_steps = 2\nprecision = "fp32"\n')
    run("train", "--config", "run.toml", "--model", tiny, "-o", "run")
    assert read_config("run/plan.toml")["recipe"]["max_steps"] == 2


@pytest.mark.parametrize(
    "words", [["[data]\nlimit = 'x'", "limit"], ["[recipe]\nseed = true", "seed"], ["model = 3", "model"]]
)
def test_a_config_of_the_wrong_types_is_one_message(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "run.toml").write_text(words[0])
    with pytest.raises(UsageError, match=words[1]):
        read_config("run.toml")


def test_a_run_from_before_there_was_a_setting_can_be_gone_on_with() -> None:
    card = plain_card("text-classification", "single-label")
    plan = Plan(card, Fields("a"), DataPlan("t.csv"), "minilm", Recipe(), "out")
    older = {name: value for name, value in plan.to_dict()["recipe"].items() if name != "label_smoothing"}
    check_repeats(plan, {**plan.to_dict(), "recipe": older})
    with pytest.raises(UsageError, match=r"\[recipe\] label_smoothing: 0.0 in the run, 0.2 now"):
        check_repeats(replace(plan, recipe=Recipe(label_smoothing=0.2)), {**plan.to_dict(), "recipe": older})
