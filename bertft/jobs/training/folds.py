"""Cross-validation: a run for each fold, which has not seen it and is scored on it; then a run on all rows, whose model is kept.
The runs of the folds measure what the last one does, and change nothing about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bertft import console
from bertft.engine.folds import folds_of, rare_classes, why_no_folds
from bertft.engine.out_of_fold import lines_of, settled_answers, write_lines
from bertft.engine.prepare import Prepared, Tables, arranged, prepare
from bertft.engine.record import Finished
from bertft.engine.resume import go_on
from bertft.engine.training import train_on
from bertft.engine.training_run import TrainingRun
from bertft.errors import DataError
from bertft.jobs.training.members import Members, member
from bertft.plan.plan import Plan
from bertft.protocols import Device
from bertft.runs import FOLDS
from bertft.runs.record import RunRecord
from bertft.runs.series import JUDGED, Member, Series
from bertft.system.files import explained
from bertft.wording import counted


def train_folds(run: TrainingRun, tables: Tables, accelerator: Device) -> Finished:
    """The run on all rows, after one for each fold."""
    members = Members.read(run, tables, accelerator)
    folds = parted_rows(members)
    members.begin()
    records: dict[str, RunRecord] = {}
    runs = members.run.plan.runs.folds or 0
    for fold in range(1, runs + 1):
        name, plan = f"{FOLDS}/{fold}", plan_of_fold(members.run.plan, fold)
        title = f"Run {fold:,} of {runs + 1:,}: without fold {fold}, {counted(int((folds == fold).sum()), 'row')}."
        records[name] = members.train(name, plan, without_fold(members, plan), title)
        members.drop_weights(name)
    series = series_of(members, folds, records)
    console.note(f"Run {runs + 1:,} of {runs + 1:,}: on all rows. Its model is kept.")
    return train_on(members.prepared, members.run, tables, accelerator, series)


def parted_rows(members: Members) -> Any:
    """(N,) the fold of each usable row. DataError where there cannot be so many."""
    rows, plan = members.prepared.everything, members.run.plan
    folds = plan.runs.folds or 0
    if why := why_no_folds(folds, rows.groups):
        raise DataError(f"{rows.name}: {why}. Pass a smaller --folds, or leave it out.")
    names = members.prepared.adapter.labels.names
    if rare := rare_classes(rows.targets, folds, names):
        few = ", ".join(rare[:5]) + (", …" if len(rare) > 5 else "")
        have = counted(len(rare), "class has", "classes have")
        console.warn(f"Folds: {have} fewer rows than folds, so some folds have none of them: {few} (--folds).")
    found = folds_of(rows.targets, folds, plan.split_seed, rows.groups)
    tell_parted_texts(rows.texts, found)
    return found


def tell_parted_texts(texts: Sequence[int], folds: Any) -> None:
    """What is said where the same text stands in several folds."""
    where: dict[int, set[int]] = {}
    for text, fold in zip(texts, folds.tolist(), strict=True):
        where.setdefault(text, set()).add(fold)
    if seen := sum(len(where[text]) > 1 for text in texts):
        rows = counted(seen, "row has its", "rows have their")
        console.warn(f"Folds: {rows} text in another fold too, which flatters the scores (bertft check).")


def plan_of_fold(plan: Plan, fold: int) -> Plan:
    return replace(plan, runs=replace(plan.runs, fold=fold))


def without_fold(members: Members, plan: Plan) -> Prepared:
    """The rows of such a run. Words that only its fold has are unknown to a model that learns them with the task."""
    whole, backbone = members.prepared, members.run.backbone
    if backbone.is_new:
        with console.hushed():
            return prepare(plan, members.tables, backbone)
    given = whole.validation if plan.data.validation else None
    with console.hushed():
        return arranged(plan, whole.adapter, whole.everything, given, None)


def series_of(members: Members, folds: Any, records: dict[str, RunRecord]) -> Series:
    """What the runs of the folds say together: a line for each row, in the order of the file, and the scores of all."""
    rows, adapter = members.prepared.everything, members.prepared.adapter
    lines: list[Any] = [None] * len(rows)
    answers: list[Any] = [None] * len(rows)
    for fold, name in enumerate(records, 1):
        found = list(lines_of(members.folder(name)))
        settled = settled_answers(members.folder(name), adapter, found)
        for place, line, answer in zip(np.flatnonzero(folds == fold), found, settled, strict=True):
            lines[place], answers[place] = line, answer
    if members.accelerator.is_main_process:
        with explained(members.run.folder, f"Make room and {go_on(members.run.folder)}"):
            write_lines(members.run.folder, lines)
    pooled = adapter.score(answers, rows.targets)
    told = [_told(member(name, record)) for name, record in records.items()]
    return Series.of(FOLDS, pooled.main, None, tuple(told), pooled.as_dict())


def _told(found: Member) -> Member:
    """The test of a fold's run is the fold."""
    names = {"test": JUDGED}
    rows = {names.get(split, split): count for split, count in found.rows.items()}
    return replace(found, rows=rows, scores={names.get(split, split): one for split, one in found.scores.items()})
