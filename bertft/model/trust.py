"""A folder of weights may come from a stranger. What it may not do is decided here: name a pickle, lead out of itself, stand for
a model that lies elsewhere, or fetch code. (`trust_remote_code` is off wherever transformers is called.)"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bertft.errors import CheckpointError
from bertft.system.hub import hub_name_of

INDEX = "model.safetensors.index.json"
ADAPTER = "adapter_config.json"
TOKENIZER = "tokenizer_config.json"

_FOUND_ANEW = ("tokenizer_file", "special_tokens_map_file", "added_tokens_file", "chat_template_file")
"""Where older versions of transformers wrote their maker's paths; what stands there is never read."""


def check_weights(path: str) -> None:
    """CheckpointError if what names the weights' files, in a folder or on the Hub, names anything but safetensors beside it:
    transformers would read whatever stands there, a pickle too."""
    from transformers.utils.hub import cached_file

    quiet = ("gated_repo", "missing_entries", "connection_errors")
    found = cached_file(path, INDEX, **{f"_raise_exceptions_for_{reason}": False for reason in quiet})
    for name in _named_files(Path(found)) if found else ():
        if not _is_plain(name):
            raise CheckpointError(f"{path}/{INDEX}: names a file outside of the folder: {name!r}.")
        if not name.endswith(".safetensors"):
            raise CheckpointError(f"{path}/{INDEX}: names {name!r}; weights are read from safetensors only.")
    if (Path(path) / ADAPTER).exists():
        raise CheckpointError(
            f"{path}: holds an adapter ({ADAPTER}), not a whole model. Merge it into its model first."
        )


def check_config(path: str, config: Any) -> None:
    """CheckpointError if a config names its weights itself, and anything but safetensors beside it."""
    name = getattr(config, "transformers_weights", None)
    if name is not None and not (_is_plain(name) and name.endswith(".safetensors")):
        raise CheckpointError(
            f"{path}/config.json: names weights {name!r}; they are read from *.safetensors in the folder only."
        )


def check_tokenizer(path: str) -> None:
    """CheckpointError if the settings of a folder's tokenizer name a file that lies elsewhere: transformers would read it."""
    try:
        settings = dict(json.loads((Path(path) / TOKENIZER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return  # transformers will say what is wrong with it
    for key, value in settings.items():
        for name in _names_in(key, value):
            if not _is_plain(name) or key in (
                "vocab",
                "merges",
                "init_inputs",
            ):  # these are sought in the working folder
                raise CheckpointError(f"{path}/{TOKENIZER}: '{key}' names a file outside of the folder: {name!r}.")


def check_closed(folder: Path) -> None:
    """CheckpointError if a link in a run folder leads out of it: a run that was passed on must not reach its reader's files.
    In the Hub's cache files are links to the blobs of the same model."""
    home = folder.resolve()
    blobs = home.parent.parent / "blobs" if hub_name_of(folder) else home
    for entry in folder.rglob("*"):
        if entry.is_symlink() and not any(entry.resolve().is_relative_to(place) for place in (home, blobs)):
            raise CheckpointError(f"{entry}: leads out of the folder. Put the file itself there.")


def without_kernels(config: Any) -> Any:
    """The config, made to choose its attention anew: where it names `owner/kernel`, transformers would fetch code."""
    config._attn_implementation = None
    config._experts_implementation = None
    return config


def _is_plain(name: Any) -> bool:
    """Whether it can only be the name of a file in the folder itself."""
    return isinstance(name, str) and Path(name).name == name and "\\" not in name


def _names_in(key: str, value: Any) -> list[str]:
    """What transformers would open, of the value of one setting of a tokenizer."""
    listed = key in ("fast_tokenizer_files", "init_inputs")
    single = key in ("vocab", "merges") or (key.endswith("_file") and key not in _FOUND_ANEW)
    values = value if listed and isinstance(value, list) else [value] if listed or single else []
    return [name for name in values if isinstance(name, str)]


def _named_files(index: Path) -> list[str]:
    try:
        return sorted(set(map(str, json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise CheckpointError(f"{index}: damaged ({type(problem).__name__}: {problem}).") from problem
