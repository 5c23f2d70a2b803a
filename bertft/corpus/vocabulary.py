"""Texts come in, a tokenizer learned from them goes out: the word pieces of BERT or the byte-level BPE of RoBERTa.

The same texts give the same vocabulary. The library tokenizers numbers the pieces inside words as its hash tables happen to hold
them, which decides between pairs that are equally frequent; so they are numbered here, before it merges any.

Byte-level BPE: Radford et al. 2019. Word pieces are merged by frequency too, as tokenizers does it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bertft.corpus.long_words import ShortWords
from bertft.errors import DataError
from bertft.protocols import Tokenizer

KINDS_OF_PIECES = ("wordpiece", "bpe")
OF_BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
OF_ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
LEAST_TIMES = 2
"""How often a pair must occur to become a piece."""
LONGEST = 512
"""Tokens, for whoever asks the tokenizer; a model may allow more."""
Texts = Callable[[], Iterable[str]]
"""All texts, from the start, as often as asked."""


@dataclass(frozen=True)
class LearnedVocabulary:
    """A tokenizer, and what it was learned from."""

    tokenizer: Tokenizer
    size: int
    """Tokens, the special ones among them."""
    smallest: int
    """How few tokens would do: special ones and single characters."""
    long_words: str
    """What became of words that are too long to learn from; empty where there were none."""


def learn_vocabulary(texts: Texts, *, kind: str, size: int, lower: bool) -> LearnedVocabulary:
    """DataError where `size` is too small for the characters of the texts, or where there are none."""
    return _learn_bpe(texts, size) if kind == "bpe" else _learn_word_pieces(texts, size, lower=lower)


def _learn_word_pieces(texts: Texts, size: int, *, lower: bool) -> LearnedVocabulary:
    from tokenizers.trainers import WordPieceTrainer
    from transformers import BertTokenizer

    words = ShortWords(_word_pieces_backend(lower=lower), cuts=False)

    def trained(size: int, special: Sequence[str]) -> dict[str, int]:
        settings: dict[str, Any] = {"min_frequency": LEAST_TIMES, "limit_alphabet": 2**31, "show_progress": False}
        trainer = WordPieceTrainer(vocab_size=size, special_tokens=list(special), **settings)
        backend = _word_pieces_backend(lower=lower)
        backend.train_from_iterator(_one_by_one(texts, words), trainer)
        known: dict[str, int] = json.loads(backend.to_str())["model"]["vocab"]
        return known

    single = trained(0, OF_BERT).keys() - set(OF_BERT)  # no merges: the characters, as they begin words and inside
    _check_size(size, len(OF_BERT) + len(single), "characters, at the beginning and inside of words")
    inside = sorted(piece for piece in single if piece.startswith("##") and len(piece) > 2)
    begin = sorted(single - set(inside))
    pieces = trained(size, [*OF_BERT, *begin, *inside])
    made: Any = BertTokenizer(vocab=pieces, do_lower_case=lower, model_max_length=LONGEST)
    return LearnedVocabulary(made, len(pieces), len(OF_BERT) + len(single), words.said())


def _learn_bpe(texts: Texts, size: int) -> LearnedVocabulary:
    from tokenizers import pre_tokenizers
    from tokenizers.trainers import BpeTrainer
    from transformers import RobertaTokenizer

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    _check_size(size, len(OF_ROBERTA) + len(alphabet), "bytes")
    backend, words = _byte_level_backend(), ShortWords(_byte_level_backend(), cuts=True)
    settings: dict[str, Any] = {"min_frequency": LEAST_TIMES, "initial_alphabet": alphabet, "show_progress": False}
    trainer = BpeTrainer(vocab_size=size, special_tokens=list(OF_ROBERTA), **settings)
    backend.train_from_iterator(_one_by_one(texts, words), trainer)
    model = json.loads(backend.to_str())["model"]
    merges: Any = [tuple(pair) for pair in model["merges"]]
    made: Any = RobertaTokenizer(vocab=model["vocab"], merges=merges, model_max_length=LONGEST)
    return LearnedVocabulary(made, len(model["vocab"]), len(OF_ROBERTA) + len(alphabet), words.said())


def _word_pieces_backend(*, lower: bool) -> Any:
    from tokenizers import Tokenizer as Backend
    from tokenizers import models, normalizers, pre_tokenizers

    backend = Backend(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=lower)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return backend


def _byte_level_backend() -> Any:
    from tokenizers import Tokenizer as Backend
    from tokenizers import models, pre_tokenizers

    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return backend


def _one_by_one(texts: Texts, words: ShortWords) -> Iterator[str]:
    """DataError where there is no text."""
    empty = True
    for text in words.of_all(texts()):
        empty = empty and not text.strip()
        yield text
    if empty:
        besides = f" besides {words.said()}" if words.too_long else ""
        raise DataError(f"There is no text to learn a vocabulary from{besides}.")


def _check_size(size: int, smallest: int, what: str) -> None:
    if size < smallest:
        raise DataError(
            f"A vocabulary of {size:,} is too small: the special tokens and all single {what}, are {smallest:,} already. "
            f"Pass --size {smallest} or more."
        )
