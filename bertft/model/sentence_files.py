"""What the files of sentence-transformers beside a model say of its vectors: how they are pooled, whether they have length 1, how
long a text may be. What is done to a vector there and cannot be done here is said in words, so that nobody takes another vector
for the model's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft.errors import CheckpointError

MODULES = "modules.json"

_OLD_MODES = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""What sentence-transformers wrote before it wrote `pooling_mode`; several together are joined."""

_KNOWN = ("Transformer", "Pooling", "Normalize")
"""Modules that are done here; a name begins with the package of its version."""


@dataclass(frozen=True)
class SentenceFiles:
    """Of a model that has a modules.json."""

    pool: str | None
    """As they call it: mean, cls, max or another; several are joined with +."""
    normalize: bool
    max_length: int | None
    lower: bool
    """Whether texts are put into lower case first."""
    prompt: str
    """What they put before each text."""
    beyond: tuple[str, ...]
    """Modules that are not known here, such as Dense."""

    @property
    def named(self) -> str:
        """In words."""
        words = [f"pooling {self.pool}", "length 1" if self.normalize else "any length"]
        return ", ".join([*words, *([f"at most {self.max_length} tokens"] if self.max_length else [])])


def sentence_files(path: str) -> SentenceFiles | None:
    """Of a folder or Hub name; None where it is no model of sentence-transformers."""
    modules = _read(path, MODULES)
    if modules is None:
        return None
    if not isinstance(modules, list) or not all(isinstance(one, Mapping) for one in modules):
        raise CheckpointError(f"{path}/{MODULES}: damaged: a list of modules is wanted.")
    kinds = [str(one.get("type", "")).rsplit(".", 1)[-1] for one in modules]
    folders = [str(one.get("path", "")) for one in modules]
    if not kinds or kinds[0] != "Transformer" or folders[0] not in ("", "."):
        raise CheckpointError(f"{path}/{MODULES}: begins with {kinds[:1]}, not with a model of transformers beside it.")
    pooling = dict(zip(kinds, folders, strict=True)).get("Pooling")
    settings, own = _table(path, "sentence_bert_config.json"), _table(path, "config_sentence_transformers.json")
    prompts = own.get("prompts") or {}
    longest = settings.get("max_seq_length")
    return SentenceFiles(
        pool=_modes(_table(path, f"{pooling}/config.json")) if pooling else None,
        normalize="Normalize" in kinds,
        max_length=longest if isinstance(longest, int) and longest > 2 else None,
        lower=settings.get("do_lower_case") is True,
        prompt=str(prompts.get(own.get("default_prompt_name"), "")) if isinstance(prompts, Mapping) else "",
        beyond=tuple(kind for kind in kinds if kind not in _KNOWN),
    )


def _modes(told: Mapping[str, Any]) -> str | None:
    modes = told.get("pooling_mode") or [mode for key, mode in _OLD_MODES.items() if told.get(key)]
    if isinstance(modes, str):
        return modes
    return ("+".join(map(str, modes)) or None) if isinstance(modes, list) else None


def _table(path: str, name: str) -> Mapping[str, Any]:
    found = _read(path, name)
    return found if isinstance(found, Mapping) else {}


def _read(path: str, name: str) -> Any:
    """Of a JSON file of a folder or Hub name; None where there is none. CheckpointError where it is damaged."""
    from transformers.utils.hub import cached_file

    if ".." in Path(name).parts or Path(name).is_absolute():
        raise CheckpointError(f"{path}/{MODULES}: names a folder outside of its own: {name!r}.")
    quiet = ("gated_repo", "missing_entries", "connection_errors")
    found = cached_file(path, name, **{f"_raise_exceptions_for_{reason}": False for reason in quiet})
    if not found:
        return None
    try:
        return json.loads(Path(found).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as problem:
        raise CheckpointError(f"{path}/{name}: damaged ({type(problem).__name__}: {problem}).") from None
