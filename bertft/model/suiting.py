"""What a tokenizer cannot know of the model that it feeds: on which side batches are padded, whether the model tells texts by
segments, and that a word which is given by itself had a space before it.

Families bring tokenizers of other families along, with habits that their own models do not share. What is set here is saved with
the run, so that transformers answers the same."""

from __future__ import annotations

import inspect
from typing import Any

READS_LAST = ("xlnet",)
"""Families whose classifiers read the last token of a batch's rows, which must be no padding."""

_SPACE = " "


def suit(tokenizer: Any, config: Any) -> None:
    """Pad where no classifier reads, and give the model no inputs that it does not take."""
    tokenizer.padding_side = "left" if config.model_type in READS_LAST else "right"
    if not takes_segments(config):
        names = [name for name in tokenizer.model_input_names if name != "token_type_ids"]
        tokenizer.model_input_names = tokenizer.init_kwargs["model_input_names"] = names  # the second is what is saved


def takes_segments(config: Any) -> bool:
    """Whether the model tells the two texts of a pair by their segments. One with a single segment fails at the second."""
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    segments = getattr(config, "type_vocab_size", None)
    if segments is not None:
        return bool(segments > 1)
    family: Any = MODEL_MAPPING.get(type(config), None)
    return family is None or "token_type_ids" in inspect.signature(family.forward).parameters


def mark_words(tokenizer: Any) -> None:
    """Let a tokenizer that tells a word by the space before it find that space before each word that it is given by itself.
    transformers does so only for tokenizers of classes of their own, such as RoBERTa's; those of ModernBERT, EuroBERT and mmBERT
    ignore `add_prefix_space` (AnswerDotAI/ModernBERT issue 149, huggingface/transformers pull request 35537)."""
    from tokenizers import normalizers

    if marks_words(tokenizer):
        return
    backend = tokenizer.backend_tokenizer
    former = backend.normalizer
    backend.normalizer = normalizers.Sequence([normalizers.Prepend(_SPACE), *([former] if former else [])])
    if not _cuts_words_as_texts(backend):
        backend.normalizer = former


def marks_words(tokenizer: Any) -> bool:
    """Whether it finds what it needs before each word: nothing, or that space."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    return backend is None or _cuts_words_as_texts(backend)


def _cuts_words_as_texts(backend: Any) -> bool:
    """Whether words have the same tokens in a text and by themselves."""
    text = backend.encode("a a", add_special_tokens=False).ids
    words = backend.encode(["a", "a"], is_pretokenized=True, add_special_tokens=False).ids
    return bool(text == words)
