"""A fast tokenizer without transformers: the same tokens of the same tokenizer.json, in the few ways that adapters ask for.

An export notes what transformers makes of that file (exporting/plain.py), where both agree to the last setting; another file, or
an export without such a note, is opened by transformers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft.errors import CheckpointError
from bertft.graph.record import PlainReading

FILE, SETTINGS = "tokenizer.json", "tokenizer_config.json"
_MORE_FILES = "special_tokens_map.json", "added_tokens.json"
"""That older versions of transformers wrote, and that today's still reads."""


class Encodings(dict[str, Any]):
    """Lists of what was asked for, by transformers' names; `encodings` holds everything of each text or window."""

    def __init__(self, encodings: Sequence[Any], lists: dict[str, Any]) -> None:
        super().__init__(lists)
        self.encodings = list(encodings)

    def word_ids(self, place: int = 0) -> list[int | None]:
        """Of each token of that text or window."""
        found: list[int | None] = self.encodings[place].word_ids
        return found


@dataclass
class PlainTokenizer:
    """Called as transformers' own. A setting that it does not know is a TypeError."""

    backend: Any
    reading: PlainReading

    def __post_init__(self) -> None:
        self.backend.no_padding()
        self.pad_token_id, self.pad_token_type_id = self.reading.pad_token_id, self.reading.pad_token_type_id
        self.unk_token_id, self.mask_token_id = self.reading.unk_token_id, self.reading.mask_token_id
        self.sep_token_id, self.eos_token_id = self.reading.sep_token_id, self.reading.eos_token_id
        self.model_input_names, self.padding_side = list(self.reading.model_input_names), self.reading.padding_side

    def __call__(
        self,
        text: Any,
        text_pair: Any = None,
        *,
        add_special_tokens: bool = True,
        is_split_into_words: bool = False,
        truncation: str | None = None,
        max_length: int | None = None,
        stride: int = 0,
        return_overflowing_tokens: bool = False,
        return_offsets_mapping: bool = False,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool = True,
        verbose: bool = True,
    ) -> Encodings:
        """One text, or many: lists of ids, or lists of these. `truncation`: a strategy of transformers; None cuts nothing."""
        self._cut_at(truncation, max_length, stride)
        many = isinstance(text, list | tuple) and (
            not is_split_into_words or bool(text and isinstance(text[0], list | tuple))
        )
        if many:
            given = list(zip(text, text_pair, strict=True)) if text_pair is not None else list(text)
        else:
            given = [(text, text_pair) if text_pair else text]
        found = self.backend.encode_batch(
            given, add_special_tokens=add_special_tokens, is_pretokenized=is_split_into_words
        )
        if return_overflowing_tokens:
            found = [part for one in found for part in (one, *one.overflowing)]
        segments = (
            "token_type_ids" in self.model_input_names if return_token_type_ids is None else return_token_type_ids
        )
        lists: dict[str, Any] = {"input_ids": [one.ids for one in found]}
        lists |= {"token_type_ids": [one.type_ids for one in found]} if segments else {}
        lists |= {"attention_mask": [one.attention_mask for one in found]} if return_attention_mask else {}
        lists |= {"offset_mapping": [one.offsets for one in found]} if return_offsets_mapping else {}
        whole = many or return_overflowing_tokens
        return Encodings(found, lists if whole else {name: values[0] for name, values in lists.items()})

    def _cut_at(self, truncation: str | None, max_length: int | None, stride: int) -> None:
        if truncation is None:
            self.backend.no_truncation()
        else:
            side = self.reading.truncation_side
            self.backend.enable_truncation(max_length, stride=stride, strategy=truncation, direction=side)

    def get_vocab(self) -> dict[str, int]:
        """Token -> id, added ones among them."""
        found: dict[str, int] = self.backend.get_vocab(with_added_tokens=True)
        return found


def plain_tokenizer(folder: Path, reading: PlainReading | None) -> PlainTokenizer | None:
    """Of a folder; None where transformers has to open it: nothing was noted of its file, or of another one."""
    if reading is None or tokenizer_sha256(folder) != reading.tokenizer_sha256:
        return None
    try:
        found = PlainTokenizer(backend_of((folder / FILE).read_bytes()), reading)
        _check_has_words(found)
    except Exception as problem:  # the backend's own
        raise CheckpointError(f"{folder / FILE}: no tokenizer ({problem}). Copy the whole folder again.") from None
    return found


def tokenizer_sha256(folder: Path) -> str:
    """Of all that transformers reads to make a tokenizer, but for the names of places; empty where it finds no such files."""
    try:
        settings = json.loads((folder / SETTINGS).read_bytes())
        told = {name: value for name, value in settings.items() if not name.endswith(("_file", "name_or_path"))}
        parts = [(folder / FILE).read_bytes(), json.dumps(told, sort_keys=True).encode()]
        parts += [(folder / name).read_bytes() for name in _MORE_FILES if (folder / name).is_file()]
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def _check_has_words(tokenizer: PlainTokenizer) -> None:
    """ValueError for special tokens without any other: every text would look the same."""
    special = {token.content for token in tokenizer.backend.get_added_tokens_decoder().values() if token.special}
    if not tokenizer.get_vocab().keys() - special:
        raise ValueError("it has special tokens and no other")


def backend_of(content: bytes) -> Any:
    """Of the bytes of a tokenizer.json."""
    from tokenizers import Tokenizer

    return Tokenizer.from_str(content.decode("utf-8"))
