"""Two systems on the same rows: would chance make a difference as large as theirs?

Approximate randomisation (Noreen 1989; Yeh, COLING 2000): if it did not matter which system gave which answer, the two answers of
a row could be swapped. That is done at random for all rows, 10,000 times; p is the share of rounds whose difference is at least
as large as the real one, the real one counted among them. Rows with the same pair of answers are swapped together, as a binomial
number of them, and rows without a difference not at all, so 100,000 rows take seconds. Where all swaps are fewer than the rounds,
each is done once. Two-sided, always with the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertft.arrays import Array
from bertft.errors import InternalError
from bertft.scoring.bootstrap import SEED, Statistic, blocks, interval_by_counts, interval_by_rows

ROUNDS = 10_000
TOLERANCE = 1e-12
"""Sums in another order differ in their last digits; what differs less is as large."""


@dataclass(frozen=True)
class RowSums:
    """A metric of one system as a function of sums over its rows. Equal rows share a line of the table."""

    kinds: NDArray[np.int64]
    """(N,) the line of each row."""
    table: Any
    """(C, D) what such a row adds to the sums; an array, or a sparse one."""
    value: Callable[[Array], Array]
    """Sums (R, D) to the metric (R,)."""
    weighted: Statistic | None = None
    """The metric from a weight for each row, where the sums do not give it once rows are drawn again, as ranks change then."""

    @classmethod
    def of(cls, rows: Array, value: Callable[[Array], Array], weighted: Statistic | None = None) -> RowSums:
        """From what each row adds, (N, D)."""
        table, kinds = np.unique(rows, axis=0, return_inverse=True)
        return cls(kinds.reshape(-1).astype(np.int64), table, value, weighted)

    @property
    def total(self) -> float:
        """The metric over all rows."""
        counts = np.bincount(self.kinds, minlength=self.table.shape[0]).astype(np.float64)
        return float(self.value(counts[None] @ self.table)[0])


@dataclass(frozen=True)
class _Pairs:
    """The kinds of rows there are, by what the two systems say of them, as they first occur: so the same numbers are drawn
    whichever system comes first."""

    counts: NDArray[np.int64]
    """(J,) rows."""
    one: Any
    """(J, D) what such a row adds to the sums of one system."""
    other: Any

    @classmethod
    def of(cls, one: RowSums, other: RowSums) -> _Pairs:
        if len(one.kinds) != len(other.kinds):
            raise InternalError(f"{len(one.kinds)} rows beside {len(other.kinds)}")
        width = other.table.shape[0]
        joint, place, counts = np.unique(one.kinds * width + other.kinds, return_index=True, return_counts=True)
        order = np.argsort(place)
        first, second = np.divmod(joint[order], width)
        return cls(counts[order], one.table[first], other.table[second])

    @property
    def sums(self) -> tuple[Array, Array]:
        """Over all rows, (1, D) each."""
        counts = self.counts[None].astype(np.float64)
        return counts @ self.one, counts @ self.other


def randomisation_p(one: RowSums, other: RowSums, *, rounds: int = ROUNDS) -> float:
    """Two-sided, of the difference between two systems on the same rows. A round that leaves the metric undefined counts as one
    that is as large."""
    pairs = _Pairs.of(one, other)
    change = pairs.other - pairs.one
    differ = abs(change).sum(axis=1) > 0
    change, counts = change[differ], pairs.counts[differ]
    first, second = pairs.sums
    real = abs(float(other.value(second)[0] - one.value(first)[0]))
    done = as_large = 0
    for swapped in _swaps(counts, rounds):
        moved = swapped @ change
        found = np.abs(other.value(second - moved) - one.value(first + moved))
        as_large += int((~(found < real - TOLERANCE)).sum())
        done += len(swapped)
    return as_large / done if _all_swaps(counts, rounds) else (as_large + 1) / (done + 1)


def _all_swaps(counts: NDArray[np.int64], rounds: int) -> bool:
    """Whether there are no more of them than rounds."""
    return int(counts.sum()) < rounds.bit_length()


def _swaps(counts: NDArray[np.int64], rounds: int) -> Iterator[Array]:
    """(R, J) how many rows of each kind are swapped: at random, or all that there are."""
    if _all_swaps(counts, rounds):
        rows = int(counts.sum())
        bits = np.arange(2**rows)[:, None] >> np.arange(rows) & 1
        starts = np.concatenate([[0], np.cumsum(counts)])
        cumulated = np.concatenate([np.zeros((len(bits), 1)), np.cumsum(bits, axis=1)], axis=1)
        yield np.diff(cumulated[:, starts], axis=1)
        return
    rng, single = np.random.default_rng(SEED), counts == 1
    for size in blocks(rounds, len(counts)):
        drawn = np.empty((size, len(counts)))
        drawn[:, single] = _coins(size, int(single.sum()), rng)
        drawn[:, ~single] = rng.binomial(counts[~single], 0.5, (size, int((~single).sum())))
        yield drawn


def _coins(rounds: int, rows: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(rounds, rows) of 0 and 1; many times faster than binomial numbers."""
    octets = np.frombuffer(rng.bytes((rounds * rows + 7) // 8), dtype=np.uint8)
    return np.unpackbits(octets, count=rounds * rows).reshape(rounds, rows)


def difference_interval(one: RowSums, other: RowSums) -> tuple[float, float] | None:
    """95 % interval of the metric of `other` less that of `one`: the same rows are drawn again for both."""
    rows, first, second = len(one.kinds), one.weighted, other.weighted
    if first is not None and second is not None:
        return interval_by_rows(rows, lambda weights: second(weights) - first(weights))
    pairs = _Pairs.of(one, other)
    if 2 * len(pairs.counts) > rows:
        mine, yours = one.table[one.kinds], other.table[other.kinds]
        return interval_by_rows(rows, lambda weights: other.value(weights @ yours) - one.value(weights @ mine))
    counts = pairs.counts.astype(np.float64)
    return interval_by_counts(counts, lambda draws: other.value(draws @ pairs.other) - one.value(draws @ pairs.one))


@dataclass(frozen=True)
class McNemar:
    """Rows that only one of two systems has right (McNemar 1947): if they are equally good, a fair coin decides which."""

    one_only: int
    other_only: int

    @classmethod
    def of(cls, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> McNemar:
        """From which rows are right, (N,) each."""
        return cls(int((one & ~other).sum()), int((other & ~one).sum()))

    @property
    def exact_p(self) -> float:
        """Two-sided binomial test; it seldom errs, as it is too careful."""
        return min(1.0, 2 * self._tails[0])

    @property
    def mid_p(self) -> float:
        """With half the probability of what was seen (Fagerland, Lydersen & Laake 2013)."""
        below, here = self._tails
        return min(1.0, 2 * below - here)

    @property
    def _tails(self) -> tuple[float, float]:
        """Probability of no more than the smaller number, and of just that."""
        from scipy.stats import binom

        fewer, rows = min(self.one_only, self.other_only), self.one_only + self.other_only
        return float(binom.cdf(fewer, rows, 0.5)), float(binom.pmf(fewer, rows, 0.5))


def holm(values: Sequence[float]) -> list[float]:
    """p values of several tests, corrected for being several (Holm 1979)."""
    corrected, largest = [0.0] * len(values), 0.0
    for done, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, values[place] * (len(values) - done)))
        corrected[place] = largest
    return corrected
