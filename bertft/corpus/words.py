"""The words of a text, also where no spaces part them: how words are told is chosen here, once for a corpus. A text comes in; the
places of its words go out. Chinese needs jieba, a list of words, or each character for a word."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise

from bertft.corpus.word_list import Place, WordList, read_list
from bertft.errors import UsageError
from bertft.plan.pretraining import TOLD_BY
from bertft.tags.words import CHINESE, WITHOUT_SPACES, Words, split_words

JIEBA, CHARACTERS, SPACES = TOLD_BY
FEW = 0.01
"""Share of the letters up to which those of scripts without spaces are single words, as in names and quotations."""

_HAN = re.compile(f"[{CHINESE}]+")
_HANGUL = "\uac00-\ud7a3"
_OTHERS = re.compile(f"[{WITHOUT_SPACES.replace(_HANGUL, '')}]")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Segmenter:
    """How words are told in a corpus."""

    words: str
    """As the setting says it: `jieba`, `characters`, `spaces` or a file."""
    places: Callable[[str], list[Place]]
    """A text to its words."""
    said: str = ""
    """For the user, where it was guessed."""


def spaced(text: str) -> list[Place]:
    """Words as BERT's basic tokenizer parts them; each Chinese character is one."""
    return _places(split_words(text))


def by_character(text: str) -> list[Place]:
    """The same, but all that is written without spaces is cut into characters."""
    return _places(split_words(text, by_character=True))


def segmenter_for(words: str | None, texts: Sequence[str], *, corpus: str, anew: bool = True) -> Segmenter:
    """What `words` asks for: `jieba`, `characters`, `spaces` or a file with a word on each line. None: what these texts, some
    of the corpus, need; UsageError where that is not at hand, or cannot be told. `anew`: another way may be chosen instead."""
    if words is None:
        return _guessed(texts, corpus, anew=anew)
    if words == CHARACTERS:
        return Segmenter(words, by_character)
    if words == SPACES:
        return Segmenter(words, spaced)
    if words == JIEBA:
        return Segmenter(words, _jieba("words are to be told by jieba, which is not installed", anew=anew))
    return Segmenter(words, WordList(read_list(words)).words)


def _guessed(texts: Sequence[str], corpus: str, *, anew: bool) -> Segmenter:
    letters = [letter for text in texts for letter in _LETTER.findall(text)]
    chinese = sum(_HAN.match(letter) is not None for letter in letters) / max(len(letters), 1)
    others = sum(_OTHERS.match(letter) is not None for letter in letters) / max(len(letters), 1)
    if others > FEW and anew:
        raise UsageError(
            f"{corpus}: {others:.0%} of its letters are of a script without spaces between words. Pass --words FILE with a word "
            f"on each line, or --words {CHARACTERS} to take each character for a word, or --mask token."
        )
    if chinese <= FEW:
        return Segmenter(SPACES, spaced)
    why = f"{chinese:.0%} of the letters of {corpus} are Chinese"
    other = f" (--words FILE or {CHARACTERS} changes that)"
    return Segmenter(JIEBA, _jieba(why, anew=anew), f"{why}: jieba tells its words{other * anew}")


def _jieba(why: str, *, anew: bool) -> Callable[[str], list[Place]]:
    """The Chinese parts of a text as jieba cuts them."""
    try:
        cut = _cutter()
    except ImportError:
        other = f", or pass --words FILE with a word on each line, or --words {CHARACTERS} to take each character for a word"
        raise UsageError(f"{why}: pip install 'bertft[zh]'{other * anew}.") from None
    return lambda text: _with_chinese(text, cut)


@cache
def _cutter() -> Callable[[str], list[str]]:
    """jieba's cache is neither read nor written: it lies in the folder for temporary files, where anybody may have put it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pkg_resources, and of its own escapes
        import jieba
    jieba.setLogLevel("WARNING")
    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    found: Callable[[str], list[str]] = cutter.lcut
    return found


def _with_chinese(text: str, cut: Callable[[str], list[str]]) -> list[Place]:
    """Words as BERT parts them, but those of Chinese runs as they are cut."""
    found, at = list[Place](), 0
    for run in _HAN.finditer(text):
        found += _shifted(spaced(text[at : run.start()]), at)
        found += pairwise(accumulate(map(len, cut(run.group())), initial=run.start()))
        at = run.end()
    return found + _shifted(spaced(text[at:]), at)


def _shifted(places: list[Place], by: int) -> list[Place]:
    return [(start + by, end + by) for start, end in places]


def _places(words: Words) -> list[Place]:
    return list(zip(words.starts, words.ends, strict=True))
