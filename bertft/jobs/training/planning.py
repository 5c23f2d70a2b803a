"""From a request to a frozen Plan, its rows and its backbone. Every guess is said in one block with its flag."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bertft import console
from bertft.engine.prepare import Tables
from bertft.engine.tracking import check_installed
from bertft.errors import UsageError
from bertft.gold.lengths import fitted
from bertft.jobs.applies import check_applies, check_classic, check_features, check_form_of_labels, check_overlap
from bertft.jobs.requests import TrainRequest
from bertft.jobs.splits import hub_source, read_split, read_training
from bertft.jobs.task_choice import Asked, Choice, choose_task
from bertft.jobs.training.before_bert import check_family, check_network, check_training, meant_for
from bertft.jobs.training.older_plans import tell_other_pool, without_unasked_pool
from bertft.jobs.training.sample import labels_in, sample_rows, tell_lost_labels
from bertft.kinds import KINDS, SINGLE_LABEL, takes
from bertft.kinds.metric_names import check_metric
from bertft.model.backbone import Backbone, find_backbone, positions
from bertft.model.folder import free_run_folder
from bertft.model.pooling import check_pool
from bertft.plan.card import Card
from bertft.plan.plan import OF_THE_OUTPUT, Plan, merge, merge_data, merge_recipe, merge_runs, read_config, verb_of
from bertft.plan.recipe import Recipe
from bertft.plan.sections import DataPlan, MachinePlan, ModelPlan, OutputPlan
from bertft.plan.settings import settings_of
from bertft.reading import Table
from bertft.scoring.own import is_function, load_own
from bertft.system.trackers import names_in
from bertft.wording import counted

WITHOUT_EFFECT = {"pool": "cls"}
"""Values that change nothing: the plan.toml of every run has them, whatever its kind (engine/sizing.py)."""


@dataclass(frozen=True)
class Planned:
    """A plan and what it was made from."""

    plan: Plan
    tables: Tables
    backbone: Backbone


def make_plan(request: TrainRequest) -> Planned:
    """defaults < card < config file < request. Reads the training file, as the task may have to be guessed from it."""
    config = without_unasked_pool(read_config(request.config), request.config) if request.config else {}
    if (verb := verb_of(config)) != "train":
        raise UsageError(f"{request.config}: the plan of a run of bertft {verb}. Use it with bertft {verb} --config.")
    asked = Asked.of(request, config)
    named = config.get("data", {})
    data = merge_data({**hub_source(asked.card, request, config), **named}, request.data)
    train = read_training(data, request.tables)
    choice = choose_task(asked, train)
    check_applies(request, choice.card.kind)
    check_form_of_labels(request, choice)
    console.note("\n".join([f"Data: {train.name}, {counted(len(train), 'row')}", *_notes(train), *choice.why]))
    model = merge(ModelPlan, model_of(config, request), request.model)
    backbone = find_backbone(model.name, model.of_the_network)
    check_family(backbone, choice.card.kind, pair=choice.fields.text_pair is not None)
    check_network(backbone, model.of_the_network)
    tell_other_pool(config, request.recipe, backbone)
    if classic := backbone.classic:
        check_classic(request, classic, choice.card.kind)
    recipe = whole_recipe(request, meant_for(backbone, config), choice.card, backbone, data)
    output = merge(OutputPlan, config.get("output", {}), request.output)
    plan = Plan(
        card=with_metric(choice.card, recipe.metric),
        fields=choice.fields,
        data=data,
        model=backbone.name,
        network=model.of_the_network,
        recipe=recipe,
        output_dir=request.output.get("dir") or free_run_folder(run_name(choice.card, data)),
        **{name: getattr(output, name) for name in OF_THE_OUTPUT},
        machine=merge(MachinePlan, config.get("machine", {}), request.machine),
        runs=merge_runs(config.get("runs", {}), request.runs),
    )
    check_seeds(request, plan)
    check_several(plan, backbone)
    train = sampled(train, data.limit, choice, plan.split_seed)
    validation, test = (
        read_split(path, data, request.tables) if path else None for path in (data.validation, data.test)
    )
    check_tracking(plan, backbone)
    return Planned(plan, Tables(train, validation, test), backbone)


def model_of(config: Mapping[str, Any], request: TrainRequest) -> Mapping[str, Any]:
    """[model] of a config file, whose settings are its own model's."""
    planned: Mapping[str, Any] = config.get("model", {})
    return planned if request.model.get("name") in (None, planned.get("name")) else {}


def whole_recipe(
    request: TrainRequest, configured: Mapping[str, Any], card: Card, backbone: Backbone, data: DataPlan
) -> Recipe:
    """The recipe of all layers, fitted to the backbone; UsageError for what does not go together."""
    family = backbone.family
    usual = family.whole_recipe if family else None
    recipe = merge_recipe(card, small=backbone.small, config=configured, flags=request.recipe, from_scratch=usual)
    check_kind_of_settings(recipe, card)
    if family:
        check_training(request, recipe, family)
    check_features(request, recipe, backbone)
    if recipe.pool and not recipe.features:
        check_pool(backbone, recipe.pool, card.kind)
    check_few_shot(recipe, card)
    check_head_start(request, recipe, card.kind)
    check_overlap(request, recipe, card.kind)
    recipe = checked_refit(request, recipe, data)
    check_own_metric(request, recipe)
    said = {**configured, **request.recipe}
    typed = {name for name, value in said.items() if value is not None}
    return fitted(recipe, limit=positions(backbone.config), typed=typed)


def sampled(table: Table, limit: int | None, choice: Choice, seed: int) -> Table:
    """At most `limit` rows of the table, which is said."""
    if limit is None or limit >= len(table):
        return table
    how = "a stratified" if choice.card.problem == SINGLE_LABEL.name else "a random"
    console.note(f"Sample: {limit:,} of {len(table):,} training rows, {how} sample, seeded (--max-train-rows, --seed).")
    sample = sample_rows(table, limit, choice.card, choice.fields, seed)
    tell_lost_labels(labels_in(table, choice.card, choice.fields), labels_in(sample, choice.card, choice.fields), limit)
    return sample


def check_seeds(request: TrainRequest, plan: Plan) -> None:
    """UsageError for seeds that are too large, or would decide nothing."""
    drawn = not plan.data.validation or plan.data.limit or plan.runs.folds
    if request.data.get("split_seed") is not None and not drawn:
        raise UsageError("--split-seed: with --validation no row is drawn from the training file. Leave it out.")
    if plan.recipe.seed + (plan.runs.seeds or 1) > 2**32:
        raise UsageError(f"--seeds {plan.runs.seeds}: the last one is above 4294967295. Pass a smaller --seed.")


def check_several(plan: Plan, backbone: Backbone) -> None:
    """UsageError for a model that is not trained several times."""
    if backbone.classic and (plan.runs.seeds or plan.runs.folds):
        flag = "--seeds" if plan.runs.seeds else "--folds"
        raise UsageError(f"{flag}: --model {backbone.name} is fitted once, and at once. Leave it out.")


def check_tracking(plan: Plan, backbone: Backbone) -> None:
    """UsageError for trackers that are not there, or would have nothing to follow."""
    names = names_in(plan.track)
    if names and backbone.classic:
        raise UsageError(
            f"--track follows a training step by step; {plan.model} is fitted at once. Leave it out: --track none."
        )
    check_installed(names)


def check_kind_of_settings(recipe: Recipe, card: Card) -> None:
    """UsageError for settings of a card or a config file that mean nothing in this kind of task."""
    usual = Recipe()
    for other in KINDS.values():
        for name in set(other.settings) & set(settings_of(Recipe)):
            value = getattr(recipe, name)
            if value not in (getattr(usual, name), WITHOUT_EFFECT.get(name)) and not takes(name, card.kind):
                raise UsageError(
                    f"[recipe] {name} = {value} is for {other.name}; this task is {card.kind}. Leave it out."
                )


def check_few_shot(recipe: Recipe, card: Card) -> None:
    """UsageError where rows have no class that pairs could share."""
    if recipe.few_shot and card.problem != SINGLE_LABEL.name:
        raise UsageError(
            f"--few-shot is for one class per row; this task is {card.problem or card.kind}. Leave it out: --no-few-shot."
        )


def check_head_start(request: TrainRequest, recipe: Recipe, kind: str) -> None:
    """UsageError for a typed --head-start that would have no effect."""
    typed = request.recipe.get("head_start")
    if typed in ("probe", "prior") and not KINDS[kind].can_fit_head:
        raise UsageError(f"--head-start {typed}: the head of {kind} starts at random. Leave it out.")
    if typed == "probe" and recipe.bilstm:
        raise UsageError("--head-start probe: with --bilstm nothing can be fitted before training. Leave it out.")


def check_own_metric(request: TrainRequest, recipe: Recipe) -> None:
    """UsageError for a metric that cannot be had. A function is code: it is run only where the user typed it, not from a plan."""
    if recipe.metric is None or not is_function(recipe.metric):
        return
    if request.recipe.get("metric") != recipe.metric:
        raise UsageError(f"The plan names a function, which is only run if you type it: --metric {recipe.metric}.")
    load_own(recipe.metric)


def checked_refit(request: TrainRequest, recipe: Recipe, data: DataPlan) -> Recipe:
    """The recipe, without a refit where no row of the training file is held back; UsageError where that was typed."""
    if not data.validation:
        return recipe
    if request.recipe.get("refit"):
        raise UsageError(
            "--refit is for validation rows that were held back from the training file; this run has a file for validation. "
            "Leave it out: --no-refit."
        )
    return replace(recipe, refit=None if recipe.refit is None else False)


def _notes(table: Any) -> list[str]:
    return [f"  {note}" for note in table.source.notes] if table.source else []


def with_metric(card: Card, metric: str | None, *, labels: int | None = None) -> Card:
    """The card with another main metric, which is scored too. One that is none of ours stands beside the card (prepare.py).
    `labels`: how many there are, where that is known."""
    if metric is None or metric == card.metric or is_function(metric):
        return card
    metric = check_metric(card.solves.name, metric, labels=labels)
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
