"""Train: a request in, a full run folder and what is to be said of it out. torch wakes with this file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bertft.engine.device import decided_by_main, own_precision_each, precision_here, start_accelerator
from bertft.engine.fitting import run_fitting
from bertft.engine.prepare import Tables
from bertft.engine.record import Finished, data_hashes, finished_before, other_hashes
from bertft.engine.resume import go_on, threads_of
from bertft.engine.training import run_training
from bertft.engine.training_run import TrainingRun
from bertft.errors import Stopped
from bertft.jobs.requests import TrainRequest
from bertft.jobs.training.folds import train_folds
from bertft.jobs.training.members import drop_members, has_begun
from bertft.jobs.training.planning import Planned, make_plan
from bertft.jobs.training.resuming import check_repeats, going_on, left_as_it_is, refuse_without_state, stored_plan
from bertft.jobs.training.seeds import train_seeds
from bertft.model.backbone import Backbone
from bertft.model.folder import open_run_folder
from bertft.plan.plan import Plan
from bertft.plan.sections import MachinePlan
from bertft.protocols import Device
from bertft.system.cores import THREAD_SETTINGS
from bertft.system.locks import locked_folder


def plan_training(request: TrainRequest) -> Planned:
    """What `train` would do, and with which rows, without doing it."""
    return make_plan(going_on(request) if request.resume else request)


def train(request: TrainRequest) -> Finished:
    """Plan and train; the run folder is full at the end."""
    if request.resume:
        request = going_on(request)
    planned = make_plan(request)

    def learn(run: TrainingRun, accelerator: Device) -> Finished:
        if model := planned.backbone.classic:
            return run_fitting(run, model, planned.tables, accelerator)
        return way_of(run.plan)(run, planned.tables, accelerator)

    return carried_out(request, planned.plan, planned.backbone, learn)


def carried_out(
    request: TrainRequest, plan: Plan, backbone: Backbone, learn: Callable[[TrainingRun, Device], Finished]
) -> Finished:
    """The plan of a request, learned in its own folder, which is held meanwhile; a run that has ended is left as it is."""
    if request.resume:
        check_repeats(plan, stored_plan(Path(plan.output_dir)))
        if (before := finished_before(Path(plan.output_dir), plan, backbone)) is not None:
            drop_members(Path(plan.output_dir))
            return left_as_it_is(before, request)
        refuse_without_state(Path(plan.output_dir))
    with ExitStack() as held:
        next_one = held.enter_context(own_precision_each())
        if backbone.is_ours:
            held.callback(next_one)
        accelerator = start_accelerator(
            precision_for(plan.recipe.precision, backbone), machine_for(plan, resume=request.resume)
        )
        folder = decided_by_main(accelerator, lambda: run_folder(plan, request, held))
        plan = replace(plan, output_dir=folder)
        hashes = {**data_hashes(plan.data, request.tables), **other_hashes(plan)}
        run = TrainingRun(plan, backbone, Path(folder), request.command, hashes, request.resume, request.observers)
        started = time.perf_counter()
        try:
            finished = learn(run, accelerator)
            return finished if request.resume else replace(finished, seconds=time.perf_counter() - started)
        except Stopped as stop:
            begun = has_begun(run.folder)
            stop.hint = f"Progress is saved; {go_on(run.folder)}" if begun else "No step was taken yet."
            raise


def way_of(plan: Plan) -> Callable[[TrainingRun, Tables, Device], Finished]:
    """How it is trained: once, or several times."""
    if plan.runs.seeds:
        return train_seeds
    return train_folds if plan.runs.folds and not plan.runs.fold else run_training


def precision_for(asked: str, backbone: Backbone) -> str:
    """What was asked for. A model from before BERT computes in fp32 whatever the precision of the program."""
    return "auto" if backbone.is_ours and precision_here(asked) is None else asked


def machine_for(plan: Plan, *, resume: bool) -> MachinePlan:
    """What was asked for; a resumed run has its own number of threads, unless the environment says otherwise."""
    if plan.machine.threads or not resume or any(name in os.environ for name in THREAD_SETTINGS):
        return plan.machine
    return replace(plan.machine, threads=threads_of(Path(plan.output_dir)))


def run_folder(plan: Plan, request: TrainRequest, held: ExitStack) -> str:
    """The folder of the run, which is held until the end; empty unless the run is resumed."""
    held.enter_context(locked_folder(Path(plan.output_dir)))
    return plan.output_dir if request.resume else str(open_run_folder(plan.output_dir, overwrite=request.overwrite))
