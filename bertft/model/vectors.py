"""Word vectors from a file: word2vec or fastText, text or binary, or GloVe; also with gzip. Out come those of wanted words.

Text and word2vec's binary form are read line by line here, so that a file of some gigabytes takes little memory. fastText's own
binary form (.bin), which has vectors for words that it never saw, is read by gensim.
"""

from __future__ import annotations

import gzip
import re
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bertft.errors import DataError

Vector = NDArray[np.float32]

MORE_WORDS = 20_000
"""Words at the beginning of a file, which are the most frequent, that are known even if no training row has them."""

_FASTTEXT = struct.pack("<i", 793_712_314)
"""Begins fastText's binary files."""
_LONGEST_WORD = 10_000
"""Bytes."""


@dataclass(frozen=True)
class WordVectors:
    """What a file has of some words, by the words as they were asked for."""

    rows: Mapping[str, Vector]
    size: int
    """Numbers of each."""


def read_vectors(path: str, wanted: Collection[str], *, more: int = 0) -> WordVectors:
    """Vectors of the wanted words and of `more` words at the beginning. A word that the file has only with capitals gets that
    vector. DataError for a file that is none of these, or damaged."""
    if _first_bytes(path).startswith(_FASTTEXT):
        return _with_gensim(path, wanted)
    size, found = _open(path)
    exact: dict[str, Vector] = {}
    folded: dict[str, Vector] = {}
    for number, (word, read) in enumerate(found):
        if word in exact:
            continue  # the first counts, as gensim has it
        lower = word.lower()
        if word in wanted or (number < more and word == lower):
            exact[word] = read()
        elif lower in wanted and lower not in folded:
            folded[lower] = read()
    return WordVectors({**folded, **exact}, size)


def _first_bytes(path: str) -> bytes:
    try:
        with _stream(path) as file:
            return file.read(4)
    except (OSError, EOFError) as problem:
        raise DataError(
            f"--vectors {path}: cannot be read ({getattr(problem, 'strerror', None) or problem})."
        ) from None


def _stream(path: str) -> IO[bytes]:
    found: Any = gzip.open(path) if path.endswith(".gz") else open(path, "rb", buffering=1 << 20)  # noqa: SIM115
    return found  # type: ignore[no-any-return]


Entries = Iterator[tuple[str, Any]]
"""Words, each with a function that reads its vector."""


def _open(path: str) -> tuple[int, Entries]:
    """How many numbers a vector has, and all words of the file."""
    with _stream(path) as file:
        first, second = file.readline(1 << 20), file.readline(1 << 20)
    header = re.fullmatch(rb"(\d+)[ \t](\d+)\s*", first)
    if header is None:
        size = len(first.split()) - 1
        return _checked(path, size, first), _lines(path, size, skip=0)
    count, size = map(int, header.groups())
    if size > 0 and _is_line(second, size):
        return size, _lines(path, size, skip=1)
    return size, _binary(path, count, size)


def _checked(path: str, size: int, line: bytes) -> int:
    if size < 2 or not _is_line(line, size):
        raise DataError(
            f"{path}: no word vectors. --vectors takes a file of word2vec, GloVe or fastText: a word and its numbers in each "
            f"line, or their binary forms."
        )
    return size


def _is_line(line: bytes, size: int) -> bool:
    """Whether it holds a word and so many numbers."""
    try:
        _, *fields = _fields(line, size)
        return len(_numbers(fields)) == size
    except ValueError:
        return False


def _fields(line: bytes, size: int) -> list[bytes]:
    """The word and its numbers, between which are spaces or tabs. A word may hold spaces, as some of GloVe's do: the numbers are
    counted from the end."""
    return line.rstrip().replace(b"\t", b" ").rsplit(b" ", size)


def _numbers(fields: Any) -> Vector:
    return np.asarray([float(field) for field in fields], dtype=np.float32)


def _lines(path: str, size: int, *, skip: int) -> Entries:
    """Each line's, but for blank ones."""
    with _stream(path) as file:
        for number, line in enumerate(file, 1):
            if number <= skip or not line.strip():
                continue
            word, *fields = _fields(line, size)
            if len(fields) != size:
                raise DataError(f"{path}:{number}: a word and {size} numbers are wanted.")
            yield word.decode("utf-8", "replace"), lambda fields=fields, number=number: _line(path, number, fields)


def _line(path: str, number: int, fields: Any) -> Vector:
    try:
        found = _numbers(fields)
    except ValueError:
        raise DataError(f"{path}:{number}: a word and {len(fields)} numbers are wanted.") from None
    return _finite(found, f"{path}:{number}")


def _finite(vector: Vector, where: str) -> Vector:
    if not np.isfinite(vector).all():
        raise DataError(f"{where}: a vector holds what is no number (nan or inf).")
    return vector


def _binary(path: str, count: int, size: int) -> Entries:
    """Each word, a space, and its numbers as little-endian floats; some writers end them with a newline."""
    if size == 0 or count == 0:
        raise DataError(f"{path}: its first line promises no vectors.")
    with _stream(path) as file:
        file.readline()
        for place in range(1, count + 1):
            word = _word(file)
            data = file.read(4 * size)
            if word is None or len(data) != 4 * size:
                raise DataError(
                    f"{path}: ends, or is damaged, at word {place:,} of {count:,}; no text of word vectors either."
                )
            where = f"{path}, word {place:,}"
            yield (
                word.decode("utf-8", "replace"),
                lambda data=data, where=where: _finite(np.frombuffer(data, dtype="<f4"), where),
            )


def _word(file: IO[bytes]) -> bytes | None:
    """The bytes up to the next space; None where none comes."""
    word = bytearray()
    while (byte := file.read(1)) and len(word) < _LONGEST_WORD:
        if byte == b" ":
            return bytes(word)
        if byte != b"\n" or word:
            word += byte
    return None


def _with_gensim(path: str, wanted: Collection[str]) -> WordVectors:
    try:
        from gensim.models.fasttext import load_facebook_vectors
    except ImportError:
        raise DataError(
            f"{path}: fastText's binary form is read with gensim: pip install 'bertft[vectors]'. Its text form needs nothing."
        ) from None
    try:
        model = load_facebook_vectors(path)
    except Exception as problem:  # struct.error, ValueError, AssertionError, EOFError: by where the file is damaged
        raise DataError(f"{path}: fastText's binary form, but damaged ({type(problem).__name__}).") from None
    return WordVectors({word: np.asarray(model[word], dtype=np.float32) for word in wanted}, model.vector_size)
