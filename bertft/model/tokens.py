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
    check_vocabulary(opened, path)
    tokenizer: Tokenizer = opened
    return tokenizer


def check_vocabulary(tokenizer: Any, path: str) -> None:
    """CheckpointError for a tokenizer that transformers made up because there is none: it has special tokens and no other, so
    that every text would look the same."""
    if not tokenizer.get_vocab().keys() - set(tokenizer.all_special_tokens):
        raise CheckpointError(
            f"{path}: has no tokenizer (tokenizer.json, vocab.txt or the like). Copy its files there from where the model came."
        )


def check_belongs(tokenizer: Any, config: Any, name: str) -> None:
    """CheckpointError for a tokenizer whose tokens the model does not have, or that cannot fill up a batch."""
    highest, known = max(tokenizer.get_vocab().values()), int(config.vocab_size)
    if highest >= known:
        raise CheckpointError(
            f"{name}: the tokenizer has {highest + 1:,} tokens, the model {known:,}: they do not belong together. "
            f"Copy the tokenizer's files from where the model came."
        )
    if tokenizer.pad_token_id is None:
        raise CheckpointError(
            f"{name}: its tokenizer has no padding token, as encoders have. Name an encoder, such as a BERT."
        )
