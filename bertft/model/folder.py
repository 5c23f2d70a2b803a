"""The run folder: what is in it, how it is written so that it can always be opened, and how it is read back.

Files are written beside their place and renamed into it. Weights are safetensors.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft.card import Card
from bertft.errors import CheckpointError, OutputError
from bertft.fields import Fields
from bertft.labels import Labels
from bertft.model.tagger import Tagger, save_extras, transformers_part

TASK_FILE = "bertft.json"
FORMAT = 1
"""Of bertft.json."""


@dataclass(frozen=True)
class TaskRecord:
    """What `eval` and `predict` need beyond what transformers keeps."""

    card: Card
    labels: Labels
    fields: Fields
    options: dict[str, Any]
    """max_length, long, overlap."""
    stored: dict[str, Any]
    """What the adapter wants kept, such as thresholds."""
    versions: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "card": self.card.to_dict(),
            "labels": {"names": list(self.labels.names), "spellings": dict(self.labels.spellings)},
            "fields": self.fields.to_dict(),
            "options": self.options,
            "stored": self.stored,
            "versions": self.versions,
        }


def write_task(folder: Path, record: TaskRecord) -> None:
    write_text(folder / TASK_FILE, json.dumps(record.to_dict(), ensure_ascii=False, indent=2) + "\n")


def read_task(folder: Path) -> TaskRecord:
    """bertft.json of a run folder; CheckpointError when the folder is none, or holds something else."""
    path = folder / TASK_FILE
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such run folder. `bertft train DATA -o {folder}` makes one.")
    if not path.is_file():
        raise CheckpointError(f"{folder}: not a run of bertft (it has no {TASK_FILE}).")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise CheckpointError(
                f"{path}: format {found['format']} is not known here; this bertft reads format {FORMAT}."
            )
        labels = Labels(tuple(found["labels"]["names"]), found["labels"]["spellings"])
        return TaskRecord(
            card=Card.from_dict(found["card"], where=str(path)),
            labels=labels,
            fields=Fields.from_dict(found["fields"]),
            options=found["options"],
            stored=found["stored"],
            versions=found["versions"],
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise CheckpointError(f"{path}: damaged ({type(problem).__name__}: {problem}).") from problem


def open_run_folder(path: str, *, overwrite: bool) -> Path:
    """An empty folder for a new run. One that holds something is refused, or emptied with --overwrite if it is a run."""
    folder = Path(path)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            _empty(folder, overwrite=overwrite)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as problem:
        raise OutputError(
            f"{folder}: cannot be written ({problem.strerror or problem}). Choose another with -o."
        ) from None
    return folder


def _empty(folder: Path, *, overwrite: bool) -> None:
    if not folder.is_dir():
        raise OutputError(f"{folder}: is a file; a folder is wanted. Choose another with -o.")
    is_run = (folder / "plan.toml").is_file() or (folder / TASK_FILE).is_file()
    if not overwrite:
        more = " or pass --overwrite" if is_run else ""
        raise OutputError(
            f"{folder}: already holds {'a run' if is_run else 'something'}. Choose another folder with -o{more}."
        )
    if not is_run:
        raise OutputError(f"{folder}: holds something that is no run of bertft; --overwrite will not delete it.")
    shutil.rmtree(folder)


def free_run_folder(name: str) -> str:
    """runs/NAME, or runs/NAME-2, runs/NAME-3 ... whichever is not there yet."""
    number, folder = 1, Path("runs") / name
    while folder.exists():
        number += 1
        folder = Path("runs") / f"{name}-{number}"
    return str(folder)


def save_network(network: Any, folder: Path) -> None:
    """config.json and model.safetensors as transformers writes them, and what a tagger has beyond; each renamed into its
    place when whole."""
    beside = folder / ".saving"
    shutil.rmtree(beside, ignore_errors=True)
    transformers_part(network).save_pretrained(beside)
    if isinstance(network, Tagger):
        save_extras(network, beside)
    for file in sorted(beside.iterdir(), reverse=True):  # the weights before the config that describes them
        file.chmod(_usual_mode())
        os.replace(file, folder / file.name)
    beside.rmdir()


def _usual_mode() -> int:
    """Of a new file: safetensors makes its files readable by their owner alone, but a run folder gets shared."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def write_text(path: Path, text: str) -> None:
    """The file whole, or as it was."""
    beside = path.with_name(f".{path.name}.part")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def last_whole(path: Path) -> Path:
    """The folder that `fresh_folder` wrote; the one before it, if the program died just between the two."""
    old = path.with_name(f".{path.name}.old")
    return old if old.is_dir() and not path.exists() else path


@contextmanager
def fresh_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; when it is full it takes the place of the old one."""
    beside, old = path.with_name(f".{path.name}.part"), path.with_name(f".{path.name}.old")
    shutil.rmtree(beside, ignore_errors=True)
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
    beside.mkdir(parents=True)
    yield beside
    for file in beside.iterdir():
        file.chmod(_usual_mode())
    if path.exists():
        os.replace(path, old)
    os.replace(beside, path)
    shutil.rmtree(old, ignore_errors=True)
