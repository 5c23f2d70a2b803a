"""A run on the Hugging Face Hub, wherever a run folder is taken: `owner/name`, or `owner/name@revision` for a branch, a tag or a
commit. It is fetched into the Hub's cache once. A folder of that name here comes first.

It comes from a stranger: only files of known names are fetched, none of them code or pickle, and none larger than is usual.
The folder then goes through the same checks as any other."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bertft import console
from bertft.errors import CheckpointError
from bertft.jobs.hub.hub_problems import told_by_hub
from bertft.model.folder import is_public, is_whole
from bertft.runs import TASK_FILE
from bertft.system.files import write_text
from bertft.system.hub import bars_on_a_terminal, hub_name_of, hub_status, is_hub_name, use_cache_only

MOST_BYTES = {".safetensors": 40_000_000_000, ".onnx": 40_000_000_000, "": 200_000_000}
"""Of a file by its ending; '' is any other. The largest encoders take 15 GB, the largest tokenizers 40 MB."""

MOST_IN_ALL, MOST_FILES = 60_000_000_000, 100
"""Bytes and files of a run: weights and a graph of the largest encoders, in many pieces."""

_OURS = "runs"
"""Where `train` puts its runs: `runs/NAME` is never sought on the Hub."""
_COMMIT = re.compile(r"[0-9a-f]{40}")


def run_folder(name: str) -> str:
    """Path of a run: the name itself where it is a folder or could be nothing else, or the folder that was fetched.
    CheckpointError where the Hub has no such run."""
    if not _may_be_on_hub(name):
        return name
    repository, _, revision = name.partition("@")
    owner = repository.split("/")[0]
    if owner == _OURS or Path(owner).exists():
        raise CheckpointError(
            f"{name}: no such run folder. It is not sought on the Hub, as {owner}/ is "
            f"{'where runs of this machine go' if owner == _OURS else 'a folder here'}."
        )
    found = fetched(repository, revision or None)
    if found is None:
        raise CheckpointError(
            f"{name}: no run of bertft, but another model on the Hub ({TASK_FILE} is missing). Train it first: "
            f"bertft train DATA --model {repository}"
        )
    return found


def run_or_model(name: str) -> str:
    """The same where any model is taken: what is no run on the Hub, or cannot be looked up, stays as it is."""
    repository, _, revision = name.partition("@")
    owner = repository.split("/")[0]
    if not _may_be_on_hub(name) or owner == _OURS or Path(owner).exists():
        return name
    cached, status = _cached(repository, revision or None), None
    if cached is None:
        status = hub_status(repository, revision=revision or None)
    if status is None and cached is None:
        use_cache_only()
    found = fetched(repository, revision or None, status=status) if cached or status == 200 else None
    if found is None and revision:
        raise CheckpointError(f"{name}: no run of bertft that can be had. Of other models no revision can be named.")
    return found or name


def _may_be_on_hub(name: str) -> bool:
    repository, mark, revision = name.partition("@")
    return is_hub_name(repository) and (bool(revision) or not mark) and not Path(name).exists()


def fetched(repository: str, revision: str | None, *, status: int | None = None) -> str | None:
    """The folder of a run in the cache, after it was fetched if need be; None for a model that is no run of bertft.
    `status`: what the Hub says of it, where it was asked."""
    name = f"{repository}@{revision}" if revision else repository
    cached = _cached(repository, revision)
    if cached and revision and _COMMIT.fullmatch(revision):
        return _told(cached, "from the cache")
    status = status or hub_status(repository, revision=revision)
    if status is not None and status < 500 and status != 429:
        return _download(name, repository, revision)
    if cached is None:
        raise CheckpointError(_unreachable(name))
    return _told(cached, "from the cache, as the Hub cannot be reached: there may be a newer one")


def _unreachable(name: str) -> str:
    from huggingface_hub.constants import is_offline_mode

    why = "HF_HUB_OFFLINE is set" if is_offline_mode() else "the Hugging Face Hub cannot be reached"
    return f"{name}: no such run folder, not (or not wholly) in the cache of the Hub, and {why}."


def _cached(repository: str, revision: str | None) -> str | None:
    """The folder of a run that lies in the cache whole."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        found = Path(
            snapshot_download(repository, revision=revision, local_files_only=True, allow_patterns=[TASK_FILE])
        )
    except LocalEntryNotFoundError:
        return None
    return str(found) if is_whole(found) else None


def _download(name: str, repository: str, revision: str | None) -> str | None:
    from huggingface_hub import HfApi

    with told_by_hub(name, lead="no such run folder, and "):
        found = HfApi().model_info(repository, revision=revision, files_metadata=True)
        names = [one.rfilename for one in found.siblings or () if _is_wanted(one.rfilename)]
        if TASK_FILE not in names:
            return None
        check_sizes(name, [one for one in found.siblings or () if one.rfilename in names])
        commit = str(found.sha)
        folder = _snapshot(repository, commit, names)  # a branch may have moved on to files that nobody looked at
    if Path(folder).name != commit:
        raise CheckpointError(f"{name}: has changed while it was fetched. Try again.")
    if revision != commit:
        _note_commit(Path(folder).parents[1] / "refs" / (revision or "main"), commit)
    return _told(folder, "from the Hugging Face Hub")


def _note_commit(path: Path, commit: str) -> None:
    """Where the cache keeps which commit a branch or tag was at, for when the Hub cannot be asked. As its library does it: a
    cache that others filled may not be written to."""
    if not path.is_file() or path.read_text(encoding="utf-8") != commit:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, commit)


def _is_wanted(name: str) -> bool:
    return is_public(name) and re.fullmatch(r"[\w.-]+", name) is not None


def check_sizes(name: str, files: Iterable[Any]) -> None:
    """CheckpointError for a file that is larger than its like ever is, or for too many. `files`: as the Hub lists them."""
    files = list(files)
    for file in files:
        most = MOST_BYTES.get(Path(file.rfilename).suffix, MOST_BYTES[""])
        if file.size is None or file.size > most:
            size = "unknown" if file.size is None else f"{file.size / 1e6:,.0f} MB"
            raise CheckpointError(
                f"{name}: the size of {file.rfilename} is {size}; at most {most / 1e6:,.0f} MB are fetched."
            )
    total = sum(file.size for file in files)
    if total > MOST_IN_ALL or len(files) > MOST_FILES:
        raise CheckpointError(
            f"{name}: {len(files)} files of {total / 1e6:,.0f} MB in all; at most {MOST_FILES} files of "
            f"{MOST_IN_ALL / 1e6:,.0f} MB in all are fetched."
        )


def _snapshot(repository: str, revision: str, names: list[str]) -> str:
    from huggingface_hub import HfApi

    with bars_on_a_terminal():
        return str(HfApi().snapshot_download(repository, revision=revision, allow_patterns=names))


def _told(folder: str, where: str) -> str:
    console.note(f"Run: {hub_name_of(Path(folder))}, {where}.")
    return folder
