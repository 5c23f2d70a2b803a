"""An exported folder, written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from bertft.errors import OutputError
from bertft.graph import GraphRecord
from bertft.model.folder import TaskRecord, model_files, write_task
from bertft.runs import CONSTANTS, GRAPH, LISTS, PLAN, RECORD
from bertft.system.files import explained, landing
from bertft.system.locks import locked_folder


def check_free(folder: Path) -> None:
    """OutputError for a folder that holds something, before any work is done for it."""
    if folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise OutputError(f"{folder}: already holds something. Choose another folder with -o.")
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; a folder is wanted. Choose another with -o.")


def write_export(
    run: Path,
    folder: Path,
    graph: bytes,
    constants: bytes,
    record: GraphRecord,
    task: TaskRecord,
    *,
    keep_weights: bool,
    texts: Mapping[str, str],
    last: Callable[[Path], None],
) -> None:
    """The graph, the `constants` beside it, and what a run folder needs to be opened. `texts`: more files, name -> content.
    `last`: done to the whole folder before it lies there."""
    with locked_folder(folder), explained(folder, "Choose another with -o."):
        check_free(folder)
        with landing(folder) as beside:
            (beside / GRAPH).write_bytes(graph)
            if constants:
                (beside / CONSTANTS).write_bytes(constants)
            for name in names_to_copy(run, keep_weights=keep_weights):
                shutil.copyfile(run / name, beside / name)
            write_texts(beside, texts)
            record.write(beside)
            write_task(beside, task)
            last(beside)


def write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def names_to_copy(run: Path, *, keep_weights: bool) -> list[str]:
    """Of a run's files those that its graph is used with: config, tokenizer, lists, and what is known of the run."""
    model = [name for name in model_files(run) if keep_weights or not name.endswith(".safetensors")]
    beside = [*LISTS.values(), PLAN, RECORD]
    return [*model, *(name for name in beside if (run / name).is_file())]
