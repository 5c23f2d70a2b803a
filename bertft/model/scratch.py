"""A network that knows nothing yet: two language models of LSTMs (encoders/language_model.py), or a BERT.

A BERT comes in one of Google's sizes: Turc et al. 2019 (arXiv 1908.08962), and BERT base.

Its weights are drawn as BERT's are, from a normal distribution with standard deviation 0.02, biases 0 (transformers' own
initialisation). Heads are 64 wide and the feed-forward layers four times the hidden size in all of them."""

from __future__ import annotations

from typing import Any

from bertft.errors import CheckpointError
from bertft.model.backbone import Backbone
from bertft.model.families import LANGUAGE_MODEL
from bertft.plan.pretraining import NEW, NEW_LSTMS, SIZES
from bertft.protocols import Tokenizer

NARROW, WIDE = 5e-4, 1e-4
"""Learning rates. BERT base: arXiv 1810.04805, A.2. Narrower networks take more, as ELECTRA-Small (arXiv 2003.10555, table 6)."""

FIRST_IDS = 16
"""Up to here RoBERTa's way of counting positions, from the id of its padding on, costs next to nothing."""

OF_LSTMS = 1e-3
"""Adam's usual rate."""

LONGEST = 512
"""Tokens; more where a run is to read more."""


def scratch_rate(config: Any) -> float:
    """The usual learning rate of a network that knows nothing yet."""
    if config.model_type == LANGUAGE_MODEL:
        return OF_LSTMS
    return WIDE if config.hidden_size >= SIZES["base"][1] else NARROW


def new_language_model(size: str, tokenizer: Tokenizer, max_length: int) -> Backbone:
    """With the words of a tokenizer, as wide as a BERT of that size, both directions together."""
    from bertft.model.encoders.language_model import LanguageModelConfig

    known: Any = tokenizer
    config = LanguageModelConfig(
        vocab_size=max(known.get_vocab().values()) + 1,
        pad_token_id=known.pad_token_id,
        hidden_size=SIZES[size][1],
        max_position_embeddings=max(LONGEST, max_length),
    )
    return Backbone(NEW_LSTMS, "", config, tokenizer=tokenizer)


def new_bert(size: str, tokenizer: Tokenizer, max_length: int) -> Backbone:
    """With the words of a tokenizer. A RoBERTa where the tokenizer knows no second text and its padding is one of its first
    tokens, else a BERT. CheckpointError for a tokenizer without padding."""
    from transformers import BertConfig, RobertaConfig

    layers, hidden = SIZES[size]
    known: Any = tokenizer
    if known.pad_token_id is None:
        raise CheckpointError(
            "The tokenizer has no token for padding, which a new BERT needs. Name another with --tokenizer."
        )
    settings: dict[str, Any] = {
        "vocab_size": max(known.get_vocab().values()) + 1,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": hidden // 64,
        "intermediate_size": 4 * hidden,
        "pad_token_id": known.pad_token_id,
    }
    positions = max(LONGEST, max_length)
    two_texts = "token_type_ids" in known.model_input_names
    if two_texts or known.pad_token_id > FIRST_IDS:
        config: Any = BertConfig(max_position_embeddings=positions, type_vocab_size=1 + two_texts, **settings)
        return Backbone(f"{NEW}bert-{size}", "", config, tokenizer=tokenizer)
    own = {"bos_token_id": known.cls_token_id, "eos_token_id": known.sep_token_id, "type_vocab_size": 1}
    positions += known.pad_token_id + 1  # RoBERTa counts from there
    config = RobertaConfig(max_position_embeddings=positions, **settings, **own)
    return Backbone(f"{NEW}roberta-{size}", "", config, tokenizer=tokenizer)
