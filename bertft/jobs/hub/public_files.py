"""What of a run folder may leave this machine: the model, what `predict` needs beside it, the card and the record. Paths,
commands and texts of the training data stay: what names a place here is rewritten in the copy, never in the run, or refused."""

from __future__ import annotations

import json
import mmap
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import tomli_w

from bertft.errors import CheckpointError, UsageError
from bertft.jobs.hub.public_card import card_of_graph, public_card
from bertft.model.folder import is_public
from bertft.plan.sections import MEMORY
from bertft.report.model_card import file_name, public_name, without_folders
from bertft.runs import CARD, EXPORT, GRAPH, LISTS, PLAN, RECORD, TASK_FILE, VOCABULARY
from bertft.runs.record import RunRecord
from bertft.scoring.own import is_function

WORDS = {VOCABULARY: "words of the training texts", **dict.fromkeys(LISTS.values(), "your list")}
"""Files that the model cannot do without, and that say something of what it learned from."""

_HOMES = re.compile(rb"(?:/home/|/Users/|/root/|[A-Za-z]:\\+Users\\+)[^\s\"'`<>|]*")
_BEFORE = re.compile(rb"(?:^|[^\w./-]|\\[nrtbf]|file://(?:localhost)?)\Z")
"""What may stand before a path: nothing, what no path holds, an escaped end of a line, the scheme of an address of a file."""
_PROTOBUF = (".onnx", ".model")
"""Endings of files in which any byte may stand before a path: how long it is."""
_PIECES = ("tokenizer.json", "vocab.json", "vocab.txt", "merges.txt", VOCABULARY, *LISTS.values())
"""Text files that are full of words: no pattern is looked for in them, only this machine's own folders."""


@dataclass(frozen=True)
class PublicFile:
    """A file as it is published."""

    name: str
    content: Path | bytes
    """The file itself, or what it is rewritten to."""
    note: str = ""
    """What is special about it."""

    @property
    def size(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


def public_files(folder: Path, name: str) -> list[PublicFile]:
    """Those of a run, by name. `name`: what it will be called, for its card. CheckpointError where one names a place on this
    machine and cannot be rewritten."""
    found = _public_files(folder, name)
    if not (folder / CARD).is_file():
        found.insert(
            0, PublicFile(CARD, card_of_graph(folder, name).encode(), "written for it: an exported run has no card")
        )
    for file in found:
        _check_names_no_place(file, folder)
    return found


def make_public(copy: Path, run: Path) -> None:
    """Rewrite a copy of a run that is made for others. UsageError where one of its files names a place on this machine and
    cannot be rewritten."""
    for file in _public_files(copy, run.name):
        _check_names_no_place(file, run)
        if isinstance(file.content, bytes):
            (copy / file.name).write_bytes(file.content)


def _public_files(folder: Path, name: str) -> list[PublicFile]:
    return [_public_file(path, name) for path in sorted(folder.iterdir()) if is_public(path.name) and path.is_file()]


def files_that_stay(folder: Path) -> list[str]:
    """What else lies in a run folder; folders end in a slash."""
    others = [path for path in sorted(folder.iterdir()) if not is_public(path.name) and not path.name.startswith(".")]
    return [f"{path.name}/" if path.is_dir() else path.name for path in others]


def _public_file(path: Path, name: str) -> PublicFile:
    rewrite = _REWRITTEN.get(path.name)
    if path.name == CARD:
        return PublicFile(CARD, public_card(path, name).encode())
    if rewrite is None:
        return PublicFile(path.name, path, WORDS.get(path.name, ""))
    try:
        text = path.read_text(encoding="utf-8")
        new = rewrite(text)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise CheckpointError(f"{path}: damaged ({type(problem).__name__}: {problem}).") from problem
    return PublicFile(path.name, path) if new == text else PublicFile(path.name, new.encode(), "without local paths")


def _public_record(text: str) -> str:
    """run.json: how it was typed stays here; files and models are called by their names alone."""
    found = json.loads(text)
    kept = {one.name: found[one.name] for one in fields(RunRecord) if one.name in found}
    kept["command"], kept["repeat"] = "", without_folders(str(found["repeat"]))
    if isinstance(found.get("backbone"), str):
        kept["backbone"] = public_name(found["backbone"])
    kept["data"] = {split: _named(file) for split, file in found["data"].items()}
    kept["scores"] = dict(_public_score(key, scores) for key, scores in found["scores"].items())
    return _as_json(kept)


def _public_score(key: str, scores: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Of a file that `eval` read: its key begins with the path."""
    if not isinstance(scores.get("data"), Mapping):
        return key, dict(scores)
    path = str(scores["data"]["path"])
    return key.replace(path, file_name(path), 1), {**scores, "data": _named(scores["data"])}


def _named(file: Mapping[str, Any]) -> dict[str, Any]:
    return {**file, "path": file_name(str(file["path"]))}


def _public_plan(text: str) -> str:
    """plan.toml: the same, so that it repeats the run beside files of these names."""
    plan = tomllib.loads(text)
    for section, keys in _PATHS.items():
        for key, rename in keys.items():
            if (value := plan.get(section, {}).get(key)) is not None:
                plan[section][key] = [rename(one) for one in value] if isinstance(value, list) else rename(str(value))
    return tomli_w.dumps(plan)


def _public_task(text: str) -> str:
    """bertft.json: a metric of one's own is a function in a file; lists of words lie beside it by other names."""
    found = json.loads(text)
    card = found["card"]
    for key in ("metric", "metrics"):
        if (value := card.get(key)) is not None:
            card[key] = [_metric_name(one) for one in value] if isinstance(value, list) else _metric_name(value)
    lists = {name: found["stored"][name] for name in LISTS if isinstance(found["stored"].get(name), str)}
    found["stored"].update({name: _own_name(path) for name, path in lists.items()})
    return _as_json(found)


def _public_export(text: str) -> str:
    """export.json: the file that scored the graph."""
    found = json.loads(text)
    return _as_json({**found, "data": file_name(str(found["data"]))} if found.get("data") else found)


def _without_origin(text: str) -> str:
    """config.json and tokenizer_config.json: older versions of transformers note where they were read from."""
    found = json.loads(text)
    for key in ("_name_or_path", "name_or_path", "tokenizer_file", "special_tokens_map_file", "added_tokens_file"):
        if key in found and public_name(str(found[key])) != found[key]:
            del found[key]
    return text if found == json.loads(text) else _as_json(found)


def _as_json(found: Mapping[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def _data_name(path: str) -> str:
    return path if path.startswith(MEMORY) else file_name(path)


def _metric_name(words: str) -> str:
    return Path(words).name if is_function(words) else words


def _own_name(path: str) -> str:
    return Path(path).name or path


_PATHS: Mapping[str, Mapping[str, Callable[[str], str]]] = {
    "data": dict.fromkeys(("train", "more_train", "validation", "test"), _data_name),
    "model": {"name": public_name, "vectors": _own_name},
    "pretraining": dict.fromkeys(("words", "entities", "tokenizer"), _own_name),
    "recipe": {"metric": _metric_name},
    "task": {"metric": _metric_name, "metrics": _metric_name},
    "output": {"dir": _own_name},
}
"""Settings of a plan that may be paths."""

_REWRITTEN = {
    RECORD: _public_record,
    PLAN: _public_plan,
    TASK_FILE: _public_task,
    EXPORT: _public_export,
    "config.json": _without_origin,
    "tokenizer_config.json": _without_origin,
}


def _check_names_no_place(file: PublicFile, folder: Path) -> None:
    """The last net, under all of the above: a hand-written card, a converter's note in the weights."""
    with _opened(file.content) as content:
        for found in _places_in(file.name, content, folder):
            line = bytes(content[: found[0]]).count(b"\n") + 1 if _is_read(file.name) else 0
            where = f"{folder / file.name}:{line}" if line else str(folder / file.name)
            said = found[1].decode(errors="backslashreplace")
            raise UsageError(
                f"{where}: names a place on this machine ({said}), which others would read. Nothing is published. "
                f"{_remedy(folder / file.name)}"
            )


def _places_in(name: str, content: Any, folder: Path) -> Iterator[tuple[int, bytes]]:
    parents = (folder.resolve(), folder.resolve().parent)
    own = {Path.home(), *(place for place in parents if len(place.parts) > 2)}  # /data/ and /models/ are words
    for place in sorted(str(place) for place in own if len(place.parts) > 1):
        for start in _all_of(f"{place}/".encode(), content):
            if name.endswith(_PROTOBUF) or _begins(content, start):
                yield start, place.encode()
    if _is_read(name):
        yield from (
            (found.start(), found.group()[:80]) for found in _HOMES.finditer(content) if _begins(content, found.start())
        )


def _remedy(path: Path) -> str:
    if path.name == GRAPH:
        return "Export the run again: bertft export RUN -o OTHER"
    if path.suffix == ".safetensors" and path.name.startswith("model"):  # those of extras need their notes
        weights = f"save_file(load_file({str(path)!r}), {str(path)!r}, {{'format': 'pt'}})"
        return f'Write its weights without notes: python -c "from safetensors.torch import *; {weights}"'
    return "Take it out first."


def _all_of(words: bytes, content: Any) -> Iterator[int]:
    start = content.find(words)
    while start >= 0:
        yield start
        start = content.find(words, start + 1)


def _begins(content: Any, start: int) -> bool:
    """Whether a path begins there: it is no end of an address or of another path."""
    return _BEFORE.search(content[max(start - 20, 0) : start]) is not None


def _is_read(name: str) -> bool:
    """Whether people read it line by line."""
    return name.endswith((".json", ".md", ".toml", ".txt")) and name not in _PIECES


class _opened:
    """Bytes as they are, a file mapped: weights are too large to read."""

    def __init__(self, content: Path | bytes) -> None:
        self.content = content

    def __enter__(self) -> Any:
        if isinstance(self.content, bytes) or not self.content.stat().st_size:
            return self.content if isinstance(self.content, bytes) else b""
        self.file = self.content.open("rb")
        self.map = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)
        return self.map

    def __exit__(self, *_: object) -> None:
        for one in ("map", "file"):
            if hasattr(self, one):
                getattr(self, one).close()
