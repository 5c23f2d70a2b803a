"""What a run will do: defaults < card < config file < flags, merged here and nowhere else, then frozen.

The plan is printed on request (`--dry-run`), written whole to `plan.toml`, and read back by `--config`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bertft.card import Card
from bertft.errors import UsageError
from bertft.fields import Fields
from bertft.recipe import Recipe, check_recipe
from bertft.settings import check_settings

SECTIONS = ("task", "data", "model", "recipe", "output", "machine")

MOST_THREADS = 4096
"""More would only be a slip of the keyboard, and OpenMP ends the process where it cannot start them."""


@dataclass(frozen=True)
class DataPlan:
    """Where the rows come from and how they are read."""

    train: str
    """A file, or `hub:PATH:NAME:SPLIT`. The same for `validation` and `test`."""
    validation: str | None = None
    validation_share: float = 0.1
    """Share of the training rows kept for validation when there is no validation file; 0 to 1."""
    test: str | None = None
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool = True
    unknown_labels: str = "error"
    """`error`, or `skip`: drop such rows in training, count them as wrong in eval."""
    fix_answers: bool = False
    """Look nearby for answers that are not where the file says."""
    limit: int | None = None
    """At most so many training rows: a seeded sample, stratified by class."""


@dataclass(frozen=True)
class ModelPlan:
    """[model] of a plan.toml."""

    name: str


@dataclass(frozen=True)
class OutputPlan:
    """[output] of a plan.toml. It records where the run went; a repeated run goes elsewhere, or where -o says."""

    dir: str
    save_steps: int | None = None
    """Optimizer steps between saved states; None: at evaluations, and every ten minutes in between."""


@dataclass(frozen=True)
class MachinePlan:
    """[machine] of a plan.toml."""

    threads: int | None = None
    """Of the processor; None: as many as the process may use cores."""
    fast: bool | None = None
    """Whether bertft/fast computes what it can; None: unless the environment says otherwise."""


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
    threads: int | None = None
    fast: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """As in plan.toml: nothing in it is None, a setting that is not set is left out."""
        machine = _set_only({"threads": self.threads, "fast": self.fast})
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


def check_threads(threads: int | None) -> int | None:
    """The number itself, or a UsageError."""
    if threads is not None and not 0 < threads <= MOST_THREADS:
        raise UsageError(f"--threads is {threads}: a whole number from 1 to {MOST_THREADS:,} is wanted.")
    return threads


def merge_recipe(card: Card, *, small: bool, config: Mapping[str, Any], flags: Mapping[str, Any]) -> Recipe:
    """The recipe of a run. `small`: the backbone is no wider than 384, so the card's small recipe applies too."""
    recipe = Recipe()
    for layer in (card.recipe, card.small_recipe if small else {}, config, flags):
        recipe = replace(recipe, **_released(layer), **_set_only(layer))
    return check_recipe(recipe)


def _released(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of lower layers that this one takes the place of: its epochs end their max_steps."""
    rivals = {"epochs": "max_steps", "batch_size": "max_tokens"}
    return {rival: None for own, rival in rivals.items() if layer.get(own) is not None and layer.get(rival) is None}


def merge_data(config: Mapping[str, Any], flags: Mapping[str, Any]) -> DataPlan:
    """The data part of a plan from the config file's [data] and the flags."""
    values = {**{key: value for key, value in config.items() if key != "fields"}, **_set_only(flags)}
    if not values.get("train"):
        raise UsageError(
            "No training data: name a file (bertft train train.csv), or a card that has a data set (--task mrpc)."
        )
    data = DataPlan(**values)
    if not 0 < data.validation_share < 1:
        raise UsageError(
            f"--validation-share is {data.validation_share}: a share between 0 and 1 is wanted, such as 0.1."
        )
    if data.limit is not None and data.limit < 1:
        raise UsageError(f"--max-train-rows is {data.limit}: 1 or more is wanted.")
    if data.unknown_labels not in ("error", "skip"):
        raise UsageError(f"--unknown-labels is '{data.unknown_labels}': error or skip is wanted.")
    return data
