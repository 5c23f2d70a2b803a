"""A folder of weights may come from a stranger. What it may not do is decided here: name a pickle, lead out of itself, stand for
a model that lies elsewhere, or fetch code. (`trust_remote_code` is off wherever transformers is called.)"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bertft.errors import CheckpointError

INDEX = "model.safetensors.index.json"
ADAPTER = "adapter_config.json"


def check_weights(path: str) -> None:
    """CheckpointError if what names the weights' files, in a folder or on the Hub, names anything but safetensors beside it:
    transformers would read whatever stands there, a pickle too."""
    from transformers.utils.hub import cached_file

    quiet = ("gated_repo", "missing_entries", "connection_errors")
    found = cached_file(path, INDEX, **{f"_raise_exceptions_for_{reason}": False for reason in quiet})
    for name in _named_files(Path(found)) if found else ():
        if Path(name).name != name or "\\" in name:
            raise CheckpointError(f"{path}/{INDEX}: names a file outside of the folder: {name!r}.")
        if not name.endswith(".safetensors"):
            raise CheckpointError(f"{path}/{INDEX}: names {name!r}; weights are read from safetensors only.")
    if (Path(path) / ADAPTER).exists():
        raise CheckpointError(
            f"{path}: holds an adapter ({ADAPTER}), not a whole model. Merge it into its model first."
        )


def check_closed(folder: Path) -> None:
    """CheckpointError if a link in a run folder leads out of it: a run that was passed on must not reach its reader's files."""
    home = folder.resolve()
    for entry in folder.rglob("*"):
        if entry.is_symlink() and not entry.resolve().is_relative_to(home):
            raise CheckpointError(f"{entry}: leads out of the folder. Put the file itself there.")


def without_kernels(config: Any) -> Any:
    """The config, made to choose its attention anew: where it names `owner/kernel`, transformers would fetch code."""
    config._attn_implementation = None
    config._experts_implementation = None
    return config


def _named_files(index: Path) -> list[str]:
    try:
        return sorted(set(map(str, json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise CheckpointError(f"{index}: damaged ({type(problem).__name__}: {problem}).") from problem
