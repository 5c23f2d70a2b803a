"""A tokenizer learned from the training rows: whole words, in lower case. It is an ordinary fast tokenizer of transformers.

`[CLS]` and `[SEP]` stand around each text, as in BERT, so that no text is empty and a pair can be told apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bertft.protocols import Tokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
LEAST = 2
"""Times that a word must occur; rarer ones teach what an unknown word is."""


def learn_tokenizer(texts: Iterable[str], *, words: bool, least: int = LEAST) -> Tokenizer:
    """`words`: the texts are words, which are looked up whole; else texts are split at spaces and punctuation. `least`: times
    that a word must occur, unless no word does."""
    return learn_and_count(texts, words=words, least=least)[0]


def learn_and_count(texts: Iterable[str], *, words: bool, least: int = LEAST) -> tuple[Tokenizer, int]:
    """The same, and how often a word did have to occur."""
    from tokenizers.trainers import WordLevelTrainer

    texts = list(texts)
    for times in (least, 1):
        backend = _backend(words=words)
        trainer = WordLevelTrainer(
            min_frequency=times, vocab_size=2**31, special_tokens=list(SPECIAL), show_progress=False
        )
        backend.train_from_iterator(texts, trainer)
        if backend.get_vocab_size() > len(SPECIAL):
            break
    return _finished(backend), times


def tokenizer_with(known: Iterable[str], *, words: bool) -> Tokenizer:
    """One that knows these words."""
    from tokenizers import models

    backend = _backend(words=words)
    pieces = dict.fromkeys([*SPECIAL, *known])
    backend.model = models.WordLevel({piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]")
    backend.add_special_tokens(list(SPECIAL))
    return _finished(backend)


def words_of(tokenizer: Tokenizer) -> list[str]:
    """Those that a learned tokenizer knows, by their numbers."""
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    return sorted(vocabulary.keys() - set(SPECIAL), key=vocabulary.__getitem__)


def _backend(*, words: bool) -> Any:
    from tokenizers import Tokenizer as Backend
    from tokenizers import models, normalizers, pre_tokenizers

    backend = Backend(models.WordLevel(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False, handle_chinese_chars=not words)
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit() if words else pre_tokenizers.BertPreTokenizer()
    return backend


def _finished(backend: Any) -> Tokenizer:
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    ids = [(name, backend.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    backend.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    made: Any = PreTrainedTokenizerFast
    tokenizer: Tokenizer = made(tokenizer_object=backend, model_input_names=inputs, **names)
    return tokenizer
