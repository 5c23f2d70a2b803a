"""A folder of `Dataset.save_to_disk` comes in: Arrow files, and state.json that lists them. Rows go out, file after file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from bertft.errors import DataError
from bertft.reading.body import ArrowContent, Body
from bertft.reading.columnar import open_columnar
from bertft.reading.intake import reading_explained, take_in

STATE, SPLITS = "state.json", "dataset_dict.json"


def is_saved(path: str) -> bool:
    """Whether it is such a folder, or one of several splits."""
    return any(os.path.isfile(os.path.join(path, name)) for name in (STATE, SPLITS))


def saved_files(folder: str) -> list[str]:
    """The Arrow files of a data set, in order. DataError for several splits, of which one must be named."""
    if os.path.isfile(os.path.join(folder, SPLITS)):
        splits = sorted(entry.name for entry in os.scandir(folder) if is_saved(entry.path))
        named = ", ".join(os.path.join(folder, split) for split in splits)
        raise DataError(f"{folder}: a saved data set with several splits. Name one: {named or 'there is none in it'}.")
    state = _read_json(os.path.join(folder, STATE))
    listed = state.get("_data_files") if isinstance(state, dict) else None
    names = [one.get("filename") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if not names or any(not isinstance(name, str) or os.path.basename(name) != name for name in names):
        raise DataError(f"{folder}: {STATE} does not list the data set's files. Save it again (save_to_disk).")
    if state.get("_indices_data_files"):
        raise DataError(f"{folder}: rows in another order than their files. Save it again with a newer `datasets`.")
    return [os.path.join(folder, str(name)) for name in names]


def open_saved(folder: str) -> Body:
    """All files as one."""
    bodies = [open_columnar(take_in(file), "arrow") for file in saved_files(folder)]
    contents = [body.arrow for body in bodies if body.arrow]
    schema = contents[0].schema
    if any(not content.schema.equals(schema) for content in contents):
        raise DataError(f"{folder}: its files hold different columns. Save it again (save_to_disk).")
    arrow = ArrowContent(schema, partial(_one_by_one, [content.batches for content in contents]))
    return replace(bodies[0], read=partial(_counted, [body.read for body in bodies]), arrow=arrow)


def _one_by_one(batches: Sequence[Callable[[], Iterator[Any]]]) -> Iterator[Any]:
    return chain.from_iterable(batch() for batch in batches)


def _counted(reads: Sequence[Callable[[], Iterator[tuple[int, Any]]]]) -> Iterator[tuple[int, Any]]:
    rows = chain.from_iterable(read() for read in reads)
    return ((number, fields) for number, (_, fields) in enumerate(rows, 1))


def _read_json(path: str) -> Any:
    with reading_explained(path), open(path, encoding="utf-8", errors="replace") as file:
        try:
            return json.load(file)
        except (ValueError, RecursionError):
            raise DataError(f"{path}: not readable JSON. Save the data set again (save_to_disk).") from None
