"""Whether runs can be compared: the same kind of answers, labels, metric and rows, none of which one of them has learned from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from bertft.errors import UsageError
from bertft.jobs.judging.judged import JudgedRows
from bertft.jobs.judging.paired_rows import CommonRows
from bertft.jobs.requests import CompareRequest
from bertft.jobs.splits import flags_of_reading
from bertft.model.folder import TaskRecord, read_task
from bertft.reading import Table
from bertft.reading.digests import sha256_of, sha256_of_rows
from bertft.runs import RECORD
from bertft.runs.record import RunRecord, sound_record
from bertft.tags import entity_type
from bertft.wording import counted

TRAIN = "train"
"""Name of the split that a run learns from; more files of it have a number, too."""

VALIDATION = "validation"
"""Name of the split that chooses the best model."""


def check_runs(request: CompareRequest) -> None:
    """UsageError for runs that no row could be held against each other on; before anything is predicted."""
    if len(request.runs) < 2:
        raise UsageError("One run alone has nothing to be compared with. Name two or more, or use bertft eval.")
    for one, other in combinations(request.runs, 2):
        if Path(one).resolve() == Path(other).resolve():
            raise UsageError(f"{other} is the same run as {one}. Name each once.")
    _check_reading(request)
    tasks = {run: read_task(Path(run)) for run in request.runs}
    if request.data is None and (lacking := [run for run in request.runs if record_of(run) is None]):
        raise UsageError(
            f"{lacking[0]}: no {RECORD} that tells which rows judged it. Name a labelled file with --data."
        )
    if request.examples < 0:
        raise UsageError(f"--examples is {request.examples}: a whole number from 0 is wanted.")
    _check_tasks(tasks, request)


def _check_reading(request: CompareRequest) -> None:
    """UsageError for flags on how a file is read, without a file."""
    if request.data is None and (flags := flags_of_reading(request.columns, request.reading)):
        raise UsageError(f"{', '.join(flags)}: only for a file that is named with --data. Name one, or leave this out.")


def _check_tasks(tasks: Mapping[str, TaskRecord], request: CompareRequest) -> None:
    (first, task), *others = tasks.items()
    for run, other in others:
        if other.card.solves is not task.card.solves:
            what = f"{first} is for {task.card.solves.name}, {run} for {other.card.solves.name}"
            raise UsageError(f"{what}: runs for different kinds of answers cannot be compared.")
        if request.metric is None and other.card.metric != task.card.metric:
            what = f"{first} is judged by {task.card.metric}, {run} by {other.card.metric}"
            raise UsageError(f"{what}. Choose one for all with --metric.")
        _check_labels((first, task), (run, other), request)


def _check_labels(one: tuple[str, TaskRecord], other: tuple[str, TaskRecord], request: CompareRequest) -> None:
    """UsageError where a run answers with labels that another does not know, unless such rows are to count as wrong."""
    (first, task), (second, later) = one, other
    mine, yours = _names(task), _names(later)
    more, fewer = mine - yours, yours - mine
    if not more and not fewer:
        return
    if more and fewer:
        raise UsageError(
            f"{first} answers with {_listed(more)} and {second} with {_listed(fewer)}, which the other does not know. "
            f"Train both with the same labels, or use bertft eval on each."
        )
    knows, lacks = (first, second) if more else (second, first)
    if request.reading.get("unknown_labels") != "skip":
        raise UsageError(
            f"{knows} knows {_listed(more | fewer)}, {lacks} does not. To compare them all the same, with such rows counted as "
            f"wrong for {lacks}, pass {'' if request.data else '--data FILE '}--unknown-labels skip."
        )


def _names(task: TaskRecord) -> set[str]:
    """The labels, without the letters of a tag scheme."""
    names = set(task.labels.names)
    return {entity_type(name) for name in names} - {""} if task.stored.get("scheme") else names


def _listed(names: set[str], most: int = 5) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - most:,} more" if len(shown) > most else ""
    return ", ".join(f"'{name}'" for name in shown[:most]) + more


def check_same_rows(request: CompareRequest, rows: Sequence[CommonRows]) -> None:
    """UsageError where runs were judged on rows of their own, and those are not the same."""
    if request.data is None and any(one.left_out for one in rows):
        common = counted(len(rows[0].positions), "row")
        raise UsageError(
            f"The runs were judged on different rows ({common} in common). Name a labelled file with --data."
        )


def seen_before(request: CompareRequest, judged: Sequence[JudgedRows]) -> list[str]:
    """Which runs have seen the rows before, so that their scores flatter them."""
    if request.data is None:
        tuned = [one.run for one in judged if one.name == VALIDATION and _chose_epoch(one.run)]
        return [_chosen_by(tuned)] if 0 < len(tuned) < len(judged) else []
    digest = digest_of(request.data, request.tables, judged[0].table)
    seen = {one.run: splits_with(digest, record_of(one.run)) for one in judged}
    said = [
        f"{run} has learned from rows of {judged[0].name}: what it scores there says little of other rows."
        for run, splits in seen.items()
        if has_learned(splits)
    ]
    tuned = [run for run, splits in seen.items() if splits == {VALIDATION} and _chose_epoch(run)]
    return said + ([_chosen_by(tuned)] if 0 < len(tuned) < len(seen) else [])


def _chosen_by(runs: Sequence[str]) -> str:
    return f"The best model of {' and '.join(runs)} was chosen by these rows, that of others was not, which favours the first."


def _chose_epoch(run: str) -> bool:
    record = record_of(run)
    return record is not None and record.chose_epoch


def digest_of(data: str, tables: Mapping[str, Table], table: Table) -> str | None:
    """Of a labelled file, or of the rows of a program, as run.json has it."""
    is_file = data not in tables and data != "-"
    return sha256_of(data) if is_file else sha256_of_rows(table)


def splits_with(digest: str | None, record: RunRecord | None) -> set[str]:
    """The splits of a run whose file had this content. Validation rows that a refit learned from are training rows, too."""
    if record is None or digest is None:
        return set()
    found = {split for split, file in record.data.items() if file.sha256 == digest}
    return found | ({TRAIN} if record.refitted and VALIDATION in found else set())


def has_learned(splits: Collection[str]) -> bool:
    """Whether the model of a run has learned from rows that were these splits of it."""
    return any(split.startswith(TRAIN) for split in splits)


def record_of(run: str) -> RunRecord | None:
    """run.json, where there is one. CheckpointError where it is damaged."""
    return sound_record(Path(run)) if (Path(run) / RECORD).is_file() else None
