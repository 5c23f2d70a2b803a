"""From what the user typed to a frozen Plan, its rows and its backbone. Every guess is printed in one block with its flag."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from bertft import console
from bertft.card import Card
from bertft.commands.sample import sample_rows
from bertft.commands.tables import hub_source, read_split
from bertft.commands.task_choice import Asked, Choice, choose_task
from bertft.engine.prepare import Tables
from bertft.errors import UsageError
from bertft.kinds import KINDS, SINGLE_LABEL, takes
from bertft.metric_names import check_metric
from bertft.model.backbone import LONGEST_DEFAULT, Backbone, find_backbone, positions
from bertft.model.folder import free_run_folder
from bertft.model.pooling import check_mean
from bertft.plan import DataPlan, Plan, check_threads, merge_data, merge_recipe, read_config
from bertft.reading import Table
from bertft.recipe import Recipe
from bertft.runs import PLAN
from bertft.scoring.own import is_function, load_own

Flags = Mapping[str, Any]


@dataclass(frozen=True)
class Planned:
    """A plan and what it was made from."""

    plan: Plan
    tables: Tables
    backbone: Backbone


def make_plan(flags: Flags) -> Planned:
    """defaults < card < config file < flags. Reads the training file, as the task may have to be guessed from it."""
    config = read_config(flags["config"]) if flags["config"] else {}
    asked = Asked.from_words(flags, config)
    data = merge_data({**hub_source(asked.card, flags, config), **config.get("data", {})}, data_flags(flags))
    train = read_split(data.train, data)
    choice = choose_task(asked, train)
    check_applies(flags, choice.card.kind)
    console.note("\n".join([f"Data: {train.name}, {len(train):,} rows", *_notes(train), *choice.why]))
    backbone = find_backbone(config.get("model", {}).get("name") if flags["model"] is None else flags["model"])
    settings = config.get("recipe", {})
    recipe = merge_recipe(choice.card, small=backbone.small, config=settings, flags=recipe_flags(flags))
    if recipe.pool == "mean":
        check_mean(backbone, choice.card.kind)
    check_few_shot(recipe, choice.card)
    check_head_start(flags, recipe, choice.card.kind)
    recipe = checked_refit(flags, recipe, data)
    check_own_metric(flags, recipe)
    if not (flags["max_length"] or settings.get("max_length")):
        recipe = no_longer_than(recipe, positions(backbone.config))
    if flags["overlap"] is None and settings.get("overlap") is None:
        recipe = with_room(recipe, positions(backbone.config))
    train = sampled(train, data.limit, choice, recipe.seed)
    plan = Plan(
        card=with_metric(choice.card, recipe.metric),
        fields=choice.fields,
        data=data,
        model=backbone.name,
        recipe=recipe,
        output_dir=flags["output_dir"] or free_run_folder(run_name(choice.card, data)),
        save_steps=save_steps(flags, config),
        threads=check_threads(
            config.get("machine", {}).get("threads") if flags["threads"] is None else flags["threads"]
        ),
        fast=config.get("machine", {}).get("fast") if flags["fast"] is None else flags["fast"],
    )
    validation, test = (read_split(path, data) if path else None for path in (data.validation, data.test))
    return Planned(plan, Tables(train, validation, test), backbone)


def sampled(table: Table, limit: int | None, choice: Choice, seed: int) -> Table:
    """At most `limit` rows of the table, which is said."""
    if limit is None or limit >= len(table):
        return table
    how = "a stratified" if choice.card.problem == SINGLE_LABEL.name else "a random"
    console.note(f"Sample: {limit:,} of {len(table):,} training rows, {how} sample, seeded (--max-train-rows, --seed).")
    return sample_rows(table, limit, choice.card, choice.fields, seed)


def save_steps(flags: Flags, config: Mapping[str, Any]) -> int | None:
    """Steps between saved states, if they were asked for."""
    steps: int | None = flags["save_steps"] or config.get("output", {}).get("save_steps")
    if steps is not None and steps < 1:
        raise UsageError(f"--save-steps is {steps}: a number above 0 is wanted.")
    return steps


def check_applies(flags: Flags, kind: str) -> None:
    """UsageError for flags that mean nothing in this kind of task."""
    for other in KINDS.values():
        for name in other.settings:
            if flags[name] not in (None, False) and not takes(name, kind):
                raise UsageError(f"--{name.replace('_', '-')} is for {other.name}; this task is {kind}.")


def check_few_shot(recipe: Recipe, card: Card) -> None:
    """UsageError where rows have no class that pairs could share."""
    if recipe.few_shot and card.problem != SINGLE_LABEL.name:
        raise UsageError(
            f"--few-shot is for one class per row; this task is {card.problem or card.kind}. Leave it out: --no-few-shot."
        )


def check_head_start(flags: Flags, recipe: Recipe, kind: str) -> None:
    """UsageError for a typed --head-start that would have no effect."""
    typed = flags["head_start"]
    if typed in ("probe", "prior") and not KINDS[kind].can_fit_head:
        raise UsageError(f"--head-start {typed}: the head of {kind} starts at random. Leave it out.")
    if typed == "probe" and recipe.bilstm:
        raise UsageError("--head-start probe: with --bilstm nothing can be fitted before training. Leave it out.")


def check_own_metric(flags: Flags, recipe: Recipe) -> None:
    """UsageError for a metric that cannot be had. A function is code: it is run only where the user typed it, not from a plan."""
    if recipe.metric is None or not is_function(recipe.metric):
        return
    if flags["metric"] != recipe.metric:
        raise UsageError(f"The plan names a function, which is only run if you type it: --metric {recipe.metric}.")
    load_own(recipe.metric)


def checked_refit(flags: Flags, recipe: Recipe, data: DataPlan) -> Recipe:
    """The recipe, without a refit where no row of the training file is held back; UsageError where that was typed."""
    if not data.validation:
        return recipe
    if flags["refit"]:
        raise UsageError(
            "--refit is for validation rows that were held back from the training file; this run has a file for validation. "
            "Leave it out: --no-refit."
        )
    return replace(recipe, refit=None if recipe.refit is None else False)


def _notes(table: Any) -> list[str]:
    return [f"  {note}" for note in table.source.notes] if table.source else []


def data_flags(flags: Flags) -> dict[str, Any]:
    """The flags that belong to [data]."""
    same = (
        "validation",
        "validation_share",
        "test",
        "format",
        "encoding",
        "delimiter",
        "unknown_labels",
        "fix_answers",
    )
    own = {"train": flags["data"], "header": False if flags["no_header"] else None, "limit": flags["max_train_rows"]}
    return own | {name: flags[name] for name in same}


def recipe_flags(flags: Flags) -> dict[str, Any]:
    """The flags that belong to [recipe]."""
    return {field.name: flags[field.name] for field in fields(Recipe)}


def with_room(recipe: Recipe, limit: int | None) -> Recipe:
    """An overlap of at most a third of a window, unless it was typed."""
    length = recipe.max_length or min(limit or LONGEST_DEFAULT, LONGEST_DEFAULT)
    return replace(recipe, overlap=min(recipe.overlap, length // 3))


def no_longer_than(recipe: Recipe, limit: int | None) -> Recipe:
    """The card's length, or what the backbone takes if that is less; a length that was typed is left to be refused."""
    too_long = limit is not None and (recipe.max_length or 0) > limit
    return replace(recipe, max_length=limit) if too_long else recipe


def with_metric(card: Card, metric: str | None) -> Card:
    """The card with another main metric, which is scored too. One that is none of ours stands beside the card (prepare.py)."""
    if metric is None or metric == card.metric or is_function(metric):
        return card
    metric = check_metric(card.solves.name, metric)
    metrics = card.metrics if metric in card.metrics else (*card.metrics, metric)
    return replace(card, metric=metric, metrics=metrics)


def run_name(card: Card, data: DataPlan) -> str:
    """The card's name, which cannot lead elsewhere; without a card the file's, or its folder's where the file is only
    called 'train'."""
    if not card.is_plain:
        return re.sub(r"[/\\\x00]+", "-", card.name).lstrip(".-") or card.kind
    file = Path(data.train)
    stem = file.name.split(".")[0]
    return file.resolve().parent.name if stem in ("train", "training", "data") else stem


def check_repeats(plan: Plan, stored: Mapping[str, Any]) -> None:
    """UsageError when a resumed run is asked to be another one."""
    asked = plan.to_dict()
    card = Card.from_dict(stored.get("task", {}), PLAN)  # its metrics may be spelled otherwise than now
    stored = {**stored, "task": card.to_dict()}
    changed = [
        f"[{section}] {key}: {stored.get(section, {}).get(key)} in the run, {asked[section].get(key)} now"
        for section in ("task", "data", "model", "recipe")
        for key in sorted({*asked[section], *stored.get(section, {})})
        if asked[section].get(key) != stored.get(section, {}).get(key)
    ]
    if changed:
        raise UsageError("--resume goes on with the same run, but these differ: " + "; ".join(changed) + ".")
