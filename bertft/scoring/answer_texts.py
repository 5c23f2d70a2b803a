"""An answer and the texts that count as right come in; how far they agree goes out, 0 to 1, by the official rules.

SQuAD: evaluate-v2.0.py, which is v1.1's but for answers that are nothing but articles and punctuation (worksheets.codalab.org,
rajpurkar.github.io/SQuAD-explorer). CMRC 2018: cmrc2018_evaluate.py v5 (github.com/ymcui/cmrc2018). No answer is "".
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_CMRC_IGNORED = str.maketrans("", "", "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
_CHINESE = r"\u4e00-\u9fa5"
_SEGMENT = re.compile(
    rf"[{_CHINESE}]"
    rf"|(?:(?!\.\s*(?:$|[{_CHINESE}]))[^\s{_CHINESE},;@#$%&?!\"()\[\]{{}}<>]|,(?=\d))+"
    r"|\S"
)
"""A Chinese character; a word or number, which may hold full stops but does not end in the last one; or a mark."""


def words_of(text: str) -> list[str]:
    """Lower case, without ASCII punctuation and English articles."""
    return _ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split()


def overlap(predicted: Sequence[str], gold: Sequence[str]) -> float:
    """F1 over words, in any order; 0 where none is common."""
    return harmonic((Counter(predicted) & Counter(gold)).total(), len(predicted), len(gold))


def harmonic(common: int, predicted: int, gold: int) -> float:
    """F1 of so many right among so many predicted and so many gold."""
    precision, recall = common / max(predicted, 1), common / max(gold, 1)
    return 2 * precision * recall / (precision + recall) if common else 0.0


def squad_agreement(predicted: str, gold: Sequence[str]) -> tuple[float, float]:
    """(exact match, F1) with the gold answer that fits best. Gold answers without a word do not count; where none is left,
    only an answer without a word is right."""
    found = words_of(predicted)
    wanted = [words for text in gold if (words := words_of(text))] or [[]]
    exact = float(found in wanted)
    return exact, exact if not found else max(overlap(found, words) for words in wanted)


def cmrc_exact(predicted: str, gold: Sequence[str]) -> float:
    """Equal but for case and the ignored marks."""
    bare = [text.lower().strip().translate(_CMRC_IGNORED) for text in (predicted, *(gold or [""]))]
    return float(bare[0] in bare[1:])


def cmrc_f1(predicted: str, gold: Sequence[str]) -> float:
    """F1 over segments, of which those of the longest common run are right. Without gold, only no answer is right."""
    found = segments(predicted)
    return max((_common_run(found, segments(text)) for text in gold), default=float(not found))


def segments(text: str) -> list[str]:
    """Chinese characters one by one, the rest word by word. The official script cuts that rest with nltk, which also parts
    contractions (don't, it's); here they are one word."""
    return _SEGMENT.findall(text.lower().strip().translate(_CMRC_IGNORED))


def _common_run(predicted: list[str], gold: list[str]) -> float:
    run = SequenceMatcher(None, predicted, gold, autojunk=False).find_longest_match().size
    return harmonic(run, len(predicted), len(gold))
