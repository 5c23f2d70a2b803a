"""What a run will do: defaults < card < config file < flags, merged here and nowhere else, then frozen.

The plan is printed on request (`--dry-run`), written whole to `plan.toml`, and read back by `--config`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from bertft.card import Card
from bertft.errors import UsageError
from bertft.fields import Fields
from bertft.recipe import Recipe
from bertft.settings import (
    ABOVE_0,
    ANSWERS,
    OUTPUT,
    RARE,
    READING,
    TASK,
    at_least,
    check_settings,
    checked,
    one_of,
    setting,
)

Section = TypeVar("Section")
SECTIONS = ("task", "data", "model", "recipe", "output", "machine")

MOST_THREADS = 4096
"""More would only be a slip of the keyboard, and OpenMP ends the process where it cannot start them."""


@dataclass(frozen=True)
class DataPlan:
    """[data] of a plan.toml: where the rows come from and how they are read."""

    train: str
    """A file, or `hub:PATH:NAME:SPLIT`. The same for `validation` and `test`."""
    validation: str | None = setting(
        None,
        "File whose rows choose the best model.",
        "FILE",
        panel=TASK,
        otherwise="the card's on the Hub, or a stratified share of the training rows",
    )
    validation_share: float = setting(
        0.1,
        "Share of the training rows that is held back without --validation.",
        "SHARE",
        panel=TASK,
        check=((lambda value: 0 < value < 1), "a share between 0 and 1 is wanted, such as 0.1"),
    )
    test: str | None = setting(
        None, "File that is scored once, at the end.", "FILE", panel=TASK, otherwise="the card's on the Hub, or none"
    )
    format: str | None = setting(
        None,
        "Format of the file: csv, tsv, jsonl, json, parquet, arrow or conll.",
        "NAME",
        panel=READING,
        otherwise="by its ending",
    )
    encoding: str | None = setting(
        None,
        "Encoding of the file, such as utf-8, gb18030 or latin-1.",
        "NAME",
        panel=READING,
        otherwise="detected",
    )
    delimiter: str | None = setting(
        None,
        "What stands between the cells of a CSV: comma, semicolon, tab or pipe.",
        "CHAR",
        panel=READING,
        otherwise="detected",
    )
    header: bool = setting(
        True,
        "The first line is data; the columns are called column_1, column_2 and so on.",
        panel=READING,
        flags=("--no-header",),
    )
    unknown_labels: str = setting(
        "error",
        "What becomes of rows with labels that are not in the training data.",
        "error|skip",
        panel=READING,
        check=one_of(("error", "skip")),
    )
    fix_answers: bool = setting(
        False,
        "Look nearby for answers that are not where the file says.",
        panel=ANSWERS,
    )
    limit: int | None = setting(
        None,
        "Train on a seeded sample of N rows, in which classes keep their shares.",
        "N",
        panel=READING,
        check=at_least(1),
        otherwise="all",
        flags=("--max-train-rows",),
    )


@dataclass(frozen=True)
class ModelPlan:
    """[model] of a plan.toml."""

    name: str | None = setting(
        None,
        "Backbone: a folder, a name on the Hub, or minilm.",
        "NAME|PATH",
        panel=TASK,
        otherwise="bert-base-uncased, or minilm without a network",
        flags=("--model",),
    )


@dataclass(frozen=True)
class OutputPlan:
    """[output] of a plan.toml. It records where the run went; a repeated run goes elsewhere, or where -o says."""

    dir: str | None = setting(
        None, "Run folder.", "DIR", panel=OUTPUT, otherwise="runs/NAME", flags=("--output-dir", "-o")
    )
    save_steps: int | None = setting(
        None,
        "Optimizer steps between saved states.",
        "N",
        panel=RARE,
        check=ABOVE_0,
        otherwise="at evaluations, and every ten minutes",
    )


@dataclass(frozen=True)
class MachinePlan:
    """[machine] of a plan.toml."""

    threads: int | None = setting(
        None,
        "Threads of the processor.",
        "N",
        panel=RARE,
        check=((lambda value: 0 < value <= MOST_THREADS), f"a whole number from 1 to {MOST_THREADS:,} is wanted"),
        otherwise="OMP_NUM_THREADS, or one for each physical core",
    )
    fast: bool | None = setting(
        None,
        "On processors, compute BERT and its kin with faster code than transformers', within rounding of it.",
        panel=RARE,
        otherwise="fast, unless BERTFT_FAST is 0",
        flags=("--fast/--no-fast",),
    )


@dataclass(frozen=True)
class Plan:
    """Everything that decides what the weights will be."""

    card: Card
    fields: Fields
    data: DataPlan
    model: str
    recipe: Recipe
    output_dir: str
    save_steps: int | None = None
    machine: MachinePlan = MachinePlan()

    def to_dict(self) -> dict[str, Any]:
        """As in plan.toml: nothing in it is None, a setting that is not set is left out."""
        machine = _set_only(asdict(self.machine))
        return {
            "task": self.card.to_dict(),
            "data": {**_set_only(asdict(self.data)), "fields": self.fields.to_dict()},
            "model": {"name": self.model},
            "recipe": _set_only(asdict(self.recipe)),
            "output": _set_only({"dir": self.output_dir, "save_steps": self.save_steps}),
            **({"machine": machine} if machine else {}),
        }


def _set_only(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def read_config(path: str) -> dict[str, Any]:
    """A plan.toml or a part of one. `task` may be a card's name or the whole card."""
    try:
        config = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as problem:
        raise UsageError(f"{path}: cannot be read ({problem.strerror or problem}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path}: not a TOML file: {problem}.") from None
    for section in config:
        if section not in SECTIONS:
            raise UsageError(f"{path}: unknown section '{section}' (known: {', '.join(SECTIONS)}).")
        if section != "task" and not isinstance(config[section], dict):
            raise UsageError(f"{path}: '{section}' is {config[section]!r}: a table is wanted, [{section}].")
    data = dict(config.get("data", {}))
    check_settings(data.pop("fields", {}), Fields, where=f"{path}, [data.fields]")
    check_settings(data, DataPlan, where=f"{path}, [data]")
    check_settings(config.get("recipe", {}), Recipe, where=f"{path}, [recipe]")
    check_settings(config.get("model", {}), ModelPlan, where=f"{path}, [model]")
    check_settings(config.get("output", {}), OutputPlan, where=f"{path}, [output]")
    check_settings(config.get("machine", {}), MachinePlan, where=f"{path}, [machine]")
    return config


def merge_recipe(card: Card, *, small: bool, config: Mapping[str, Any], flags: Mapping[str, Any]) -> Recipe:
    """The recipe of a run. `small`: the backbone is no wider than 384, so the card's small recipe applies too."""
    recipe = Recipe()
    for layer in (card.recipe, card.small_recipe if small else {}, config, flags):
        recipe = replace(recipe, **_released(layer), **_set_only(layer))
    return checked(recipe)


def _released(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of lower layers that this one takes the place of: its epochs end their max_steps."""
    rivals = {"epochs": "max_steps", "batch_size": "max_tokens"}
    return {rival: None for own, rival in rivals.items() if layer.get(own) is not None and layer.get(rival) is None}


def merge_data(config: Mapping[str, Any], typed: Mapping[str, Any]) -> DataPlan:
    """The data part of a plan from the config file's [data] and what was typed."""
    values = {**{key: value for key, value in config.items() if key != "fields"}, **_set_only(typed)}
    if not values.get("train"):
        raise UsageError(
            "No training data: name a file (bertft train train.csv), or a card that has a data set (--task mrpc)."
        )
    return checked(DataPlan(**values))


def merge(kind: type[Section], *layers: Mapping[str, Any]) -> Section:
    """A section of a plan; the last layer counts most."""
    values: dict[str, Any] = {}
    for layer in layers:
        values |= _set_only(layer)
    return checked(kind(**values))
