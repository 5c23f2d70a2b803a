"""Push: a finished run to the Hugging Face Hub, in one commit. First what would be published is found and shown; nothing leaves
before that was agreed to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bertft.errors import CheckpointError, UsageError
from bertft.jobs.hub.hub_problems import told_by_hub
from bertft.jobs.hub.public_files import PublicFile, files_that_stay, public_files
from bertft.jobs.requests import PushRequest
from bertft.model.folder import is_public, read_task
from bertft.runs import CARD, EXPORT, TASK_FILE
from bertft.system.hub import bars_on_a_terminal, hub_name_of, hub_status, is_hub_name


@dataclass(frozen=True)
class Upload:
    """What would be published, and where."""

    run: str
    repository: str
    public: bool
    files: tuple[PublicFile, ...]
    stay: tuple[str, ...]
    """Other files of the run, which are not published."""
    replaced: tuple[str, ...] = ()
    """Files of an earlier run that the repository holds and this one has not: they go, or would be read with it."""
    parent: str | None = None
    """The commit that was looked at; None: there is no repository yet, or nobody asked."""

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "repository": self.repository,
            "public": self.public,
            "bytes": self.size,
            "files": [{"name": file.name, "bytes": file.size, "note": file.note} for file in self.files],
            "stay": list(self.stay),
            "removed": list(self.replaced),
        }


@dataclass(frozen=True)
class Pushed:
    """What was published."""

    upload: Upload
    url: str
    revision: str

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**self.upload.as_dict(), "uploaded": True, "url": self.url, "revision": self.revision}


def plan_upload(request: PushRequest) -> Upload:
    """Find what is public in the run, without asking the Hub. UsageError for what must not be published."""
    folder = Path(request.run)
    if not is_hub_name(request.repository):
        raise UsageError(f"{request.repository}: a name on the Hub is wanted: OWNER/NAME.")
    if folder.is_dir() and (origin := hub_name_of(folder)):
        raise UsageError(f"{request.run}: was fetched from the Hub ({origin}). Only a run of this machine is pushed.")
    read_task(folder)
    if not (folder / CARD).is_file() and not (folder / EXPORT).is_file():
        raise CheckpointError(f"{folder}: has no {CARD}, the card of the model: its training has not finished.")
    files = tuple(public_files(folder, request.repository))
    return Upload(request.run, request.repository, request.public, files, tuple(files_that_stay(folder)))


def look_at_hub(upload: Upload) -> Upload:
    """What is in the repository now. UsageError where it cannot be written, is not as private as was asked for, or holds
    something else."""
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.constants import is_offline_mode

    name = upload.repository
    if is_offline_mode():
        raise UsageError(f"{name}: HF_HUB_OFFLINE is set, so nothing can be uploaded. Unset it, or pass --dry-run.")
    if get_token() is None:
        raise UsageError(f"{name}: no token of the Hugging Face Hub. Log in with `hf auth login`, or set HF_TOKEN.")
    status = hub_status(name)
    if status is None:
        raise UsageError(f"{name}: the Hugging Face Hub cannot be reached. Nothing was uploaded.")
    if status == 404:
        return upload
    with told_by_hub(name):
        found = HfApi().model_info(name)
    there = [one.rfilename for one in found.siblings or ()]
    _check_repository(upload, there, private=bool(found.private))
    new = {file.name for file in upload.files}
    return replace(upload, replaced=tuple(one for one in there if is_public(one) and one not in new), parent=found.sha)


def _check_repository(upload: Upload, there: list[str], *, private: bool) -> None:
    name = upload.repository
    if not private and not upload.public:
        raise UsageError(
            f"{name}: is there already, and public. Pass --public if all may read this run, or choose another name."
        )
    if private and upload.public:
        raise UsageError(
            f"{name}: is there already, and private. Leave --public out; its settings on the Hub can open it later."
        )
    if TASK_FILE not in there and any(is_public(one) and one != CARD for one in there):
        raise UsageError(f"{name}: holds a model that is no run of bertft. Choose another name.")


def push(upload: Upload) -> Pushed:
    """Upload it. What `look_at_hub` found must still be so."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api, name = HfApi(), upload.repository
    with told_by_hub(name), bars_on_a_terminal():
        if upload.parent is None:
            api.create_repo(name, private=not upload.public)
        changes: list[Any] = [
            *(CommitOperationAdd(path_in_repo=file.name, path_or_fileobj=file.content) for file in upload.files),
            *(CommitOperationDelete(path_in_repo=old) for old in upload.replaced),
        ]
        done = api.create_commit(name, changes, commit_message="Upload a run of bertft", parent_commit=upload.parent)
    return Pushed(upload, f"{api.endpoint}/{name}", done.oid)
