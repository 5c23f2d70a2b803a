"""Settings are declared once: the flag, its help, its check and the page of the documentation follow from the declaration."""

from __future__ import annotations

import inspect
import re
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from conftest import Said
from typer.main import get_command

from bertft.commands.eval import eval_command
from bertft.commands.main import app
from bertft.commands.train import train_command
from bertft.errors import UsageError
from bertft.plan.recipe import Recipe
from bertft.plan.settings import checked, settings_of

DOCS = Path(__file__).parents[1] / "docs"
WRONG: dict[str, list[Any]] = {
    "epochs": [0, -1, 10_000],
    "warmup": [-0.1, 1],
    "weight_decay": [-1, float("inf")],
    "learning_rate": [0, 1],
    "max_length": [7],
    "overlap": [-1],
    "seed": [-1, 2**32],
    "max_grad_norm": [0, float("inf")],
    "layer_decay": [0, 1.5],
    "freeze": ["top", "-1"],
    "label_smoothing": [-0.1, 1.0],
    "head_learning_rate": [0, 1],
    **{key: [0, -1] for key in ("max_steps", "batch_size", "max_tokens", "grad_accum", "early_stop", "eval_steps")},
    **{key: [0] for key in ("bilstm", "head_units", "max_answer")},
    **{
        key: ["x"]
        for key in (
            "features_head",
            "layers",
            "combine",
            "scheduler",
            "long",
            "head_start",
            "pool",
            "precision",
            "class_weights",
            "scheme",
            "context",
        )
    },
}
UNCHECKED = {"features", "few_shot", "refit", "crf", "metric"}
"""Flags without a value, and a name that the card's problem decides on."""


def test_every_setting_is_checked() -> None:
    assert set(WRONG) | UNCHECKED == set(settings_of(Recipe))


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_told_by_its_flag(name: str, value: Any) -> None:
    flag = settings_of(Recipe)[name].names(name)[0]
    with pytest.raises(UsageError, match=f"^{flag} is {value}: .+[^.]\\.$"):
        checked(replace(Recipe(), **{name: value}))


def test_wrong_values_are_told_together() -> None:
    with pytest.raises(UsageError, match=r"^--batch-size is 0: .*; --warmup is 2: [^;]*\.$"):
        checked(replace(Recipe(), batch_size=0, warmup=2))


def test_the_defaults_are_fine() -> None:
    assert checked(Recipe()) == Recipe()


def test_a_declared_setting_is_a_flag_of_train() -> None:
    parameters = inspect.signature(train_command).parameters
    assert settings_of(Recipe).keys() <= parameters.keys()
    assert all(parameters[name].default is None for name in settings_of(Recipe))


@pytest.mark.parametrize(
    ("name", "kind", "flags"),
    [
        ("epochs", float, "--epochs"),
        ("batch_size", int, "--batch-size"),
        ("learning_rate", float, "--learning-rate --lr"),
        ("crf", bool, "--crf --no-crf"),
        ("refit", bool, "--refit --no-refit"),
        ("bilstm", int, "--bilstm"),
        ("scheme", str, "--scheme"),
    ],
)
def test_a_flag_has_the_type_and_the_names_of_its_setting(name: str, kind: type, flags: str) -> None:
    commands: Any = get_command(app)
    (flag,) = (flag for flag in commands.commands["train"].params if flag.name == name)
    assert get_args(inspect.signature(train_command).parameters[name].annotation)[0] == kind | None
    assert [*flag.opts, *flag.secondary_opts] == flags.split()
    assert flag.default is None


def test_another_command_takes_only_the_settings_it_names() -> None:
    assert set(settings_of(Recipe)) & set(inspect.signature(eval_command).parameters) == {
        "max_answer",
        "metric",
        "precision",
    }  # metric and max_answer: its own


@pytest.mark.parametrize("command", ["train", "eval", "predict", "convert", "tasks"])
def test_help_is_in_phrases(run: Any, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    said: Said = run(command, "--help" if command == "tasks" else "--help-all")
    lines = [line.strip(" │") for line in said.out.splitlines() if line.startswith("│") and "--" in line]
    assert lines
    assert [line for line in lines if not line.endswith((".", "]"))] == []


def test_help_comes_in_two_tiers(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--help` shows the everyday flags and says how many more there are; `--help-all` shows all."""
    monkeypatch.setenv("COLUMNS", "1000")
    commands: Any = get_command(app)
    for name in ("train", "eval", "predict", "convert"):
        flags = {flag for param in commands.commands[name].params for flag in param.opts if flag.startswith("--")}
        shown, all_shown = (
            {flag for flag in flags if f" {flag} " in said or f",{flag} " in said or f" {flag}," in said}
            for said in (run(name, words).out for words in ("--help", "--help-all"))
        )
        assert all_shown == flags
        assert {"--text", "--help-all"} <= shown < flags
        hidden = [
            one for one in commands.commands[name].params if not shown & set(one.opts) and one.opts[0].startswith("--")
        ]
        assert f"{len(hidden)} more flags: bertft {name} --help-all" in run(name, "--help").out
        assert "more flags" not in run(name, "--help-all").out
    assert {"--epochs", "--model", "--class-weights"} <= shown_by(run, "train")
    assert len(shown_by(run, "train")) < 40


def shown_by(run: Any, command: str) -> set[str]:
    return set(re.findall(r"--[a-z-]+", run(command, "--help").out))


@pytest.mark.parametrize("words", [["--help"], ["train", "--help-all"], ["predict", "--help"], ["tasks", "--help"]])
def test_help_shows_no_types_of_python(run: Any, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    assert not {"<bool>", "<str>", "<int>", "<float>"} & set(re.findall(r"<\w+>", run(*words).out))


def test_help_names_the_default_model(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertft.model.backbone import DEFAULT, EMBEDDED

    monkeypatch.setenv("COLUMNS", "1000")
    line = next(line for line in run("train", "--help").out.splitlines() if "--model " in line)
    assert f"[default: {DEFAULT}; {EMBEDDED}" in line


def test_help_says_the_default(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    said = run("train", "--help-all").out
    for name, found in settings_of(Recipe).items():
        assert f"{found.help} [default: {found.default}]" in said if found.default else found.help in said, name
    for words in (
        "biases and LayerNorm. [default: 0.01]",
        "spread over all labels. [default: 0]",
        "train on the validation rows too",
        "[default: 42]",
    ):
        assert words in said


def test_the_page_of_the_documentation_is_up_to_date() -> None:
    page = runpy.run_path(str(DOCS / "write_settings.py"))["page"]()
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == page, "make docs"
