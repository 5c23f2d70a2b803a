"""The same training with several seeds: how far scores depend on chance, and the run that is best on the validation rows. Seeds
differ in the order of the rows, dropout and a random head; the rows that are held back are the same for all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace

from bertft import console
from bertft.engine.prepare import Tables
from bertft.engine.record import Finished, finished_before
from bertft.engine.refit import files_of_model
from bertft.engine.resume import go_on
from bertft.engine.training import leave_records
from bertft.engine.training_run import TrainingRun
from bertft.errors import CheckpointError
from bertft.jobs.training.members import Members, member
from bertft.plan.plan import Plan
from bertft.plan.sections import RunsPlan
from bertft.protocols import Device
from bertft.runs import CHECKPOINT, ERRORS, HISTORY, SEEDS
from bertft.runs.record import RunRecord
from bertft.runs.series import Series
from bertft.scoring import Scores
from bertft.system.files import explained, landing


def train_seeds(run: TrainingRun, tables: Tables, accelerator: Device) -> Finished:
    """The best of the runs, in the folder of the whole."""
    members = Members.read(run, tables, accelerator)
    members.begin()
    plans = plans_of_seeds(members.run.plan)
    records: dict[str, RunRecord] = {}
    for number, (name, plan) in enumerate(plans.items(), 1):
        title = f"Run {number:,} of {len(plans):,}: seed {plan.recipe.seed}."
        records[name] = members.train(name, plan, members.prepared, title)
        kept = best_of(records)
        for other in records:
            if other != kept:
                members.drop_weights(other)
    main = Scores.from_dict(records[kept].scores["validation"]).main
    series = Series.of(SEEDS, main, kept, tuple(member(name, record) for name, record in records.items()))
    return keep(members, kept, plans[kept], series)


def plans_of_seeds(plan: Plan) -> dict[str, Plan]:
    """Folder -> plan of each run; the first is that of a run with one seed."""
    first, data = plan.recipe.seed, replace(plan.data, split_seed=plan.split_seed)
    return {
        f"{SEEDS}/{seed}": replace(plan, recipe=replace(plan.recipe, seed=seed), data=data, runs=RunsPlan())
        for seed in range(first, first + (plan.runs.seeds or 1))
    }


def best_of(records: Mapping[str, RunRecord]) -> str:
    """The first of those whose model scored best on the validation rows, before it learned from them."""
    return max(records, key=lambda name: Scores.from_dict(records[name].scores["validation"]).rank)


def keep(members: Members, kept: str, plan: Plan, series: Series) -> Finished:
    """Give the whole run the model of one of its members, and a record, which comes last."""
    run, folder = members.run, members.folder(kept)
    found = finished_before(folder, plan, run.backbone)
    if found is None:
        raise CheckpointError(f"{folder}: its model is damaged. Train again without --resume, in another folder.")
    if members.accelerator.is_main_process:
        with explained(run.folder, f"Make room and {go_on(run.folder)}"):
            _move_model(members, kept)
    members.accelerator.wait_for_everyone()
    whole = replace(plan, output_dir=run.plan.output_dir, runs=run.plan.runs)
    finished = replace(found, folder=run.folder, plan=whole, command=run.command, series=series)
    leave_records(finished, members.accelerator)
    members.drop_weights(kept)
    console.note(f"Kept: {kept}, the best on the validation rows. Its model stands in {run.folder}.")
    return finished


def _move_model(members: Members, kept: str) -> None:
    """All of it or none: what stands there already was moved before a stop."""
    run, folder = members.run.folder, members.folder(kept)
    if (folder / CHECKPOINT).is_dir():
        shutil.rmtree(run / CHECKPOINT, ignore_errors=True)
        os.replace(folder / CHECKPOINT, run / CHECKPOINT)
    with landing(run) as beside:
        for file in files_of_model(folder):
            shutil.copy2(file, beside)
        for name in (HISTORY, ERRORS):
            if (folder / name).is_file():
                shutil.copy2(folder / name, beside)
