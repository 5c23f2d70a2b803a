"""Rows that are nearly the same: candidates by MinHash and locality-sensitive hashing, each pair then compared letter by letter.

Broder 1997; banding as in Leskovec et al., Mining of Massive Datasets, chapter 3. Texts of under five words share too few pieces
for that; they are compared as sets of words."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from importlib.util import find_spec

from bertft.checking.finding import Findings
from bertft.checking.numbers import normal, texts_of
from bertft.checking.splits import Split, examples_at
from bertft.gold import Example, Reader
from bertft.gold.example import QuestionExample

SHORT = 5
"""Words: texts with fewer are compared as sets of words."""
PIECE = 5
"""Letters of a piece."""
ALIKE = 90.0
"""Per cent of letters that need no edit (rapidfuzz's ratio), from which two texts nearly repeat each other."""
MOST_COMPARED = 20_000
"""Rows of a file; of a longer one a sample."""
PERMUTATIONS, THRESHOLD = 64, 0.5
"""Of MinHash; and the share of pieces from which a pair becomes a candidate: low, as every pair is compared afterwards."""
_SIGNS = re.compile(r"[^\w\s]+")
MOST_TOLD = 20
"""Candidates of one row that are compared: rows that all are alike are found out by the first of them."""


def find_near_repeats(split: Split, reader: Reader, findings: Findings) -> str:
    """Among all rows, or a sample, which is then said. Questions are compared with those on the same context."""
    if not is_installed():
        return "Near repeats were not looked for: pip install 'bertft[check]'"
    places = split.sample(MOST_COMPARED)
    compared = [_compared(example) for example in examples_at(split, places, reader)]
    texts, groups = [text for text, _ in compared], [group for _, group in compared]
    for row, earlier in near_pairs(texts, groups):
        findings.add("near_duplicate", split.origin(places[row]), f"like {split.origin(places[earlier])}: {texts[row]}")
    sampled = f"{split.name}: near repeats were looked for in a sample of {len(places):,} rows."
    return sampled if len(places) < len(split) else ""


def is_installed() -> bool:
    """Whether the libraries for it are there."""
    return all(find_spec(name) for name in ("datasketch", "rapidfuzz"))


def _compared(example: Example) -> tuple[str, Hashable]:
    """What is compared of a row, and a mark of the rows that it is compared with."""
    texts = texts_of(example)
    return (texts[0], texts[1]) if isinstance(example, QuestionExample) else (" ".join(texts), None)


def near_pairs(texts: Sequence[str], groups: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """(row, an earlier row of its group that it nearly repeats), at most one for each row, without those that are the same but
    for case and space."""
    from datasketch import MinHash, MinHashLSH
    from rapidfuzz import fuzz

    bare = [normal(text) for text in texts]
    index, sets = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS), dict[Hashable, int]()
    for row, (text, group) in enumerate(zip(bare, groups, strict=True)):
        words = _SIGNS.sub(" ", text).split()
        if len(words) < SHORT:
            earlier = sets.setdefault((group, frozenset(words)), row)
            if earlier != row and bare[earlier] != text:
                yield row, earlier
            continue
        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([text[i : i + PIECE].encode() for i in range(max(1, len(text) - PIECE + 1))])
        candidates = [other for other in sorted(index.query(sketch)) if groups[other] == group][:MOST_TOLD]
        if text not in (bare[other] for other in candidates):
            index.insert(row, sketch)
            if (
                near := next((other for other in candidates if fuzz.ratio(text, bare[other]) >= ALIKE), None)
            ) is not None:
                yield row, near
