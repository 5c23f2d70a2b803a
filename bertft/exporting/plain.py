"""A tokenizer of transformers in, what a graph needs to do without it out.

Classes of transformers may read their files in ways of their own. So nothing is noted unless the backend that transformers has
made is, setting for setting, what tokenizer.json says, and both give the same of texts that tokenizers treat specially."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bertft.graph.record import PlainReading
from bertft.graph.tokenizer import FILE, PlainTokenizer, backend_of, tokenizer_sha256

PROBES = (
    *("", " ", "a", "A  b\tc\nd ", "naïve café — 100 % ﬁne", "中文 text 日本", "👩\u200d👧 \u00ad", "don't 3.14 a_b"),
    *("a-b", "\ufeffx", "ÀÉÎ İı ß", "a" * 300, "</s> <s> [CLS] [SEP] [MASK] <mask> [PAD] [UNK]", "very long " * 40),
)

_UNUSED = "overflow_to_sample_mapping"
"""Which adapters do not ask for."""


def plain_reading(tokenizer: Any, config: Any, folder: Path) -> PlainReading | None:
    """None where transformers has to open the folder. `tokenizer`: as a run is answered with."""
    sha256 = tokenizer_sha256(folder)
    if not sha256 or not _is_usual(tokenizer):
        return None
    numbers = {
        name: getattr(tokenizer, name) for name in ("unk_token_id", "mask_token_id", "sep_token_id", "eos_token_id")
    }
    reading = PlainReading(
        tokenizer_sha256=sha256,
        vocab_size=int(config.vocab_size),
        num_labels=int(config.num_labels),
        pad_token_id=int(tokenizer.pad_token_id),
        pad_token_type_id=int(tokenizer.pad_token_type_id),
        model_input_names=tuple(tokenizer.model_input_names),
        padding_side=tokenizer.padding_side,
        truncation_side=tokenizer.truncation_side,
        **numbers,
    )
    plain = PlainTokenizer(backend_of((folder / FILE).read_bytes()), reading)
    return reading if _is_same(tokenizer, plain) else None


def _is_usual(tokenizer: Any) -> bool:
    """Whether transformers calls the backend as it calls all others'."""
    from transformers import PreTrainedTokenizerFast

    base: Any = PreTrainedTokenizerFast
    own = (getattr(type(tokenizer), name, None) for name in ("__call__", "_encode_plus", "set_truncation_and_padding"))
    usual = (base.__call__, base._encode_plus, base.set_truncation_and_padding)
    return all(one is other for one, other in zip(own, usual, strict=True)) and not tokenizer.split_special_tokens


def _is_same(tokenizer: Any, plain: PlainTokenizer) -> bool:
    if _settings(tokenizer.backend_tokenizer) != _settings(plain.backend):
        return False
    special = [" ".join(tokenizer.all_special_tokens), *(f"x{token}y" for token in tokenizer.all_special_tokens)]
    texts = [*PROBES, *special]
    try:
        wanted = _said(tokenizer, texts)
    except Exception:  # the backend's own, of a vocabulary that lacks its token for what is unknown
        return False
    return wanted == _said(plain, texts)


def _settings(backend: Any) -> str:
    """All of them but how the last call cut and padded."""
    copy = backend_of(backend.to_str().encode())
    copy.no_truncation()
    copy.no_padding()
    return str(copy.to_str())


def _said(tokenizer: Any, texts: list[str]) -> list[Any]:
    """In all the ways that adapters ask."""
    words = [text.split() or ["a"] for text in texts]
    cut = {"max_length": 9, "return_overflowing_tokens": True, "stride": 2}
    asked = [
        tokenizer(texts),
        tokenizer(texts, texts[::-1]),
        tokenizer("a", "a"),
        tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True),
        tokenizer(words, is_split_into_words=True, add_special_tokens=False),
        tokenizer(texts, truncation="only_first", **cut),
        tokenizer(texts, texts, truncation="longest_first", max_length=9),
    ]
    of_words = [asked[4].word_ids(place) for place in range(len(words))]
    lists = [{name: values for name, values in one.items() if name != _UNUSED} for one in asked]
    return [*lists, of_words, [len(one.encodings) for one in asked]]
