"""Baseline: the models that suit a data set, from the label counts alone to BERT, trained one after the other on the same rows
and compared on the rows that judged them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bertft import console
from bertft.classic.models import CLASSICS, OF_ALL, classics_for
from bertft.engine.device import own_precision_each
from bertft.errors import UsageError
from bertft.jobs.judging.compare import compare
from bertft.jobs.requests import BaselineRequest, CompareRequest, TrainRequest
from bertft.jobs.training.planning import Planned
from bertft.jobs.training.train import plan_training, train
from bertft.model.families import FAMILIES, families_for
from bertft.model.folder import free_folder
from bertft.report.baselines import BaselineRun, Baselines
from bertft.runs.record import add_to_run, read_record

WHOLE = "whole"
"""Timing of a run from its rows to its records: what was tried before the training, and the refit, are in it."""

USUAL = ("textcnn", "bilstm")
"""The network that stands for those from before BERT, where none is named: the first that can do the task."""


def baseline(request: BaselineRequest) -> Baselines:
    """Train what is not trained yet, and compare. UsageError before anything is trained where something does not fit."""
    with console.hushed():
        planned = plan_training(replace(request.train, resume=False))
    names = [*chosen_models(request, planned), planned.backbone.name]
    folder = Path(request.train.output.get("dir") or free_folder(f"{planned.plan.output_dir}-baselines"))
    folders = run_folders(names, folder)
    check_folders(folders, request.train)
    with own_precision_each() as next_one:
        for number, (name, run) in enumerate(zip(names, folders, strict=True), 1):
            console.note(f"\n{number} of {len(names)}: {name}")
            train_one(request_for(request.train, name, run), run)
            next_one()
    machine, tables = request.train.machine, request.train.tables
    dearest_first = [str(run) for run in reversed(folders)]
    compared = compare(CompareRequest(runs=dearest_first, machine=machine, examples=0, tables=tables))
    runs = zip(reversed(folders), compared.runs, strict=True)
    return Baselines(folder, [BaselineRun(run.name, one, seconds_of(run)) for run, one in runs], compared)


def models_named(names: str | Sequence[str] | None) -> tuple[str, ...]:
    """Those of a list, or with commas between; none where nothing was said."""
    if not isinstance(names, str):
        return tuple(names or ())
    found = tuple(name.strip() for name in names.split(","))
    if not all(found):
        raise UsageError("--models is empty, or has an empty name: names with commas between are wanted.")
    return found


def chosen_models(request: BaselineRequest, planned: Planned) -> list[str]:
    """Those that were named, or those that suit the task, cheap ones first; without the one that is held against them."""
    kind, pair = planned.plan.card.kind, planned.plan.fields.text_pair is not None
    known = [*classics_for(kind), *families_for(kind, pair=pair)]
    if not known:
        raise UsageError(
            f"There is no model from before BERT for {kind}, so there is nothing to compare. Use bertft train."
        )
    if twice := [name for name in dict.fromkeys(request.models) if list(request.models).count(name) > 1]:
        raise UsageError(f"--models names {' and '.join(twice)} twice.")
    if unknown := [name for name in request.models if name not in known]:
        raise UsageError(f"--models {', '.join(unknown)}: not for {kind} here. There are {', '.join(known)}.")
    if planned.backbone.name in {*CLASSICS, *FAMILIES}:
        raise UsageError(f"--model {planned.backbone.name}: names the BERT here. Others are chosen with --models.")
    usual = [*classics_for(kind), next((name for name in USUAL if name in known), "")]
    left_out = [name for name in known if name not in usual and not request.models]
    if left_out:
        console.note(f"Left out: {', '.join(left_out)} (--models).")
    return [name for name in known if (name in request.models if request.models else name not in left_out)]


def run_folders(names: Sequence[str], folder: Path) -> list[Path]:
    """A folder in `folder` for each model. UsageError where two would have the same."""
    found = [folder / Path(name).resolve().name for name in names]
    if len(set(found)) < len(found):
        raise UsageError(f"--model {names[-1]}: its folder would be that of another model. Give it another name.")
    return found


def check_folders(folders: Sequence[Path], request: TrainRequest) -> None:
    """UsageError for what lies there already, before the first model is trained."""
    there = [str(folder) for folder in folders if folder.is_dir() and any(folder.iterdir())]
    if there and not (request.resume or request.overwrite):
        raise UsageError(
            f"{', '.join(there)}: there already. Pass --resume to train only what is missing, --overwrite to train all again, "
            f"or choose another folder with -o."
        )


def request_for(request: TrainRequest, name: str, folder: Path) -> TrainRequest:
    """The same rows for another model. What was said of training is for BERT, but for what means the same to all."""
    model = CLASSICS.get(name)
    recipe = dict(request.recipe)
    if model or name in FAMILIES:
        shared = {*OF_ALL, *(model.settings if model else ("class_weights", "scheme"))}
        recipe = {key: value for key, value in recipe.items() if key in shared}
    output = {key: value for key, value in request.output.items() if key != "save_steps" or not model}
    return replace(request, model={"name": name}, recipe=recipe, output={**output, "dir": str(folder)})


def train_one(request: TrainRequest, folder: Path) -> None:
    """Train, and note how long it took as a whole; of a run that was begun before that is not known."""
    finished = train(request)
    if finished.seconds is not None:
        add_to_run(folder, "timings", WHOLE, {"seconds": round(finished.seconds, 3)})


def seconds_of(folder: Path) -> float | None:
    """How long the whole run took, where that is known."""
    return read_record(folder).seconds(WHOLE)
