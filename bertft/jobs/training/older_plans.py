"""Plans of earlier versions, which wrote `pool = "cls"` for every classifier, and let ModernBERT and EuroBERT read what their
config said, which may be the mean. Such a plan is taken by what was trained, not by what it says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bertft import console
from bertft.engine.resume import facts_of, place_of_state
from bertft.kinds import find_kind, takes
from bertft.model.backbone import Backbone, find_backbone, read_model_config
from bertft.model.pooling import own_pooling
from bertft.runs import PLAN

_MODEL_CONFIG = "config.json"


def pool_of_run(folder: Path, plan: Mapping[str, Any]) -> dict[str, str]:
    """Of a run with a state and a plan from before pooling could be chosen in its family: what it reads. Otherwise nothing."""
    place = place_of_state(folder)
    if place is None or "pool" in facts_of(folder) or not _may_be_unasked(plan):
        return {}
    saved = (place / _MODEL_CONFIG).is_file()
    found = own_pooling(read_model_config(str(place)) if saved else find_backbone(plan["model"]["name"]).config)
    return {"pool": found} if found else {}


def without_unasked_pool(config: dict[str, Any], path: str) -> dict[str, Any]:
    """A config file without a pooling that the model beside it does not have: nobody asked for it."""
    place = Path(path)
    beside = place.parent / _MODEL_CONFIG
    if place.name != PLAN or not beside.is_file() or not _may_be_unasked(config):
        return config
    if own_pooling(read_model_config(str(place.parent))) in (None, config["recipe"]["pool"]):
        return config
    return {**config, "recipe": {name: value for name, value in config["recipe"].items() if name != "pool"}}


def tell_other_pool(config: Mapping[str, Any], typed: Mapping[str, Any], backbone: Backbone) -> None:
    """What is said where a config file, and nobody else, has a classifier read something else than its model's config says."""
    own = own_pooling(backbone.config)
    if typed.get("pool") or not _may_be_unasked(config) or own in (None, "cls"):
        return
    console.warn(f"Pooling: cls, as --config says; the config of {backbone.name} says {own} (--pool).")


def _may_be_unasked(plan: Mapping[str, Any]) -> bool:
    task, recipe = plan.get("task"), plan.get("recipe", {})
    kind = find_kind(task.get("kind") if isinstance(task, Mapping) else task)
    return kind is not None and takes("pool", kind.name) and recipe.get("pool") == "cls" and not recipe.get("features")
