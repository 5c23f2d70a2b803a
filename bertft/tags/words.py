"""A cell comes in, as text or as tokens; its words go out, each with its place in a text. Tags of a cell likewise.

Text is split as BERT's basic tokenizer does (Devlin et al. 2018): at white space, with every punctuation sign and every
CJK character a word of its own. Nothing is changed on the way, so places are those of the text as it was read.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise

from bertft.errors import DataError
from bertft.rows.containers import opened
from bertft.rows.labels import is_empty, label_text

CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ceaf\U0002f800-\U0002fa1f"
"""BERT's Chinese characters; kana and hangul are written words to it."""
UNSPACED = re.compile(rf"[{CHINESE}\u3000-\u30ff\uff00-\uffef]")
"""Written without spaces between them: Chinese, kana, and their punctuation."""
WITHOUT_SPACES = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0eff\u0f40-\u0fbc\u1000-\u109f\u1780-\u17d3\u1950-\u19df\u1a20-\u1aad"
    "\u3041-\u309f\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9d\uac00-\ud7a3\ua840-\ua877"
)
"""Letters of Thai, Lao, Tibetan, Burmese, Khmer, Tai Le, Tai Tham and kana, whose words nothing parts; and of Korean, where
particles stand at the words' ends."""
_UNPARTED = re.compile(f"[{WITHOUT_SPACES}\u1100-\u11ff]")
_SPACE = "\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
SIGNS = "$+<=>^`|~"
"""ASCII signs that Unicode does not call punctuation, but BERT does."""
INVISIBLE = ("Cc", "Cf", "Co")
"""Categories that BERT drops: control characters, soft hyphens, private signs."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words in their order, with their places in `text`: characters from 0, ends exclusive."""

    texts: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    text: str


def split_words(text: str, *, by_character: bool = False) -> Words:
    """Invisible characters stay inside the words around them; a word of nothing else is none, as BERT sees nothing there.
    `by_character`: what is written without spaces is cut into its characters, as BERT cuts Chinese; vowel signs and accents stay
    with their letter."""
    pattern = _word_pattern(by_character)
    return _cut(text, [match.span() for match in pattern.finditer(text) if _is_visible(match.group())])


def has_no_spaces(text: str) -> bool:
    """Whether some of it is written without spaces between the words; Chinese, which is always cut, does not count."""
    return _UNPARTED.search(text) is not None


def cut_inside(words: Words, places: Collection[int]) -> Words:
    """The words, cut at those of the places that lie inside one."""
    spans: list[tuple[int, int]] = []
    inner = sorted(places)
    for start, end in zip(words.starts, words.ends, strict=True):
        borders = [start, *inner[bisect_right(inner, start) : bisect_left(inner, end)], end]
        spans += pairwise(borders)
    return _cut(words.text, spans) if len(spans) > len(words.texts) else words


def joined(tokens: Sequence[str]) -> Words:
    """Tokens as they are, in a text with one space between them, but none between two CJK characters."""
    gaps = ["" if _are_unspaced(left, right) else " " for left, right in pairwise(tokens)]
    pieces = [token + gap for token, gap in zip(tokens, [*gaps, ""], strict=bool(tokens))]
    starts = tuple(accumulate(map(len, pieces), initial=0))[: len(tokens)]
    ends = tuple(start + len(token) for start, token in zip(starts, tokens, strict=True))
    return Words(tuple(tokens), starts, ends, "".join(pieces))


def words_of_text(cell: object, tags: object = None, by_character: bool = False) -> Words:
    """The words of raw text. It is cut at white space alone where `tags`, the row's other cell, has exactly so many tags.
    DataError, which lacks the row's place, for a list of anything but words."""
    if isinstance(cell, list | tuple | Mapping):
        raise DataError('a list of lists or objects, wanted a text or a list of words, as ["EU", "rejects"].')
    text = "" if is_empty(cell) else str(cell)
    if _tag_count(tags) == len(text.split()):
        return _cut(text, [match.span() for match in re.finditer(r"\S+", text)])
    return split_words(text, by_character=by_character)


def tags_of_cell(cell: object) -> list[str] | None:
    """The tags in a list, in a list in a string, or between white space. None for a cell without any."""
    if is_empty(cell):
        return None
    items = listed(cell)
    if items is None:
        items = [*str(cell).split()]
    if not _is_flat(items):
        raise DataError('a list of lists or objects, wanted a list of tags, as ["O", "B-PER"].')
    return ["" if item is None else label_text(item) for item in items] or None


def items_of_cell(cell: object) -> list[object] | None:
    """The items of a list, or of a list in a string, that holds no lists or objects. None for anything else."""
    items = listed(cell)
    return items if items is not None and _is_flat(items) else None


def tokens_of_cell(cell: object) -> list[str] | None:
    """The words of a cell that holds words already; None for raw text. In a string at least one item must be a word: `[1]` is
    text, with a footnote's mark."""
    items = items_of_cell(cell)
    if items is None:
        return None
    if isinstance(cell, str) and items and not any(isinstance(item, str) for item in items):
        return None
    return ["" if item is None else str(item) for item in items]


def _tag_count(cell: object) -> int | None:
    items = listed(cell)
    if items is None and isinstance(cell, str):
        items = [*cell.split()]
    return None if items is None or not _is_flat(items) else len(items)


def _is_flat(items: Sequence[object]) -> bool:
    return not any(isinstance(item, list | tuple | dict) for item in items)


def listed(cell: object) -> list[object] | None:
    """A list's items; None for what is no list, nor one in a string."""
    found = opened(cell)
    return found if isinstance(found, list) else None


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> Words:
    starts, ends = tuple(start for start, _ in spans), tuple(end for _, end in spans)
    return Words(tuple(text[start:end] for start, end in spans), starts, ends, text)


@cache
def _word_pattern(by_character: bool) -> re.Pattern[str]:
    """Python's `re` has no classes for punctuation and accents; all punctuation lies below U+20000."""
    signs = {sign: unicodedata.category(sign) for sign in map(chr, range(0x20000))}
    alone = re.escape("".join(sign for sign, kind in signs.items() if kind[0] == "P") + SIGNS) + CHINESE
    if not by_character:
        return re.compile(f"[^{_SPACE}{alone}]+|[{alone}]")
    accents = (
        re.escape("".join(sign for sign, kind in signs.items() if kind in ("Mn", "Mc"))) + "\u200c\u200d\uff9e\uff9f"
    )
    syllable = f"(?:[\u1100-\u115f][\u1160-\u11a7]*[\u11a8-\u11ff]*|[{WITHOUT_SPACES}])[{accents}]*"
    return re.compile(f"[^{_SPACE}{alone}{WITHOUT_SPACES}\u1100-\u11ff]+|[{alone}]|{syllable}")


def _is_visible(word: str) -> bool:
    return (word.isascii() and word.isprintable()) or any(_is_seen(sign) for sign in word)


def _is_seen(sign: str) -> bool:
    return sign != "\ufffd" and unicodedata.category(sign) not in INVISIBLE


def _are_unspaced(left: str, right: str) -> bool:
    return bool(left and right and UNSPACED.match(left[-1]) and UNSPACED.match(right))
