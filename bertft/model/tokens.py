"""The backbone's own tokenizer. Fast ones only: the others are too slow and know no character offsets."""

from __future__ import annotations

from typing import Any

from bertft.errors import CheckpointError
from bertft.model.trust import check_tokenizer
from bertft.protocols import Tokenizer


def load_tokenizer(path: str, *, words: bool = False) -> Tokenizer:
    """The fast tokenizer of a folder or Hub name. `words`: it will be given words one by one, so one that tells a word by the
    space before it must put that space there."""
    from transformers import AutoTokenizer

    check_tokenizer(path)
    settings = {"add_prefix_space": True} if words else {}
    try:
        opened: Any = AutoTokenizer.from_pretrained(path, use_fast=True, trust_remote_code=False, **settings)
    except Exception as problem:  # OSError, ValueError, KeyError, tokenizers' own Exception
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise CheckpointError(f"{path}: its tokenizer cannot be opened ({reason}).") from problem
    if not getattr(opened, "is_fast", False):  # some hold two tokenizers, and are none
        raise CheckpointError(f"{path}: has no fast tokenizer (tokenizer.json).")
    tokenizer: Tokenizer = opened
    return tokenizer
