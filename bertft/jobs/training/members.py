"""The runs of a training that is done several times. Each has a folder in that of the whole run, is resumed like any other, and
is not done again once it has ended."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bertft import console
from bertft.engine.prepare import Prepared, Tables, prepare
from bertft.engine.record import write_plan
from bertft.engine.resume import check_same_data, go_on
from bertft.engine.training import sized_plan, train_on
from bertft.engine.training_run import TrainingRun
from bertft.engine.vocabulary import fresh_backbone
from bertft.errors import CheckpointError
from bertft.model.folder import model_files
from bertft.plan.plan import Plan
from bertft.protocols import Device
from bertft.runs import BEST, CARD, CHECKPOINT, FOLDS, PLAN, REFIT_MARK, SEEDS
from bertft.runs.record import RunRecord, read_record
from bertft.runs.series import Member
from bertft.system.files import explained, last_whole

WEIGHTS = "*.safetensors"


@dataclass(frozen=True)
class Members:
    """What all of them have in common."""

    run: TrainingRun
    """The whole run. Its plan has all settings, those that the size of the file decides too: they are the same for all."""
    prepared: Prepared
    tables: Tables
    accelerator: Device

    @classmethod
    def read(cls, run: TrainingRun, tables: Tables, accelerator: Device) -> Members:
        """The rows, and the plan with all that their number decides."""
        prepared = prepare(run.plan, tables, run.backbone, begun=run.begun)
        plan = sized_plan(run, prepared.adapter, prepared.train)
        return cls(replace(run, plan=plan), prepared, tables, accelerator)

    def begin(self) -> None:
        """Write the plan, from which the whole can be resumed."""
        if self.accelerator.is_main_process:
            with explained(self.run.folder, "Make room, or choose another folder with -o."):
                write_plan(self.run.plan, self.run.folder)
        self.accelerator.wait_for_everyone()

    def folder(self, name: str) -> Path:
        return self.run.folder / name

    def train(self, name: str, plan: Plan, prepared: Prepared, title: str) -> RunRecord:
        """Train one of them, unless it has ended."""
        folder = self.folder(name)
        if (before := ended(folder)) is not None:
            files = {file.path: file.sha256 for file in before.data.values() if file.sha256}
            check_same_data(files, self.run.data)
            console.note(f"{title} Already finished.")
            return before
        console.note(title)
        if self.accelerator.is_main_process:
            with explained(folder, f"Make room and {go_on(self.run.folder)}"):
                folder.mkdir(parents=True, exist_ok=True)
        self.accelerator.wait_for_everyone()
        plan = replace(plan, output_dir=str(folder))
        one = replace(self.run, plan=plan, folder=folder, backbone=fresh_backbone(plan))
        train_on(prepared, one, self.tables, self.accelerator)
        self.accelerator.free_memory()
        return read_record(folder)

    def drop_weights(self, name: str) -> None:
        """Of one that is not kept: what takes room, and the card of a model that is gone."""
        if self.accelerator.is_main_process:
            remove_weights(self.folder(name))
        self.accelerator.wait_for_everyone()


def ended(folder: Path) -> RunRecord | None:
    """The record of a run; None while there is none."""
    with suppress(CheckpointError):
        return read_record(folder)
    return None


def remove_weights(folder: Path) -> None:
    """Of a model, its last state, and the model before a refit; with what is of no use without them. bertft.json and the
    state's counters stay."""
    shutil.rmtree(folder / CHECKPOINT / BEST, ignore_errors=True)
    names = [CARD, f"{CHECKPOINT}/{REFIT_MARK}", *model_files(folder)]
    for file in [*(folder / name for name in names), *(folder / CHECKPOINT).glob(WEIGHTS)]:
        file.unlink(missing_ok=True)


def drop_members(whole: Path) -> None:
    """All weights that a finished run has beside its own: it may have been stopped before they went."""
    for folder in _folders(whole):
        remove_weights(folder)


def member(name: str, record: RunRecord) -> Member:
    """As the whole run's record has it."""
    scores = {split: dict(found["values"]) for split, found in record.scores.items()}
    seconds = record.seconds("train") or 0.0
    return Member(name, dict(record.rows), scores, record.steps, record.best_step, seconds)


def has_begun(folder: Path) -> bool:
    """Whether there is a state, of the run or of one of its members, or a member that has ended."""
    return any(last_whole(place / CHECKPOINT).is_dir() for place in (folder, *_folders(folder)))


def _folders(whole: Path) -> list[Path]:
    return [folder for folder in (*whole.glob(f"{SEEDS}/*"), *whole.glob(f"{FOLDS}/*")) if (folder / PLAN).is_file()]
