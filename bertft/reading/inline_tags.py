"""A sentence in each line, every word with its tags behind a sign: `Ada|NNP|B-PER saw|VBD|O`. Sentences of cells go out, as from
columns. The sign is |, / or _, and must stand in every word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from bertft.errors import DataError
from bertft.reading.conll_lines import Sentence
from bertft.tags.looks import are_entity_tags

SIGNS = ("|", "/", "_")
_SNIFFED_LINES = 50


def sign_of(lines: Iterable[str], *, asked: bool) -> str | None:
    """The sign between words and tags in the first lines; None for files of another form. `asked`: tags may be plain, too."""
    tokens = [token for line in islice(lines, _SNIFFED_LINES) for token in line.split()]
    several = len(tokens) > 1
    for sign in SIGNS if several else ():
        if all(sign in token.strip(sign) for token in tokens):
            tags = Counter(token.rsplit(sign, 1)[1] for token in tokens)
            if are_entity_tags(tags) or (asked and len(tags) < len(tokens)):
                return sign
    return None


def inline_sentences(name: str, lines: Iterable[str], sign: str) -> Iterator[Sentence]:
    """DataError for a word without its tags. A sign may also be part of the word: the last ones count."""
    width = 0
    for number, line in enumerate(lines, 1):
        tokens = line.split()
        if tokens:
            width = width or min(token.count(sign) for token in tokens)
            cells = [token.rsplit(sign, width) for token in tokens]
            for token, parts in zip(tokens, cells, strict=True):
                if len(parts) <= width or not parts[0]:
                    raise DataError(
                        f"{name}:{number}: '{token}', wanted a word with {width} tags behind '{sign}' as in the first line."
                    )
            yield Sentence(1, cells, [number] * len(cells))
