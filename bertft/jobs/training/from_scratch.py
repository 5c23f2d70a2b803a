"""What a pre-training from scratch begins with: a tokenizer, found or learned from the corpus, and a new BERT."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bertft import console
from bertft.adapters.masks.filler import check_mask
from bertft.corpus.vocabulary import learn_vocabulary
from bertft.errors import CheckpointError, UsageError
from bertft.model.backbone import EMBEDDED, Backbone, check_on_hub, embedded_backbone
from bertft.model.scratch import new_bert, new_language_model
from bertft.model.tokens import load_tokenizer
from bertft.plan.pretraining import LSTMS, NEW, NEW_LSTMS, PretrainPlan
from bertft.protocols import Tokenizer

USUAL_SIZE = "small"
LEARNED_TOKENS = 30_522
"""Of a vocabulary that is learned on the way: as many as bert-base-uncased has."""


def with_tokenizer(asked: PretrainPlan, model: str | None) -> PretrainPlan:
    """The plan with all that it takes from scratch; `model` may lend its tokenizer. UsageError for what would have no effect."""
    if model in (LSTMS, NEW_LSTMS):
        if asked.from_scratch:
            raise UsageError(f"--from-scratch: --model {LSTMS} always begins so. Leave it out.")
        return replace(asked, size=asked.size or USUAL_SIZE)
    if not asked.from_scratch:
        for name in ("size", "tokenizer"):
            if getattr(asked, name):
                raise UsageError(
                    f"--{name} is for --from-scratch: a model that has learned keeps its own. Add --from-scratch."
                )
        return asked
    lender = None if model and model.startswith(NEW) else model  # of a plan that was written before
    if lender and asked.tokenizer and lender != asked.tokenizer:
        raise UsageError(
            "--tokenizer and --model name two tokenizers; from scratch a model lends nothing else. Leave one out."
        )
    return replace(asked, size=asked.size or USUAL_SIZE, tokenizer=asked.tokenizer or lender)


def begins_new(asked: PretrainPlan, model: str | None) -> bool:
    """Whether nothing is loaded but a tokenizer."""
    return asked.from_scratch or model in (LSTMS, NEW_LSTMS)


def scratch_backbone(asked: PretrainPlan, texts: Callable[[], Iterable[str]], max_length: int) -> Backbone:
    """A new network of the size that was asked for: a BERT, or LSTMs. `texts`: the corpus, for a vocabulary where none was
    named."""
    tokenizer = _opened(asked.tokenizer) if asked.tokenizer else _learned(texts)
    if not asked.from_scratch:
        return new_language_model(asked.size or USUAL_SIZE, tokenizer, max_length)
    check_mask(tokenizer, asked.tokenizer or "the corpus")
    return new_bert(asked.size or USUAL_SIZE, tokenizer, max_length)


def _opened(name: str) -> Tokenizer:
    """Of a folder, or of a model."""
    if name == EMBEDDED:
        return load_tokenizer(embedded_backbone().path)
    if not Path(name).is_dir():
        _check_on_hub(name)
    return load_tokenizer(name)


def _check_on_hub(name: str) -> None:
    """CheckpointError for what is neither there nor in the cache."""
    with suppress(CheckpointError):
        if not name.startswith((".", "/", "~")) and name.count("/") < 2:
            return check_on_hub(name)
    raise CheckpointError(
        f"--tokenizer {name}: no such folder, nor a model of the Hugging Face Hub that can be had. bertft vocab makes a folder."
    )


def _learned(texts: Callable[[], Iterable[str]]) -> Tokenizer:
    found = learn_vocabulary(texts, kind="wordpiece", size=LEARNED_TOKENS, lower=True)
    console.note(f"Vocabulary: {found.size:,} word pieces in lower case, learned from the corpus (--tokenizer).")
    if found.long_words:
        console.note(f"Vocabulary: {found.long_words}.")
    return found.tokenizer
