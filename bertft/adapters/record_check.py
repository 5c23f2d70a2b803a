"""What bertft.json says comes in; a CheckpointError goes out if no adapter can be made of it, or none for the model beside it.

A room of its own because a run folder may come from a stranger, or be cut off or mixed up on its way: what adapters trust is
asked here once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_type_hints

from bertft.errors import CheckpointError
from bertft.gold import Options
from bertft.gold.masks import COMMON_MASK
from bertft.model.folder import TaskRecord
from bertft.plan.pretraining import PretrainPlan
from bertft.plan.recipe import SCHEMES, Recipe
from bertft.plan.settings import has_type, settings_of
from bertft.runs import TASK_FILE

MOST = 1e12
"""Of numbers that mean something."""


def check_record(record: TaskRecord, folder: str) -> None:
    """CheckpointError for values that mean nothing."""
    if fault := next(_faults(record), None):
        raise CheckpointError(f"{folder}/{TASK_FILE}: damaged ({fault}).")


def check_answers(record: TaskRecord, network: Any, folder: str) -> None:
    """CheckpointError if the model does not answer with these labels."""
    wanted = record.card.solves.outputs or len(record.labels)
    found = network.config.num_labels
    if wanted != found:
        raise CheckpointError(
            f"{folder}/{TASK_FILE}: not of the model beside it (one has {wanted} labels, the other {found})."
        )


def _faults(record: TaskRecord) -> Iterator[str]:
    labels, columns = record.labels, record.fields
    if not all(isinstance(name, str) for name in labels.names):
        yield "labels.names"
    if not isinstance(labels.spellings, dict):
        yield "labels.spellings"
    for name, value in (("text", columns.text), ("text_pair", columns.text_pair), ("separator", columns.separator)):
        if not isinstance(value, str) and (value is not None or name == "text"):
            yield f"fields.{name}"
    for name in ("label", "more_text", "label_names"):
        if not all(isinstance(column, str) for column in getattr(columns, name)):
            yield f"fields.{name}"
    yield from _faults_of_options(record.options)
    yield from _faults_of_stored(record.stored, set(labels.names))


def _faults_of_options(options: Any) -> Iterator[str]:
    """Each option has its type, and what the recipe's setting of that name asks for."""
    hints = get_type_hints(Options)
    if not isinstance(options, dict) or not {"max_length"} <= options.keys() <= hints.keys():
        yield "options"
        return
    settings = settings_of(Recipe)
    for name, value in options.items():
        if not has_type(value, hints[name]) or (name in settings and not settings[name].fits(value)):
            yield f"options.{name}"


def _faults_of_stored(stored: Any, labels: set[str]) -> Iterator[str]:
    known = {
        "thresholds",
        "scheme",
        "untyped",
        "by_character",
        "can_abstain",
        "null_threshold",
        "steps",
        "temperature",
        "scales",
        "mask",
        "mask_share",
        "pair",
        "mask_token",
        "words",
        "entities",
    }
    if not isinstance(stored, dict) or not stored.keys() <= known:
        yield "stored"
        return
    thresholds, masks = stored.get("thresholds", {}), settings_of(PretrainPlan)
    if (
        not isinstance(thresholds, dict)
        or thresholds.keys() not in (set(), labels)
        or not all(map(_is_number, thresholds.values()))
    ):
        yield "stored.thresholds"
    if stored.get("scheme") not in (None, *SCHEMES):
        yield "stored.scheme"
    for name in ("untyped", "by_character"):
        if not isinstance(stored.get(name, False), bool):
            yield f"stored.{name}"
    if not _is_scale([stored.get("temperature", 1), 0]):
        yield "stored.temperature"
    scales = stored.get("scales", {})
    if not isinstance(scales, dict) or scales.keys() not in (set(), labels) or not all(map(_is_scale, scales.values())):
        yield "stored.scales"
    steps = stored.get("steps", [])
    if not isinstance(steps, list) or not all(map(_is_step, steps)) or not _let_in_more(steps):
        yield "stored.steps"
    if not _is_number(stored.get("null_threshold", 0)):
        yield "stored.null_threshold"
    for name in ("mask", "mask_share", "words", "entities", "pair"):
        if name in stored and not (
            has_type(stored[name], get_type_hints(PretrainPlan)[name]) and masks[name].fits(stored[name])
        ):
            yield f"stored.{name}"
    if not isinstance(token := stored.get("mask_token", COMMON_MASK), str) or not token.strip():
        yield "stored.mask_token"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_scale(value: Any) -> bool:
    """A temperature and an offset."""
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_number, value)):
        return False
    temperature, offset = value
    return bool(0 < temperature < MOST and -MOST < offset < MOST)


def _is_step(value: Any) -> bool:
    """A threshold, the rows that reach it, and how many of these were right."""
    if not isinstance(value, list) or len(value) != 3 or not all(map(_is_number, value)):
        return False
    threshold, rows, right = value
    return bool(0 <= threshold <= 1 and 0 <= right <= rows < MOST and rows > 0)


def _let_in_more(steps: list[Any]) -> bool:
    """Whether each lies below the one before it, and more rows reach it."""
    return all(low[0] < high[0] and low[1] > high[1] for high, low in pairwise(steps))
