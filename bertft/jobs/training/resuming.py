"""Going on with a run: its own plan, what must be the same again, and a run that has ended already, which is left as it is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bertft import console
from bertft.engine.record import Finished, data_hashes, other_hashes
from bertft.engine.resume import check_same_data
from bertft.errors import CheckpointError, UsageError
from bertft.jobs.requests import TrainRequest
from bertft.jobs.training.older_plans import pool_of_run
from bertft.model.folder import check_kept, free_folder
from bertft.model.trust import check_closed
from bertft.plan.card import Card
from bertft.plan.plan import Plan, read_config, verb_of
from bertft.plan.recipe import Recipe
from bertft.plan.sections import MEMORY
from bertft.runs import CHECKPOINT, PLAN, RECORD
from bertft.scoring.own import typed_again
from bertft.system.files import last_whole
from bertft.wording import counted


def going_on(request: TrainRequest, verb: str = "train") -> TrainRequest:
    """The request of a resumed run: its own plan is the config file. Where there is none yet, that of a new run."""
    if request.overwrite:
        raise UsageError("--resume and --overwrite exclude each other: one goes on with a run, the other deletes it.")
    folder = request.output.get("dir")
    if not folder:
        raise UsageError("--resume needs the run folder: -o DIR.")
    if (Path(folder) / PLAN).is_file():
        check_verb(Path(folder), verb)
        check_closed(Path(folder))
        check_kept(Path(folder))
        found = read_config(str(Path(folder) / PLAN))
        own = {"refit": found.get("recipe", {}).get("refit", False), **pool_of_run(Path(folder), found)}
        recipe = {**request.recipe, **{name: one for name, one in own.items() if request.recipe.get(name) is None}}
        return replace(request, config=request.config or str(Path(folder) / PLAN), recipe=recipe)
    if not (request.data.get("train") or request.task or request.config):
        raise UsageError(f"{folder}: no run to resume (it has no {PLAN}).")
    console.note(f"{folder}: no interrupted run yet, so it starts from the beginning.")
    return replace(request, resume=False)


def check_verb(folder: Path, verb: str) -> None:
    """UsageError for a run that another command learns."""
    if (own := verb_of(read_config(str(folder / PLAN)))) != verb:
        raise UsageError(
            f"{folder}: a run of bertft {own}. Go on with: bertft {own} --resume -o {shlex.quote(str(folder))}"
        )


def stored_plan(folder: Path) -> dict[str, Any]:
    """A run's plan.toml. One from before there was a refit asks for none, and older ones may tell another pooling."""
    found = read_config(str(folder / PLAN))
    return {**found, "recipe": {"refit": False, **found.get("recipe", {}), **pool_of_run(folder, found)}}


def check_repeats(plan: Plan, stored: Mapping[str, Any]) -> None:
    """UsageError when a resumed run is asked to be another one."""
    asked = plan.to_dict()
    card = Card.from_dict(stored.get("task", {}), PLAN)  # its metrics may be spelled otherwise than now
    usual = {
        name: value for name, value in asdict(Recipe()).items() if value is not None
    }  # older runs have fewer settings
    stored = {**stored, "task": card.to_dict(), "recipe": {**usual, **stored.get("recipe", {})}}
    changed = [
        f"[{section}] {key}: {stored.get(section, {}).get(key)} in the run, {asked.get(section, {}).get(key)} now"
        for section in ("task", "data", "model", "recipe", "pretraining", "runs")
        for key in sorted({*asked.get(section, {}), *stored.get(section, {})})
        if asked.get(section, {}).get(key) != stored.get(section, {}).get(key)
    ]
    if changed:
        differ = f"--resume continues the same run, but these settings differ: {'; '.join(changed)}."
        raise UsageError(f"{differ} {longer_run(plan, stored['recipe'])}".rstrip())


def longer_run(plan: Plan, stored: Mapping[str, Any]) -> str:
    """What to type for another length of training; '' where the length is the same."""
    name = "max_steps" if plan.recipe.max_steps else "epochs"
    asked, before = getattr(plan.recipe, name), stored.get(name)
    if asked is None or asked == before or plan.data.train.startswith(MEMORY):
        return ""
    metric = typed_again(plan.recipe.metric)
    command = f"bertft {plan.verb} --config {shlex.quote(f'{plan.output_dir}/{PLAN}')}{metric}"
    flag, folder = f"--{name.replace('_', '-')}", shlex.quote(free_folder(plan.output_dir))
    new = f"The learning rate follows the length that was planned, so train a new run: {command} {flag} {asked:g} -o {folder}"
    if not before or asked < before or plan.recipe.refit:  # a refitted model knows the validation rows
        return f"{new}"
    more = f"{command} --model {shlex.quote(plan.output_dir)} {flag} {asked - before:g} -o {folder}"
    return f"{new}\nOr begin with the model of this one: {more}"


def refuse_without_state(folder: Path) -> None:
    """CheckpointError for a run that has ended, but whose record cannot be read: it would be trained anew, over its model."""
    if (folder / RECORD).is_file() and not last_whole(folder / CHECKPOINT).is_dir():
        raise CheckpointError(
            f"{folder}: a finished run, with no state to continue from, and {RECORD} is damaged or of an early version. "
            f"Train again without --resume, in another folder."
        )


def left_as_it_is(finished: Finished, request: TrainRequest) -> Finished:
    """A run that was to be resumed, but has ended; UsageError if it was to learn from other data."""
    plan = finished.plan
    check_same_data(finished.data, {**data_hashes(plan.data, request.tables), **other_hashes(plan)})
    console.note(f"{finished.folder}: already finished, after {counted(finished.steps, 'step')}. Nothing was changed.")
    return finished
