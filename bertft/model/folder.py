"""The run folder: what is in it, how it is written so that it can always be opened, and how it is read back.

Weights are safetensors. No crash leaves a folder that cannot be opened: see system/files.py.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft.corpus.token_file import are_tokens
from bertft.errors import CheckpointError, OutputError
from bertft.model.trust import INDEX, check_closed
from bertft.plan.card import Card
from bertft.plan.plan import verb_of
from bertft.protocols import Network, Tokenizer
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.runs import CARD, CORPUS, EXPORT, GRAPH, LISTS, PLAN, RECORD, TASK_FILE, VOCABULARY, whole_run
from bertft.system.files import explained, landing, settle, write_text

FORMAT = 1
"""Of bertft.json."""


@dataclass(frozen=True)
class TaskRecord:
    """What `eval` and `predict` need beyond what transformers keeps."""

    card: Card
    labels: Labels
    fields: Fields
    options: dict[str, Any]
    """How inputs are cut: see gold/options.py."""
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


_OF_A_MODEL = (
    *("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "vocab.txt", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model"),
    *(VOCABULARY, GRAPH, EXPORT),
)
"""Names that transformers gives, and those of ours; whatever else lies there is somebody else's."""


def is_public(name: str) -> bool:
    """Whether a file of that name, at the top of a run folder, belongs to what is published, and to what is fetched."""
    known = (TASK_FILE, RECORD, PLAN, CARD, *LISTS.values(), *_OF_A_MODEL, INDEX)
    return name in known or (name.endswith(".safetensors") and not name.startswith("."))


def write_task(folder: Path, record: TaskRecord) -> None:
    """bertft.json, with the names of the model's files that lie beside it."""
    found = {**record.to_dict(), "files": model_files(folder)}
    write_text(folder / TASK_FILE, json.dumps(found, ensure_ascii=False, indent=2) + "\n")


def model_files(folder: Path) -> list[str]:
    """What answers depend on, beside bertft.json: weights, config and tokenizer."""
    names = {file.name for file in folder.iterdir() if file.suffix == ".safetensors" and not file.name.startswith(".")}
    return sorted(names | {name for name in _OF_A_MODEL if (folder / name).is_file()})


def check_files(folder: Path, names: Any, verb: str = "train") -> None:
    """CheckpointError for a file that was there when the run was saved. Without its tokenizer's settings, for one, a model
    still answers, and worse."""
    if not isinstance(names, list) or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise ValueError("files")
    if gone := [name for name in names if not (folder / name).is_file()]:
        resume = "" if (folder / RECORD).is_file() else f" If it was never finished: bertft {verb} --resume -o {folder}"
        raise CheckpointError(
            f"{folder}: {' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} missing. Copy the whole run folder "
            f"again, or train again.{resume}"
        )


def is_whole(folder: Path) -> bool:
    """Whether everything that bertft.json names lies there."""
    try:
        found = json.loads((folder / TASK_FILE).read_text(encoding="utf-8"))
        check_files(folder, found.get("files", []))
    except (CheckpointError, OSError, ValueError, TypeError, AttributeError, RecursionError):
        return False
    return True


def check_kept(folder: Path) -> None:
    """CheckpointError for one of several runs, of seeds or folds, that has ended and whose weights were removed."""
    whole = whole_run(folder)
    if whole != folder and (folder / RECORD).is_file() and not any(folder.glob("*.safetensors")):
        raise CheckpointError(
            f"{folder}: its scores were kept, its weights were not; the model that was kept stands in {whole}. To train this "
            f"one alone: bertft train --config {shlex.quote(str(folder / PLAN))} -o OTHER_FOLDER"
        )


def read_task(folder: Path) -> TaskRecord:
    """bertft.json of a run folder; CheckpointError when the folder is none, or holds something else."""
    path = folder / TASK_FILE
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such run folder. `bertft train DATA -o {folder}` makes one.")
    check_closed(folder)
    check_kept(folder)
    with explained(folder, "A save was cut off there and has to be finished first."):
        settle(folder)
    if not path.is_file():
        raise CheckpointError(f"{folder}: not a run of bertft, or not the whole of it ({TASK_FILE} is missing).")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise CheckpointError(
                f"{path}: format {found['format']} is not known here; this bertft reads format {FORMAT}."
            )
        check_files(folder, found.get("files", []), verb_of({"task": found["card"]}))
        labels = Labels(tuple(found["labels"]["names"]), found["labels"]["spellings"])
        return TaskRecord(
            card=Card.from_dict(found["card"], where=str(path)),
            labels=labels,
            fields=Fields.from_dict(found["fields"]),
            options=found["options"],
            stored=_with_names(found["stored"], labels),
            versions=found["versions"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise CheckpointError(f"{path}: damaged ({type(problem).__name__}: {problem}).") from problem


def _with_names(stored: Any, labels: Labels) -> Any:
    """Thresholds by label; earlier versions wrote them as a list, in the order of the labels."""
    if isinstance(stored, dict) and isinstance(found := stored.get("thresholds"), list) and len(found) == len(labels):
        return {**stored, "thresholds": dict(zip(labels.names, found, strict=True))}
    return stored


def open_run_folder(path: str, *, overwrite: bool) -> Path:
    """An empty folder for a new run. One that holds something is refused, or emptied with --overwrite if it is a run."""
    folder = Path(path)
    with explained(folder, "Choose another with -o."):
        folder.mkdir(parents=True, exist_ok=True)
        _forget_tokens(folder)
        if any(not entry.name.startswith(".") for entry in folder.iterdir()):  # a lock, or what a crash left, is hidden
            _empty(folder, overwrite=overwrite)
    return folder


def _forget_tokens(folder: Path) -> None:
    """Remove the tokens of a run that was killed before it had a plan, where nothing else is there."""
    seen, corpus = [entry for entry in folder.iterdir() if not entry.name.startswith(".")], folder / CORPUS
    if seen == [corpus] and corpus.is_dir() and are_tokens(corpus):
        shutil.rmtree(corpus)


def _empty(folder: Path, *, overwrite: bool) -> None:
    """Keeps the lock, which is held."""
    is_run = (folder / PLAN).is_file() or (folder / TASK_FILE).is_file()
    if not overwrite:
        more = " or pass --overwrite" if is_run else ""
        raise OutputError(
            f"{folder}: already holds {'a run' if is_run else 'something'}. Choose another folder with -o{more}."
        )
    if not is_run:
        raise OutputError(f"{folder}: holds something that is no run of bertft; --overwrite will not delete it.")
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif not entry.name.startswith(".lock"):
            entry.unlink()


def free_run_folder(name: str) -> str:
    """runs/NAME, or runs/NAME-2, runs/NAME-3 ... whichever is not there yet."""
    return free_folder(str(Path("runs") / name))


def free_folder(path: str) -> str:
    """The path, or PATH-2, PATH-3 ... whichever is not there yet."""
    number, folder = 1, Path(path)
    while folder.exists():
        number += 1
        folder = Path(path).with_name(f"{Path(path).name}-{number}")
    return str(folder)


def save_network(network: Network, folder: Path, weights: Mapping[str, Any]) -> None:
    """config.json and model.safetensors as transformers writes them, and the weights of extras: all of them or none.
    `weights` is the network's state, which may be in pieces elsewhere."""
    from bertft.model.extras import save_extras, transformers_part  # wakes torch, which reading a folder does not need

    with landing(folder) as beside:
        own = save_extras(network, beside, weights)
        transformers_part(network).save_pretrained(beside, state_dict=own)


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Its files, all of them or none."""
    with landing(folder) as beside:
        tokenizer.save_pretrained(beside)
