"""What a run will do: defaults < card < config file < flags, merged here and nowhere else, then frozen.

The plan is printed on request (`--dry-run`), written whole to `plan.toml`, and read back by `--config`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from bertft.errors import UsageError
from bertft.kinds import KINDS, find_kind
from bertft.plan.card import Card
from bertft.plan.pretraining import PretrainPlan
from bertft.plan.recipe import OF_PRETRAINED, Recipe
from bertft.plan.sections import DataPlan, MachinePlan, ModelPlan, OutputPlan, RunsPlan
from bertft.plan.settings import (
    check_settings,
    checked,
)
from bertft.rows.fields import Fields

SectionClass = TypeVar("SectionClass")
SECTIONS = ("task", "data", "model", "recipe", "pretraining", "runs", "output", "machine")


OF_THE_OUTPUT = ("save_steps", "track", "card_title", "license", "language")
"""Fields of a plan that stand in [output] by the same name."""


@dataclass(frozen=True)
class Plan:
    """Everything that decides what the weights will be."""

    card: Card
    fields: Fields
    data: DataPlan
    model: str
    recipe: Recipe
    output_dir: str
    network: Mapping[str, Any] = field(default_factory=dict)
    """What [model] says beside the name: of a network from before BERT."""
    save_steps: int | None = None
    track: tuple[str, ...] | None = None
    card_title: str | None = None
    license: str | None = None
    language: str | None = None
    machine: MachinePlan = field(default_factory=MachinePlan)
    runs: RunsPlan = field(default_factory=RunsPlan)
    pretraining: PretrainPlan | None = None
    """Of a run that learns from texts alone."""

    @property
    def verb(self) -> str:
        """The command that learns it."""
        return KINDS[self.card.kind].verb

    @property
    def split_seed(self) -> int:
        """Of what is drawn from the training file: the rows that are held back, the folds, a sample."""
        return self.recipe.seed if self.data.split_seed is None else self.data.split_seed

    def to_dict(self) -> dict[str, Any]:
        """As in plan.toml: nothing in it is None, a setting that is not set is left out."""
        machine, runs = _set_only(asdict(self.machine)), _set_only(asdict(self.runs))
        return {
            "task": self.card.to_dict(),
            "data": {**_set_only(asdict(self.data)), "fields": self.fields.to_dict()},
            "model": {"name": self.model, **self.network},
            "recipe": _set_only(asdict(self.recipe)),
            **({"pretraining": _set_only(asdict(self.pretraining))} if self.pretraining else {}),
            **({"runs": runs} if runs else {}),
            "output": _set_only({"dir": self.output_dir, **{name: getattr(self, name) for name in OF_THE_OUTPUT}}),
            **({"machine": machine} if machine else {}),
        }


def verb_of(config: Mapping[str, Any]) -> str:
    """The command that a plan.toml is for."""
    task = config.get("task")
    kind = find_kind(task.get("kind") if isinstance(task, Mapping) else task)
    return kind.verb if kind else "train"


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
    check_settings(config.get("pretraining", {}), PretrainPlan, where=f"{path}, [pretraining]")
    check_settings(config.get("model", {}), ModelPlan, where=f"{path}, [model]")
    check_settings(config.get("runs", {}), RunsPlan, where=f"{path}, [runs]")
    check_settings(config.get("output", {}), OutputPlan, where=f"{path}, [output]")
    check_settings(config.get("machine", {}), MachinePlan, where=f"{path}, [machine]")
    return config


def merge_recipe(
    card: Card,
    *,
    small: bool,
    config: Mapping[str, Any],
    flags: Mapping[str, Any],
    from_scratch: Mapping[str, Any] | None = None,
) -> Recipe:
    """The recipe of a run. `small`: the backbone is no wider than 384, so the card's small recipe applies too. `from_scratch`:
    what takes the place of the card's training settings where the backbone is not pre-trained."""
    recipe = Recipe()
    own = [card.recipe, card.small_recipe if small else {}]
    if from_scratch is not None:
        own = [{key: value for key, value in card.recipe.items() if key not in OF_PRETRAINED}, from_scratch]
    for layer in (*own, config, flags):
        recipe = replace(recipe, **_released(layer), **_set_only(layer))
    return checked(recipe)


def _released(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of lower layers that this one takes the place of: its epochs end their max_steps."""
    rivals = {"epochs": "max_steps", "batch_size": "max_tokens"}
    return {rival: None for own, rival in rivals.items() if layer.get(own) is not None and layer.get(rival) is None}


def merge_data(config: Mapping[str, Any], typed: Mapping[str, Any]) -> DataPlan:
    """The data part of a plan from the config file's [data] and what was typed."""
    values = {**{key: value for key, value in config.items() if key != "fields"}, **_set_only(typed)}
    if typed.get("train") and not typed.get("more_train"):
        values.pop("more_train", None)
    if not values.get("train"):
        raise UsageError(
            "No training data: name a file (bertft train train.csv), or a card that has a data set (--task mrpc)."
        )
    return checked(DataPlan(**values))


def merge_runs(config: Mapping[str, Any], typed: Mapping[str, Any]) -> RunsPlan:
    """How often it is trained. Seeds that are typed take the place of the config file's folds, and the other way round."""
    runs = merge(RunsPlan, {} if _set_only(typed) else config, typed)
    if runs.seeds and (runs.folds or runs.fold):
        raise UsageError("--seeds and --folds exclude each other: vary the seed, or leave rows out. Pass one of them.")
    if runs.fold is not None and not 0 < runs.fold <= (runs.folds or 0):
        raise UsageError(f"[runs] fold = {runs.fold}: one of 1 to {runs.folds or 0} folds is wanted.")
    return runs


def merge(kind: type[SectionClass], *layers: Mapping[str, Any]) -> SectionClass:
    """A section of a plan; the last layer counts most."""
    values: dict[str, Any] = {}
    for layer in layers:
        values |= _set_only(layer)
    return checked(kind(**values))
