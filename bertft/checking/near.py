"""Rows that are nearly the same. As far as there is time, all texts of about the same length are compared letter by letter, the
shortest first. Of longer ones, MinHash and locality-sensitive hashing find candidates, and these are compared.

Broder 1997; banding as in Leskovec et al., Mining of Massive Datasets, chapter 3. Short texts share too few pieces for that:
benchmarks/near_repeats.py counts what is found of all pairs."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping, Sequence
from importlib.util import find_spec

import numpy as np

from bertft.checking.finding import Findings
from bertft.checking.numbers import normal, texts_of
from bertft.checking.splits import Split, examples_at
from bertft.gold import Example, Reader
from bertft.gold.example import QuestionExample

ALIKE = 90.0
"""Per cent of letters that need no edit (rapidfuzz's ratio), from which two texts nearly repeat each other."""
_SHRUNK = ALIKE / (200 - ALIKE)
"""A text that is shorter than this share of another is never so much alike: of lengths a < b at most 200 a / (a + b) per cent."""
FEW_WORDS = 5
"""Texts with fewer words also repeat each other nearly if they have the same ones."""
MOST_WORK = 3_000_000_000
"""Steps of 64 letters that the comparison of all pairs may take, some seconds; only longer texts are sought by MinHash."""
PIECE = 5
"""Letters of a piece for MinHash."""
MOST_COMPARED = 20_000
"""Rows of a file; of a longer one a sample."""
PERMUTATIONS, THRESHOLD = 64, 0.5
"""Of MinHash; and the share of pieces from which a pair becomes a candidate: low, as every pair is compared afterwards."""
_CHUNK, _NONE = 256, np.iinfo(np.int64).max
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


def words_of(text: str) -> list[str]:
    """The words of a text, without signs."""
    return _SIGNS.sub(" ", text).split()


def near_pairs(texts: Sequence[str], groups: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """(row, an earlier row of its group that it nearly repeats), at most one for each row, without those that are the same but
    for case and space."""
    first: dict[tuple[Hashable, str], int] = {}
    for row, (text, group) in enumerate(zip(map(normal, texts), groups, strict=True)):
        first.setdefault((group, text), row)
    short = longest_compared([len(text) for _, text in first])
    pairs, few, long = all_pairs(first, short), _FewWords(), _LongTexts()
    for (group, text), row in first.items():
        earlier = [few.earlier(row, text, group), pairs.get(row)]
        if len(text) > short * _SHRUNK:
            earlier.append(long.earlier(row, text, group))
        if found := [other for other in earlier if other is not None]:
            yield row, found[0]


def longest_compared(lengths: Sequence[int]) -> int:
    """Up to which length there is time to compare all texts that are about as long."""
    ordered = np.sort(np.asarray(lengths, dtype=np.int64))
    others = np.arange(len(ordered)) - np.searchsorted(ordered, np.ceil(ordered * _SHRUNK))
    too_much = np.flatnonzero(np.cumsum(others * ordered * -(-ordered // 64)) > MOST_WORK)
    return int(ordered[too_much[0]]) - 1 if len(too_much) else int(ordered.max(initial=0))


def all_pairs(first: Mapping[tuple[Hashable, str], int], longest: int) -> dict[int, int]:
    """Row -> the first one that it nearly repeats, among the texts up to that length."""
    from rapidfuzz import fuzz, process

    known = sorted((len(text), row, text, group) for (group, text), row in first.items() if len(text) <= longest)
    lengths, texts = [length for length, *_ in known], [text for _, _, text, _ in known]
    rows, groups = np.array([row for _, row, *_ in known], dtype=np.int64), [group for *_, group in known]
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    marks = np.array([numbers[group] for group in groups], dtype=np.int64)
    found = np.full(max(first.values(), default=0) + 1, _NONE)
    for start in range(0, len(texts), _CHUNK):
        part = slice(start, start + _CHUNK)
        about = slice(bisect_left(lengths, lengths[start] * _SHRUNK), start + _CHUNK)
        alike = process.cdist(texts[part], texts[about], scorer=fuzz.ratio, score_cutoff=ALIKE, dtype=np.uint8)
        same = (alike > 0) & (marks[part, None] == marks[None, about])
        for mine, its, pairs in ((rows[part], rows[about], same), (rows[about], rows[part], same.T)):
            earlier = np.where(pairs & (its < mine[:, None]), its, _NONE).min(axis=1)
            found[mine] = np.minimum(found[mine], earlier)
    return {int(row): int(found[row]) for row in np.flatnonzero(found < _NONE)}


class _FewWords:
    """Texts of few words so far, as sets of words."""

    def __init__(self) -> None:
        self._rows = dict[tuple[Hashable, frozenset[str]], int]()

    def earlier(self, row: int, text: str, group: Hashable) -> int | None:
        """A row with the same words; from now on this row is one of them."""
        words = words_of(text)
        found = self._rows.setdefault((group, frozenset(words)), row) if len(words) < FEW_WORDS else row
        return None if found == row else found


class _LongTexts:
    """Longer texts so far, by their pieces."""

    def __init__(self) -> None:
        from datasketch import MinHashLSH

        self._index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
        self._known = dict[int, tuple[Hashable, str]]()

    def earlier(self, row: int, text: str, group: Hashable) -> int | None:
        """A row that is alike, among those with many of the same pieces."""
        from datasketch import MinHash
        from rapidfuzz import fuzz

        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch(
            [text[i : i + PIECE].encode(errors="surrogatepass") for i in range(max(1, len(text) - PIECE + 1))]
        )
        candidates = [other for other in sorted(self._index.query(sketch)) if self._known[other][0] == group]
        if len(candidates) < MOST_TOLD:  # or thousands of rows of one form would each find all the others
            self._index.insert(row, sketch)
            self._known[row] = group, text
        alike = (other for other in candidates[:MOST_TOLD] if fuzz.ratio(text, self._known[other][1]) >= ALIKE)
        return next(alike, None)
