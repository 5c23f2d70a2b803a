"""What a run leaves behind besides weights: plan.toml, run.json, the model card. Nothing here trains or prints."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import tomli_w

from bertft.errors import CheckpointError
from bertft.kinds import KINDS
from bertft.model.backbone import Backbone
from bertft.model.folder import read_task
from bertft.model.span_head import WORDS, needs_span_head
from bertft.plan.plan import Plan
from bertft.plan.sections import MEMORY, DataPlan
from bertft.reading import Table
from bertft.reading.digests import sha256_of, sha256_of_rows
from bertft.report.model_card import model_card
from bertft.runs import CARD, PLAN
from bertft.runs.record import DataFile, ParameterCount, RunRecord, read_record
from bertft.runs.series import Series
from bertft.scoring import Comparison, Coverage, Scores
from bertft.scoring.own import typed_again
from bertft.scoring.trust import Trust
from bertft.system.files import write_text
from bertft.system.versions import machine, versions

SPLITS = ("validation", "test")
"""That a run scores by itself; what else run.json has of scores came from `eval`."""

BY_THE_PROGRAM = "bertft.{verb}(…) with the same rows and settings"
"""What repeats a run on rows that a program handed over."""


@dataclass(frozen=True)
class Finished:
    """A run that has ended."""

    folder: Path
    plan: Plan
    backbone: Backbone
    command: str
    data: Mapping[str, str]
    """Path -> sha256."""
    scores: Mapping[str, Scores]
    comparison: Comparison
    """The validation scores beside those that need no training."""
    advice: str
    """What would make the next run better; '' if nothing is known."""
    timings: Mapping[str, Mapping[str, float]]
    parameters: tuple[int, int]
    """All, trainable."""
    rows: Mapping[str, int]
    labels: tuple[str, ...]
    steps: int
    best_step: int
    refitted: bool
    """Whether the model learned from the validation rows too, after they were scored."""
    device: str
    coverage: Sequence[Coverage] = ()
    """Of the validation rows; empty where rows have no one label."""
    series: Series | None = None
    """Of the runs that it was chosen from, or measured by."""
    seconds: float | None = None
    """From the plan to the records; None for a run that was begun before."""
    trust: Trust = field(default_factory=Trust)
    """Of the test rows, or else of the validation rows."""


def write_plan(plan: Plan, folder: Path) -> None:
    """plan.toml: `bertft train --config FOLDER/plan.toml -o OTHER` does the same run again."""
    write_text(folder / PLAN, tomli_w.dumps(plan.to_dict(), multiline_strings=False))


def write_records(finished: Finished) -> None:
    """The model card and run.json, which comes last: a run that has one is finished."""
    found = run_record(finished)
    card = model_card(found, finished.plan, finished.scores, finished.labels, finished.coverage)
    write_text(finished.folder / CARD, card)
    found.write(finished.folder)


def finished_before(folder: Path, plan: Plan, backbone: Backbone) -> Finished | None:
    """What the run in a folder ended with, as its records tell; None where it has not ended, or they are damaged."""
    try:
        found = read_record(folder)
        scores = {split: Scores.from_dict(found.scores[split]) for split in SPLITS if split in found.scores}
        comparison = Comparison.from_dict(found.reference, scores["validation"])
        trust = Trust.from_dict(found.trust)
        labels = read_task(folder).labels.names
    except (CheckpointError, KeyError, TypeError, ValueError, AttributeError):
        return None
    return Finished(
        folder=folder,
        plan=plan,
        backbone=backbone,
        command=found.command,
        data={file.path: file.sha256 for file in found.data.values() if file.sha256},
        scores=scores,
        comparison=comparison,
        advice="",
        timings=found.timings,
        parameters=(found.parameters.all, found.parameters.trainable),
        rows=found.rows,
        labels=labels,
        steps=found.steps,
        best_step=found.best_step,
        refitted=found.refitted,
        device=found.device,
        coverage=found.coverage,
        series=found.series,
        trust=trust,
    )


def run_record(finished: Finished) -> RunRecord:
    """What run.json holds."""
    plan = finished.plan
    files = {"train": plan.data.train, "validation": plan.data.validation, "test": plan.data.test}
    files["vectors"] = plan.network.get("vectors")
    files |= {f"train {number}": path for number, path in enumerate(plan.data.more_train or (), 2)}
    metric = typed_again(plan.recipe.metric)
    repeat = f"bertft {plan.verb} --config {shlex.quote(str(finished.folder / PLAN))}{metric} -o OTHER_FOLDER"
    by_a_program = any(path and path.startswith(MEMORY) for path in files.values())
    return RunRecord(
        command=finished.command,
        repeat=BY_THE_PROGRAM.format(verb=plan.verb) if by_a_program else repeat,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        task=plan.card.name,
        backbone=finished.backbone.name,
        family=finished.backbone.own_name,
        parameters=ParameterCount(*finished.parameters),
        seed=plan.recipe.seed,
        rows=dict(finished.rows),
        data={split: DataFile(path, finished.data.get(path)) for split, path in files.items() if path},
        device=finished.device,
        machine=machine(),
        versions=versions(),
        steps=finished.steps,
        best_step=finished.best_step,
        refitted=finished.refitted,
        scores={split: scores.as_dict() for split, scores in finished.scores.items()},
        reference=finished.comparison.as_dict(),
        coverage=finished.coverage,
        series=finished.series,
        trust=finished.trust.as_dict(),
        timings={what: dict(timing) for what, timing in finished.timings.items()},
        opens_as=WORDS if needs_span_head(KINDS[plan.card.kind].auto_class, finished.backbone.config) else "",
    )


def data_hashes(data: DataPlan, tables: Mapping[str, Table]) -> dict[str, str]:
    """Path -> sha256 of each file that a run reads, and name -> sha256 of each of the `tables` that is no file."""
    names = [path for path in (data.train, *(data.more_train or ()), data.validation, data.test) if path]
    found = {name: sha256_of_rows(tables[name]) if name in tables else sha256_of(name) for name in names}
    return {path: digest for path, digest in found.items() if digest}


def other_hashes(plan: Plan) -> dict[str, str]:
    """The same of word vectors that a run begins with, and of lists that say what is masked."""
    files = [plan.network.get("vectors"), *(plan.pretraining.files if plan.pretraining else ())]
    return {file: digest for file in files if file and (digest := sha256_of(file))}
