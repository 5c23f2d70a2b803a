"""The backbone's own tokenizer. Fast ones only: the others are too slow and know no character offsets."""

from __future__ import annotations

from typing import Any

from bertft.errors import CheckpointError


def load_tokenizer(path: str) -> Any:
    """The fast tokenizer of a folder or Hub name."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, use_fast=True, trust_remote_code=False)
    except Exception as problem:  # OSError, ValueError, KeyError, tokenizers' own Exception
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise CheckpointError(f"{path}: its tokenizer cannot be opened ({reason}).") from problem
    if not tokenizer.is_fast:
        raise CheckpointError(f"{path}: has no fast tokenizer (tokenizer.json).")
    return tokenizer
