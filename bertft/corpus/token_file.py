"""Documents come in; a folder goes out with the ids of their tokens in one flat file, which is mapped into memory and not
read.

So a corpus may be larger than the memory. Beside the ids stand the ends of sentences and documents. `digest` says what it was
made from: a run that is resumed uses it again, and never one of another corpus or tokenizer."""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bertft.corpus.documents import Document
from bertft.errors import DataError
from bertft.protocols import Tokenizer
from bertft.system.files import fresh_folder, last_whole

_IDS, _MARKS, _SENTENCES, _DOCUMENTS = "ids.i32", "marks.u8", "sentences.i64", "documents.i64"
_COUNTS, _ABOUT = "counts.i64", "about.json"

SENTENCES_AT_ONCE = 2000
"""That go to the tokenizer together."""

Marks = Callable[[str, Any], NDArray[np.uint8]]
"""A sentence and its encoding by the tokenizers library -> (T,) what a strategy of masking wants to know of each token."""


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
    counts: NDArray[np.int64]
    """(V,) how often each id occurs."""

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self.documents)

    def let_go(self) -> None:
        """Give the memory back that was filled by looking: the files are mapped, and will be read again where they are looked
        at."""
        for mapped in (self.ids, self.sentences, self.documents):
            if (opened := getattr(mapped, "_mmap", None)) is not None and hasattr(mmap, "MADV_DONTNEED"):
                opened.madvise(mmap.MADV_DONTNEED)

    def sizes(self) -> NDArray[np.int64]:
        """(D,) how many tokens each document has."""
        return np.diff(self.sentences[self.documents - 1], prepend=0)

    def sentences_of(self, document: int) -> NDArray[np.int64]:
        """(K + 1,) where the sentences of a document stand among the ids: sentence k from place k to place k + 1."""
        first = int(self.documents[document - 1]) if document else 0
        ends = self.sentences[first : int(self.documents[document])]
        return np.concatenate(([self.sentences[first - 1] if first else 0], ends))


def write_tokens(
    folder: Path, documents: Iterable[Document], tokenizer: Tokenizer, digest: str, *, marks: Marks | None = None
) -> None:
    """The folder, whole or not at all. DataError where there is no document with a token."""
    with fresh_folder(folder) as beside:
        with _Writer(beside, tokenizer, marks) as writer:
            for chunk in _chunks(documents):
                writer.write(chunk)
        writer.counts.tofile(beside / _COUNTS)
        (beside / _ABOUT).write_text(json.dumps({"digest": digest, "tokens": writer.tokens}), encoding="utf-8")
        if not writer.tokens:
            raise DataError("The corpus has no text: no line and no row of it has a token.")


def are_tokens(folder: Path) -> bool:
    """Whether nothing lies in a folder but what `write_tokens` wrote there, whole or cut off."""
    ours = {_IDS, _MARKS, _SENTENCES, _DOCUMENTS, _COUNTS, _ABOUT}
    return not folder.is_symlink() and all(
        part.is_dir() and not part.is_symlink() and {file.name for file in part.iterdir()} <= ours
        for part in folder.iterdir()
    )


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
        counts=np.fromfile(place / _COUNTS, dtype=np.int64),
    )


def _chunks(documents: Iterable[Document]) -> Iterator[list[tuple[str, bool]]]:
    """So many sentences together, from several documents or from a part of one; each with whether its document ends with it."""
    left = ((sentence, last) for document in documents for sentence, last in _with_end(document))
    while some := list(islice(left, SENTENCES_AT_ONCE)):
        yield some


def _with_end(document: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each sentence, and whether it is the last."""
    left = iter(document)
    one = next(left, None)
    while one is not None:
        after = next(left, None)
        yield one, after is None
        one = after


class _Writer:
    """Appends documents to the files of a folder."""

    def __init__(self, folder: Path, tokenizer: Tokenizer, marks: Marks | None) -> None:
        self._folder, self._tokenizer, self._marks = folder, tokenizer, marks
        self.tokens = self.sentences = self._ended = 0  # the last counts sentences of documents that have ended
        self.counts = np.zeros(max(tokenizer.get_vocab().values()) + 1, dtype=np.int64)
        """(V,) how often each id was written."""

    def __enter__(self) -> Self:
        self._files = {name: (self._folder / name).open("wb") for name in (_IDS, _MARKS, _SENTENCES, _DOCUMENTS)}
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def write(self, sentences: list[tuple[str, bool]]) -> None:
        """Sentences, each with whether it ends its document. Documents without a token leave nothing behind."""
        texts = [text for text, _ in sentences]
        found = self._tokenizer(texts, **_PLAIN)
        lengths = np.asarray([len(ids) for ids in found["input_ids"]], dtype=np.int64)
        ids = np.concatenate([np.asarray(one, dtype=np.int32) for one in found["input_ids"]])
        self._append(_IDS, ids)
        if self._marks is not None:
            self._append(_MARKS, np.concatenate(list(map(self._marks, texts, found.encodings))))
        self._append(_SENTENCES, self.tokens + np.cumsum(lengths[lengths > 0]))
        ends = self.sentences + np.cumsum(lengths > 0)[np.asarray([last for _, last in sentences])]  # of the documents
        self._append(_DOCUMENTS, ends[np.diff(ends, prepend=self._ended) > 0])
        self._ended = int(ends[-1]) if len(ends) else self._ended
        self.counts += np.bincount(ids, minlength=len(self.counts))
        self.tokens, self.sentences = self.tokens + len(ids), self.sentences + int((lengths > 0).sum())

    def _append(self, name: str, values: NDArray[Any]) -> None:
        values.tofile(self._files[name])


_PLAIN: dict[str, Any] = {
    "add_special_tokens": False,
    "return_attention_mask": False,
    "return_token_type_ids": False,
    "verbose": False,
}
