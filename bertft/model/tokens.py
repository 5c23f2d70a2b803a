"""The backbone's own tokenizer. Fast ones only: the others are too slow and know no character offsets."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bertft.classic.vocabulary import Vocabulary
from bertft.errors import CheckpointError
from bertft.model.suiting import mark_words, suit
from bertft.model.trust import check_tokenizer
from bertft.protocols import Tokenizer
from bertft.runs import VOCABULARY


def load_tokenizer(path: str, *, words: bool = False, as_saved: bool = False) -> Tokenizer:
    """The fast tokenizer of a folder or Hub name. `words`: it will be given words one by one, so one that tells a word by the
    space before it must put that space there, unless it is used `as_saved`, as in a run
    that learned without: earlier versions did not see to it."""
    import transformers

    if (Path(path) / VOCABULARY).is_file():
        return Vocabulary.load(path)
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    check_tokenizer(path)
    settings = {"add_prefix_space": True} if words else {}
    try:
        opened: Any = transformers.AutoTokenizer.from_pretrained(
            path, use_fast=True, trust_remote_code=False, **settings
        )
    except Exception as problem:  # OSError, ValueError, KeyError, tokenizers' own Exception
        raise CheckpointError(f"{path}: {_why_not(path, problem)}") from problem
    if not getattr(opened, "is_fast", False):  # some hold two tokenizers, and are none
        raise CheckpointError(
            f"{path}: has no fast tokenizer, which bertft needs: choose a model that has a tokenizer.json."
        )
    check_vocabulary(opened, path)
    if words and not as_saved:
        mark_words(opened)
    tokenizer: Tokenizer = opened
    return tokenizer


_SENTENCEPIECE = ("spiece.model", "spm.model", "sentencepiece.bpe.model", "sentencepiece.model", "tokenizer.model")
"""Names of a vocabulary for sentencepiece, or for tiktoken, which uses the last one too."""


_WITH = {"sentencepiece": "sentencepiece protobuf", "tiktoken": "tiktoken"}
"""Package -> what to install for it."""


def _why_not(path: str, problem: Exception) -> str:
    """What would help. transformers names tiktoken where sentencepiece is missing."""
    text = str(problem)
    if (vocabulary := _vocabulary(path)) and not _are_installed(packages := _WITH[_package_for(vocabulary)]):
        return f"its tokenizer ({vocabulary.name}) needs a package that is not installed: pip install {packages}"
    if segmenter := re.search(r"need to install (\S+) to use (\w+)", text):
        return _needs_segmenter(*segmenter.groups())
    if "Couldn't instantiate the backend tokenizer" in text:
        return "its tokenizer is of a class that transformers does not know; a tokenizer.json is needed."
    return f"its tokenizer cannot be opened ({text.splitlines()[0] if text else type(problem).__name__})."


def _needs_segmenter(package: str, tokenizer: str) -> str:
    """Some fast tokenizers call a package that splits words; with the others the package alone would not help."""
    import transformers

    if issubclass(getattr(transformers, tokenizer, object), transformers.PreTrainedTokenizerFast):
        return f"its tokenizer ({tokenizer}) needs a package that is not installed: pip install {package}"
    return (
        f"its tokenizer ({tokenizer}) splits words in Python with the package {package}. bertft needs a fast tokenizer: "
        f"choose a model that has a tokenizer.json."
    )


def _vocabulary(path: str) -> Path | None:
    """The vocabulary file of a folder, or of a Hub model in the cache; None where there is a tokenizer.json, or neither."""
    from transformers.utils.hub import cached_file

    for name in ("tokenizer.json", *_SENTENCEPIECE, "tiktoken.model"):
        here = Path(path) / name
        found = (
            here
            if here.is_file()
            else cached_file(
                path,
                name,
                local_files_only=True,
                _raise_exceptions_for_missing_entries=False,
                _raise_exceptions_for_connection_errors=False,
                _raise_exceptions_for_gated_repo=False,
            )
        )
        if found:
            return None if name == "tokenizer.json" else Path(found)
    return None


def _package_for(vocabulary: Path) -> str:
    """The package that reads a vocabulary: sentencepiece's are protobuf, tiktoken's are lines of base64."""
    with vocabulary.open("rb") as file:
        return "sentencepiece" if file.read(1) == b"\n" else "tiktoken"


def _are_installed(packages: str) -> bool:
    """`packages`: their names, as for pip."""
    try:
        return all(version(package) for package in packages.split())
    except PackageNotFoundError:
        return False


def check_vocabulary(tokenizer: Any, path: str) -> None:
    """CheckpointError for a tokenizer that transformers made up because there is none: it has special tokens and no other, so
    that every text would look the same."""
    if not tokenizer.get_vocab().keys() - set(tokenizer.all_special_tokens):
        raise CheckpointError(
            f"{path}: has no tokenizer (tokenizer.json, vocab.txt or the like). Copy its files there from where the model came."
        )


def check_belongs(tokenizer: Any, config: Any, name: str) -> None:
    """CheckpointError for a tokenizer whose tokens the model does not have, or that cannot fill up a batch."""
    if isinstance(tokenizer, Vocabulary) and tokenizer.ends != getattr(config, "ends", None):
        raise CheckpointError(f"{name}: {VOCABULARY} is not of the model beside it. Copy the whole run folder again.")
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


def fit_to_model(tokenizer: Any, config: Any, name: str) -> None:
    """Check that a tokenizer belongs to a model, and let it feed this model as it wants to be fed."""
    check_belongs(tokenizer, config, name)
    if not isinstance(tokenizer, Vocabulary):
        suit(tokenizer, config)
