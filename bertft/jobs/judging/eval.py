"""Evaluate: a run and a labelled file in, scores out; they are noted in run.json too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bertft.adapters import Adapter, Prediction
from bertft.jobs.hub.pull import run_folder
from bertft.jobs.judging.judged import judged_file
from bertft.jobs.judging.judged_corpus import judged_corpus
from bertft.jobs.predicting.unsure import threshold_for
from bertft.jobs.requests import EvalRequest
from bertft.jobs.run_times import note_time
from bertft.kinds import KINDS
from bertft.model.folder import read_task
from bertft.reading import Table
from bertft.reading.digests import sha256_of, sha256_of_rows
from bertft.runs.record import DataFile, add_to_run
from bertft.scoring import Coverage, Scores


@dataclass(frozen=True)
class Evaluated:
    """What `evaluate` found."""

    run: str
    data: str
    """Name of the file."""
    scores: Scores
    coverage: Sequence[Coverage]
    """Where `min_probability` was asked for: at that threshold and at usual ones."""
    timings: Mapping[str, float]


def evaluate(request: EvalRequest) -> Evaluated:
    """Open the run, read the file, predict, score. A run that learned from texts alone is scored on texts alone."""
    request = replace(request, run=run_folder(request.run))
    if not KINDS[read_task(Path(request.run)).card.kind].is_trained:
        return evaluated_corpus(request)
    judged = judged_file(request)
    scores = judged.scores()
    coverage = covered(judged.adapter, judged.predictions, judged.targets, least_probability(request, judged.adapter))
    timings = judged.meter.timings()
    if judged.answerer.accelerator.is_main_process:
        note_scores(request, data_file(request, judged.table), scores, timings, judged.answerer.device)
    return Evaluated(request.run, judged.name, scores, coverage, timings)


def evaluated_corpus(request: EvalRequest) -> Evaluated:
    """Score a run on texts without labels."""
    judged = judged_corpus(request)
    if judged.is_main_process:
        note_scores(request, DataFile(request.data, judged.sha256), judged.scores, judged.timings, judged.device)
    return Evaluated(request.run, judged.name, judged.scores, (), judged.timings)


def note_scores(
    request: EvalRequest, scored: DataFile, scores: Scores, timings: Mapping[str, float], device: str
) -> None:
    """Put them into run.json."""
    metric = scores.main if request.metric else None
    add_to_run(Path(request.run), "scores", key_of(scored, metric), {**scores.as_dict(), "data": asdict(scored)})
    note_time(request.run, "eval", timings, device)


def least_probability(request: EvalRequest, adapter: Adapter) -> float | None:
    """What was named, or what the accuracy chooses that was."""
    return request.min_probability if request.min_accuracy is None else threshold_for(request.min_accuracy, adapter)


def covered(
    adapter: Adapter, found: Sequence[Prediction], targets: Sequence[Any], least: float | None
) -> list[Coverage]:
    """Accuracy against coverage, where it was asked for."""
    return [] if least is None or not found else list(adapter.coverage(found, targets, least))


def data_file(request: EvalRequest, table: Table) -> DataFile:
    """What was scored, by its path and its content."""
    is_file = request.data not in request.tables and request.data != "-"
    return DataFile(request.data, sha256_of(request.data) if is_file else sha256_of_rows(table))


def key_of(data: DataFile, metric: str | None) -> str:
    """Its name in run.json, which tells two files of one name apart, two states of one file, and scores led by a `metric` that
    was asked for."""
    name = f"{data.path} (sha256 {data.sha256[:12]})" if data.sha256 else data.path
    return f"{name}, {metric}" if metric else name
