"""What is known of a training before its first step: what is said of it, written of it, and held against a run to go on with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bertft import console, fast
from bertft.adapters import Adapter
from bertft.engine.checkpoints import Checkpoints
from bertft.engine.device import describe
from bertft.engine.examples import Examples
from bertft.engine.observers import Observer
from bertft.engine.prepare import Tables, task_record
from bertft.engine.record import write_plan
from bertft.engine.resume import place_of_tokenizer
from bertft.engine.tracking import Tracking
from bertft.model.backbone import Backbone
from bertft.model.folder import save_tokenizer, write_task
from bertft.model.layers import count_parameters
from bertft.plan.plan import Plan
from bertft.protocols import Device, Network
from bertft.scoring import Baseline
from bertft.system.files import explained, sweep


@dataclass(frozen=True)
class TrainingRun:
    """What is known before the first step."""

    plan: Plan
    backbone: Backbone
    folder: Path
    command: str
    """What the user typed."""
    data: Mapping[str, str]
    """Each file's sha256, taken before anything was learned."""
    resume: bool = False
    observers: Sequence[Observer] = ()
    tracking: Tracking | None = None
    """That of the plan, an observer too, once the plan is whole."""

    @property
    def begun(self) -> Path | None:
        """Where the tokenizer stands of a run that is gone on with; None for one from the beginning."""
        return place_of_tokenizer(self.folder) if self.resume else None


@contextmanager
def tracked(run: TrainingRun, accelerator: Device) -> Iterator[TrainingRun]:
    """The run with its trackers, which end with the block."""
    tracking = Tracking(run.plan, run.folder, accelerator)
    try:
        yield replace(run, tracking=tracking, observers=(*run.observers, tracking))
    finally:
        tracking.close()


def introduce(
    network: Network, run: TrainingRun, accelerator: Device, examples: Examples, validation: Examples
) -> None:
    """Say what is about to be trained, on what, and what it will take on the disk."""
    total, trainable = count_parameters(network)
    megabytes = total * 4 / 1e6
    device = describe(accelerator, is_ours=run.backbone.is_ours)
    console.note(
        f"Model: {run.backbone.name}, {total:,} parameters, {trainable:,} of them trainable; {device}.\n"
        f"Rows: {len(examples):,} for training, {len(validation):,} for validation.\n"
        f"Folder: {run.folder} will hold {megabytes:,.0f} MB (best model) and "
        f"{megabytes * (2 if run.plan.recipe.refit else 1) + trainable * 8 / 1e6:,.0f} MB (to go on from)."
    )


def write_start(run: TrainingRun, adapter: Adapter) -> None:
    """All of the run folder that is known before training; the plan first, as it makes the folder a run."""
    with explained(run.folder, "Make room, or choose another folder with -o."):
        sweep(run.folder)
        write_plan(run.plan, run.folder)
        save_tokenizer(adapter.tokenizer, run.folder)
        write_task(run.folder, task_record(adapter))


def checkpoints_of(
    run: TrainingRun, metric: str, accelerator: Device, *, resuming: bool, warm: bool, baseline: Baseline
) -> Checkpoints:
    """Those of a run, as its plan has them. `warm`, `metric` and `baseline` as in Checkpoints."""
    return Checkpoints(
        run.folder,
        metric=metric,
        patience=run.plan.recipe.early_stop,
        accelerator=accelerator,
        facts=facts(run, accelerator),
        save_steps=run.plan.save_steps,
        resuming=resuming,
        warm=warm,
        baseline=baseline,
    )


def facts(run: TrainingRun, accelerator: Device) -> dict[str, Any]:
    """What a resumed run must have in common with what it goes on from, or can only nearly repeat it."""
    import torch

    return {
        "data": dict(run.data),
        "torch": torch.__version__,
        "precision": accelerator.mixed_precision,
        "device": accelerator.device.type,
        "processes": accelerator.num_processes,
        "threads": torch.get_num_threads(),
        "fast": fast.is_on(),
        "pool": run.plan.recipe.pool,
    }


def origin_in(tables: Tables) -> Callable[[int], str]:
    """Where a row of the training table stands in its file."""
    return lambda row: tables.train[row].origin
