"""Documents come in; a folder goes out with the ids of their tokens in one flat file, which is mapped into memory and not
read.

So a corpus may be larger than the memory. Beside the ids stand the ends of sentences and documents. `digest` says what it was
made from: a run that is resumed uses it again, and never one of another corpus or tokenizer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bertft.corpus.documents import Document
from bertft.errors import DataError
from bertft.protocols import Tokenizer
from bertft.system.files import fresh_folder, last_whole

_IDS, _MARKS, _SENTENCES, _DOCUMENTS, _ABOUT = "ids.i32", "marks.u8", "sentences.i64", "documents.i64", "about.json"

SENTENCES_AT_ONCE = 2000
"""That go to the tokenizer together."""

Marks = Callable[[Any], NDArray[np.uint8]]
"""An encoding of the tokenizers library -> (T,) what a strategy of masking wants to know of each token."""


@dataclass(frozen=True)
class TokenFile:
    """A corpus as tokens. Nothing of it is in memory but what is looked at."""

    ids: NDArray[np.int32]
    """(N,) of all sentences, without special tokens around them."""
    marks: NDArray[np.uint8] | None
    """(N,) where a strategy of masking asked for them."""
    sentences: NDArray[np.int64]
    """(S,) where each sentence ends among the ids."""
    documents: NDArray[np.int64]
    """(D,) where each document ends among the sentences."""

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self.documents)

    def sentences_of(self, document: int) -> NDArray[np.int64]:
        """(K + 1,) where the sentences of a document stand among the ids: sentence k from place k to place k + 1."""
        first = int(self.documents[document - 1]) if document else 0
        ends = self.sentences[first : int(self.documents[document])]
        return np.concatenate(([self.sentences[first - 1] if first else 0], ends))

    def counts(self, vocabulary: int, *, at_once: int = 1 << 20) -> NDArray[np.int64]:
        """(V,) how often each id occurs."""
        found = np.zeros(vocabulary, dtype=np.int64)
        for start in range(0, len(self.ids), at_once):
            found += np.bincount(self.ids[start : start + at_once], minlength=vocabulary)
        return found


def write_tokens(
    folder: Path, documents: Iterable[Document], tokenizer: Tokenizer, digest: str, *, marks: Marks | None = None
) -> None:
    """The folder, whole or not at all. DataError where there is no document with a token."""
    with fresh_folder(folder) as beside:
        ends, tokens = np.zeros(2, dtype=np.int64), 0  # of ids and of sentences
        with (
            (beside / _IDS).open("wb") as ids,
            (beside / _MARKS).open("wb") as of_tokens,
            (beside / _SENTENCES).open("wb") as sentences,
            (beside / _DOCUMENTS).open("wb") as ends_of_documents,
        ):
            for chunk in _chunks(documents):
                ends = _write(chunk, tokenizer, ends, (ids, sentences, ends_of_documents), of_tokens, marks)
            tokens = int(ends[0])
        (beside / _ABOUT).write_text(json.dumps({"digest": digest, "tokens": tokens}), encoding="utf-8")
        if not tokens:
            raise DataError("The corpus has no text: no line and no row of it has a token.")


def open_tokens(folder: Path, digest: str) -> TokenFile | None:
    """What was written there, mapped; None where there is nothing, or something made from another corpus or tokenizer."""
    place = last_whole(folder)
    try:
        about = json.loads((place / _ABOUT).read_text(encoding="utf-8"))
        if about["digest"] != digest or (place / _IDS).stat().st_size != 4 * about["tokens"]:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    has_marks = (place / _MARKS).stat().st_size > 0
    return TokenFile(
        ids=np.memmap(place / _IDS, dtype=np.int32, mode="r"),
        marks=np.memmap(place / _MARKS, dtype=np.uint8, mode="r") if has_marks else None,
        sentences=np.memmap(place / _SENTENCES, dtype=np.int64, mode="r"),
        documents=np.memmap(place / _DOCUMENTS, dtype=np.int64, mode="r"),
    )


def _chunks(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Documents of about SENTENCES_AT_ONCE sentences together."""
    left = iter(documents)
    while some := list(islice(left, 1)):
        count = len(some[0])
        while count < SENTENCES_AT_ONCE and (another := next(left, None)) is not None:
            some.append(another)
            count += len(another)
        yield some


def _write(
    documents: list[Document],
    tokenizer: Tokenizer,
    ends: NDArray[np.int64],
    files: tuple[BinaryIO, BinaryIO, BinaryIO],
    of_tokens: BinaryIO,
    marks: Marks | None,
) -> NDArray[np.int64]:
    """Append documents; those without a token leave nothing behind. `ends`: how many ids and sentences there were, and are
    now."""
    found = tokenizer([sentence for document in documents for sentence in document], **_PLAIN)
    lengths = np.asarray([len(ids) for ids in found["input_ids"]], dtype=np.int64)
    whose = np.repeat(np.arange(len(documents)), [len(document) for document in documents])[lengths > 0]
    kept = lengths[lengths > 0]
    each = np.bincount(whose, minlength=len(documents))  # sentences of each document
    ids, sentences, ends_of_documents = files
    np.concatenate([np.asarray(one, dtype=np.int32) for one in found["input_ids"]]).tofile(ids)
    if marks is not None:
        np.concatenate([marks(encoding) for encoding in found.encodings]).astype(np.uint8).tofile(of_tokens)
    (ends[0] + np.cumsum(kept)).tofile(sentences)
    (ends[1] + np.cumsum(each[each > 0])).tofile(ends_of_documents)
    return np.asarray([ends[0] + kept.sum(), ends[1] + len(kept)], dtype=np.int64)


_PLAIN: dict[str, Any] = {
    "add_special_tokens": False,
    "return_attention_mask": False,
    "return_token_type_ids": False,
    "verbose": False,
}
