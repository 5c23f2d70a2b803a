"""The rows that a finished run learned from and was judged by, found again. The run may be a stranger's: only files are opened,
and only those that it read. What a training needs besides, such as its backbone, its trackers or a metric of its own, is not
looked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bertft.engine.prepare import Tables
from bertft.engine.record import data_hashes
from bertft.errors import UsageError, UserError
from bertft.jobs.requests import TrainRequest
from bertft.jobs.splits import HUB, read_split, read_training
from bertft.jobs.task_choice import Asked, choose_task
from bertft.jobs.training.planning import sampled
from bertft.plan.plan import Plan, merge, merge_data, merge_runs, read_config
from bertft.plan.recipe import Recipe
from bertft.plan.sections import MEMORY, DataPlan, MachinePlan
from bertft.reading import Table, files_of
from bertft.runs import PLAN
from bertft.runs.record import RunRecord, read_record

_INSTEAD = "Name a labelled file with --data."


@dataclass(frozen=True)
class OwnRows:
    """What a run was made from, as far as rows go."""

    plan: Plan
    tables: Tables


def own_rows(folder: Path, handed: Mapping[str, Table], *, train: str | None = None) -> OwnRows:
    """As the run had them. `handed`: rows that are no file, by the name that its plan gives them. `train`: where its training
    file lies now; no test file is looked for then. UserError where they are gone or have changed."""
    try:
        return _read(folder, handed, train)
    except UserError as problem:
        raise type(problem)(f"{problem} {_INSTEAD}") from None


def _read(folder: Path, handed: Mapping[str, Table], moved: str | None) -> OwnRows:
    config = config_of_run(folder)
    data, record = merge_data(config.get("data", {}), {}), read_record(folder)
    if moved is not None:
        files = {split: replace(file, path=moved) for split, file in record.data.items() if file.path == data.train}
        record = replace(record, data=files)
        data = replace(data, train=moved, test=None)
    if fault := fault_of(data, record, handed):
        raise UsageError(": ".join(fault))
    train = read_training(data, handed)
    choice = choose_task(Asked.of(TrainRequest(), config), train)
    plan = Plan(
        card=choice.card,
        fields=choice.fields,
        data=data,
        model=str(config.get("model", {}).get("name")),
        recipe=merge(Recipe, config.get("recipe", {})),
        output_dir=str(folder),
        machine=merge(MachinePlan, config.get("machine", {})),
        runs=merge_runs(config.get("runs", {}), {}),
    )
    train = sampled(train, data.limit, choice, plan.split_seed)
    validation, test = (read_split(path, data, handed) if path else None for path in (data.validation, data.test))
    return OwnRows(plan, Tables(train, validation, test))


def config_of_run(folder: Path) -> dict[str, Any]:
    """Its plan.toml, with a whole card: the name of one could be a path."""
    if not (folder / PLAN).is_file():
        raise UsageError(f"{folder}: no {PLAN}, so the rows that judged it are not known.")
    config = read_config(str(folder / PLAN))
    if not isinstance(config.get("task"), dict):
        raise UsageError(f"{folder / PLAN}: no [task] in it, as that of a run has.")
    return config


def fault_of(data: DataPlan, run: RunRecord, handed: Mapping[str, Table]) -> tuple[str, str] | None:
    """The first source that is not what the run read, and why, as a sentence; None where all are. Nothing is opened but files
    that the plan names."""
    paths = [path for path in (data.train, *(data.more_train or ()), data.validation, data.test) if path]
    for path in paths:
        if path not in handed and (why := _why_no_file(path)):
            return path, why
    then = {str(file.path): file.sha256 for file in run.data.values()}
    try:
        now = data_hashes(data, handed)
    except OSError as problem:
        return str(problem.filename), f"cannot be read ({problem.strerror})."
    changed = next((path for path in paths if now.get(path) is None or now[path] != then.get(path)), None)
    return (changed, "changed since the run learned from it.") if changed else None


def _why_no_file(path: str) -> str:
    if path.startswith(MEMORY):
        return "rows that a program handed over."
    if path.startswith(HUB):
        return "rows of the Hub, which is not asked for what a finished run names."
    if path == "-":
        return "rows of standard input."
    if files_of(path):
        return ""
    return "not a file with rows." if Path(path).exists() else "no such file."
