"""The rows of a split, from a file or from the Hub."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from bertft import console
from bertft.errors import CardError, DataError, OutputError, UsageError
from bertft.jobs.requests import TrainRequest
from bertft.plan.card import Card
from bertft.plan.plan import merge_data
from bertft.plan.sections import MEMORY, READS, DataPlan
from bertft.plan.settings import settings_of
from bertft.reading import ReadOptions, Table, join_tables, matching, read_table, table_of
from bertft.reading.joined import refuse_twice
from bertft.rows.fields import shown_columns
from bertft.rows.surrogates import has_surrogate, shown
from bertft.system.hub import hub_status, use_cache_only

HUB = "hub:"
"""`hub:PATH:NAME:SPLIT` stands where a file could. NAME, the configuration, may be empty."""


def hub_source(card: Card | None, request: TrainRequest, config: Mapping[str, Any]) -> dict[str, str]:
    """The splits of a card that names a Hub data set, when no file was named."""
    if card is None or card.hub is None or request.data.get("train") or config.get("data", {}).get("train"):
        return {}
    hub = card.hub
    if len(hub.scored) > 1:
        what = "one at most, be it of 'test' or the second of 'validation'"
        raise CardError(f"The card {card.name}: 'hub' names {', '.join(hub.scored)} to be scored at the end: {what}.")
    splits = {"train": hub.train, "validation": next(iter(hub.validation), None), "test": next(iter(hub.scored), None)}
    return {role: f"{HUB}{hub.path}:{hub.name or ''}:{split}" for role, split in splits.items() if split}


def flags_of_reading(columns: Mapping[str, Any], reading: Mapping[str, Any]) -> list[str]:
    """Those that were set of how a file is read, as they stand on the command line."""
    roles = [f"--{role.replace('_', '-')}" for role, said in columns.items() if said]
    return roles + [settings_of(DataPlan)[name].names(name)[0] for name in reading]


def read_split(path: str, data: DataPlan, tables: Mapping[str, Table]) -> Table:
    """The rows of a file, of a Hub split, or of one of the `tables`, which are no file."""
    if path in tables or path.startswith(HUB):
        _refuse_grouping(path, data)
    if path in tables:
        refuse_empty(tables[path])
        return tables[path]
    if path.startswith(MEMORY):
        raise DataError(f"{path}: rows that a program handed over; only that program can train on them again.")
    if has_surrogate(path):
        raise DataError(f"{shown(path, 200)}: a file name that is not UTF-8, which no plan can hold. Rename the file.")
    table = _from_hub(path) if path.startswith(HUB) else read_files([path], data)
    refuse_empty(table)
    return table


def read_training(data: DataPlan, tables: Mapping[str, Table]) -> Table:
    """The training rows, of one file or of several."""
    if not data.more_train:
        return read_split(data.train, data, tables)
    paths = [data.train, *data.more_train]
    if odd := [path for path in paths if path in tables or path.startswith((MEMORY, HUB))]:
        raise DataError(f"{odd[0]}: only files are read together.")
    return read_files(paths, data)


def read_files(paths: Sequence[str], data: DataPlan) -> Table:
    """All rows of files, or of those that patterns match, one file after the other."""
    files = [file for path in paths for file in matching(path)]
    refuse_twice(files, "rows")
    found = [read_table(file, read_options(data)) for file in files]
    for table in found:
        refuse_empty(table)
    if len(found) > 1:
        listed = ", ".join(f"{table.name} ({len(table):,} rows)" for table in found[:10])
        console.note(f"Read together: {listed}" + (f" and {len(found) - 10:,} more files" if len(found) > 10 else ""))
    return join_tables(found)


def refuse_empty(table: Table) -> None:
    if not len(table):
        raise DataError(
            f"{table.name}: no row below the column names ({shown_columns(table.columns)}), wanted a row for each example."
        )


def read_options(data: DataPlan) -> ReadOptions:
    return ReadOptions(**{name: getattr(data, name) for name in READS})


def _refuse_grouping(path: str, data: DataPlan) -> None:
    """Only files are grouped."""
    for name in ("sentence", "document"):
        if getattr(data, name) is not None:
            raise UsageError(f"--{name} is for files; {path} is none. Group its rows, or name their column '{name}'.")


def _from_hub(source: str) -> Table:
    """Through `datasets`, which keeps a copy; DataError in plain words when there is no network."""
    import datasets

    path, name, split = hub_parts(source)
    if hub_status(path, kind="datasets") is None:
        use_cache_only()
    try:
        found = datasets.load_dataset(path, name or None, split=split)
    except Exception as problem:  # ConnectionError, OfflineModeIsEnabled, DatasetNotFoundError, httpx errors ...
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise DataError(
            f"{path} {name}: cannot be downloaded from the Hugging Face Hub ({reason}). Without a network name your files: "
            f"bertft train train.csv --validation dev.csv --task CARD"
        ) from problem
    return table_of(found, f"{path}/{name}/{split}" if name else f"{path}/{split}")


def hub_parts(source: str) -> tuple[str, str, str]:
    """Path, configuration and split; DataError where the words have another form."""
    path, *others = source.removeprefix(HUB).split(":")
    if not path or len(others) != 2 or not others[1]:
        raise DataError(
            f"{source}: wanted {HUB}PATH:NAME:SPLIT (NAME may be empty), such as {HUB}nyu-mll/glue:mrpc:train."
        )
    return path, others[0], others[1]


def refuse_same_file(source: str, target: str | None) -> None:
    """OutputError where the output would take the input's place."""
    if target and os.path.exists(target) and os.path.exists(source) and os.path.samefile(target, source):
        raise OutputError(f"{target}: is the input; name another file with -o.")


def reading_plan(path: str, reading: Mapping[str, Any]) -> DataPlan:
    """How to read a file that is scored, predicted or converted."""
    return merge_data({}, {**reading, "train": path})
