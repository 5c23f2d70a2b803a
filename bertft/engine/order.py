"""Which examples stand in which batch of which step: seeded, bucketed by length so that little is padding.

Every process computes the same order from the same seed; no generator's state has to be saved to go on in the middle.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from bertft.adapters.padding import PAD_TO
from bertft.plan.recipe import Recipe

BUCKET_BATCHES, BUCKETS = 50, 4
"""At most so many batches are shuffled together and then sorted by length, and at least so many times an epoch: as
transformers' group_by_length has it. One bucket for all rows of a small file would give the same batches in every epoch."""

Ids = list[int]


@dataclass(frozen=True)
class Step:
    """One optimizer step: its number from 1, and the examples of each of its batches."""

    number: int
    epoch: float
    batches: list[Ids]
    passes: int = 0
    """Whole epochs before its own."""

    @property
    def examples(self) -> int:
        return sum(len(batch) for batch in self.batches)


class Order:
    """The steps of a training run over examples of the given lengths (in tokens)."""

    def __init__(self, lengths: Sequence[int], recipe: Recipe) -> None:
        self.lengths = np.asarray(lengths)
        self.recipe = recipe
        self._batches = lru_cache(maxsize=2)(self._batches_of_epoch)

    @cached_property
    def steps_per_epoch(self) -> int:
        return self._steps_in(0)

    def _steps_in(self, epoch: int) -> int:
        return math.ceil(len(self._batches(epoch)) / self.recipe.grad_accum)

    @cached_property
    def total_steps(self) -> int:
        if self.recipe.max_steps is not None:
            return self.recipe.max_steps
        whole, part = divmod(self.recipe.passes, 1)
        steps = sum(self._steps_in(epoch) for epoch in range(int(whole)))
        return steps + math.ceil(self._steps_in(int(whole)) * part) if part else steps

    def steps(self, *, after: int = 0) -> Iterator[Step]:
        """The steps with numbers above `after`, without computing those before."""
        number, epoch = 0, 0
        while number < self.total_steps:
            count = self._steps_in(epoch)
            for position in range(max(after - number, 0), min(count, self.total_steps - number)):
                yield Step(
                    number + position + 1, epoch + (position + 1) / count, self._group(epoch, position), passes=epoch
                )
            number, epoch = number + count, epoch + 1

    def step(self, number: int) -> Step:
        """The step of that number; 0 is what there is before the first."""
        return next(self.steps(after=number - 1)) if number else Step(0, 0.0, [])

    def _group(self, epoch: int, position: int) -> list[Ids]:
        start, batches = position * self.recipe.grad_accum, self._batches(epoch)
        return [batches[place] for place in range(start, min(start + self.recipe.grad_accum, len(batches)))]

    def _batches_of_epoch(self, epoch: int) -> Batches:
        random = np.random.default_rng([self.recipe.seed, epoch])
        shuffled = random.permutation(len(self.lengths))
        bucket = bucket_rows(len(self.lengths), self.recipe.batch_size)
        parts = [shuffled[start : start + bucket] for start in range(0, len(shuffled), bucket)]
        found = Batches.of(
            cut(part[np.argsort(-self.lengths[part], kind="stable")], self.lengths, self.recipe) for part in parts
        )
        order = random.permutation(len(found))
        return found.arranged(widest_first(found, order, self.lengths) if epoch == 0 else order)


@dataclass(frozen=True)
class Batches:
    """The batches of an epoch. A corpus has millions of examples: as lists they would take gigabytes."""

    examples: np.ndarray[Any, Any]
    """(N,) one batch after the other."""
    ends: np.ndarray[Any, Any]
    """(B + 1,) where batches begin and end."""
    order: np.ndarray[Any, Any]
    """(B,) in which they are taken."""

    @classmethod
    def of(cls, parts: Iterable[list[Ids]]) -> Batches:
        """Those of all parts, in this order."""
        examples, sizes = [], []
        for part in parts:
            examples.append(np.concatenate([np.asarray(batch, dtype=np.int32) for batch in part]))
            sizes += [len(batch) for batch in part]
        ends = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        return cls(np.concatenate(examples) if examples else np.zeros(0, dtype=np.int32), ends, np.arange(len(sizes)))

    def arranged(self, order: np.ndarray[Any, Any]) -> Batches:
        """The same in another order."""
        return Batches(self.examples, self.ends, order)

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int) -> Ids:
        batch = int(self.order[place])
        found: Ids = self.examples[self.ends[batch] : self.ends[batch + 1]].tolist()
        return found


def bucket_rows(rows: int, batch_size: int) -> int:
    """Rows that are sorted by length together: whole batches, at least one."""
    return batch_size * max(min(rows // (BUCKETS * batch_size), BUCKET_BATCHES), 1)


def widest_first(batches: Batches, order: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The first batch shows at once whether the memory is enough, and leaves behind what the others need."""
    longest = np.maximum.reduceat(lengths[batches.examples], batches.ends[:-1]).astype(np.int64)  # (B,)
    first = int(np.argmax((np.diff(batches.ends) * longest)[order]))
    return np.concatenate((order[[first]], np.delete(order, first)))


def cut(sorted_ids: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any], recipe: Recipe) -> list[Ids]:
    """Batches of batch_size examples, or of at most max_tokens padded tokens; ids come longest first."""
    if recipe.max_tokens is None:
        return [sorted_ids[i : i + recipe.batch_size].tolist() for i in range(0, len(sorted_ids), recipe.batch_size)]
    batches: list[Ids] = []
    widest = 0
    for example in sorted_ids.tolist():
        if not batches or (len(batches[-1]) + 1) * widest > recipe.max_tokens:
            batches.append([])
            widest = -(-int(lengths[example]) // PAD_TO) * PAD_TO  # as collate pads it
        batches[-1].append(example)
    return batches


def inference_batches(lengths: Sequence[int], *, batch_size: int, max_tokens: int | None = None) -> list[Ids]:
    """All examples once, longest first: the first batch shows at once whether the memory is enough. A batch has at most
    `batch_size` examples and, unless it is a single one, `max_tokens` padded tokens."""
    order = np.argsort(-np.asarray(lengths), kind="stable").tolist()
    batches: list[Ids] = []
    while order:
        widest = max(lengths[order[0]], 1)
        take = batch_size if max_tokens is None else max(min(batch_size, max_tokens // widest), 1)
        batches.append(order[:take])
        order = order[take:]
    return batches
