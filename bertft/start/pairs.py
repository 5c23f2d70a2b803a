"""What a sentence encoder knows of two texts apart, as lessons for reading them together.

A sentence encoder tells how alike two texts are from their two vectors. A pair classifier reads both texts at once, which such
an encoder was never trained for: it would begin worse than the cosine. So before training it learns to tell that cosine, on pairs
of the training texts: those of the file, near neighbours, and others. No label is used. (The other way round: Thakur et al.
2021, arXiv 2010.08240; with no labels, Liu et al. 2022, arXiv 2109.13059.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bertft.adapters import Batch, Feature
from bertft.adapters.padding import padded
from bertft.arrays import Array
from bertft.plan.recipe import Recipe
from bertft.protocols import Tokenizer

_MOST_TOKENS = 500_000
"""Of all lessons together: a minute or two on two cores. On STS-B with 300 rows, 3,000 lessons led to a Spearman of 0.80 after
training, 4,600 to 0.82, 10,000 to 0.84."""

NEAR, OTHERS = 10, 3
"""Lessons for each text, beside those of the file: with near neighbours, and with any texts."""

VARIANTS = 3
"""Of each text, with some tokens left out: on STS-B with 300 rows two of them raised the Spearman from 0.784 to 0.799."""

MOST_PAIRS = 1500
"""Pairs of the file that lessons are made from."""

MOST_TEXTS = 3000
"""Texts that neighbours are looked for among."""


@dataclass(frozen=True)
class PairCollator:
    """Lessons to a batch."""

    tokenizer: Tokenizer
    max_length: int

    def collate(self, features: Sequence[Feature]) -> Batch:
        targets = np.asarray([feature.target for feature in features], dtype=np.float32)
        return padded(features, targets, self.tokenizer, max_length=self.max_length)


@dataclass(frozen=True)
class Halves:
    """The distinct texts of some pairs, each as a feature of its own, and which of them stood together."""

    texts: list[Feature]
    together: list[tuple[int, int]]


def halves_of(features: Sequence[Feature]) -> Halves:
    """Pairs taken apart at their segments: `[CLS] a [SEP] b [SEP]` to `[CLS] a [SEP]` and `[CLS] b [SEP]`."""
    places: dict[bytes, int] = {}
    texts: list[Feature] = []
    together = []
    for feature in features:
        pair = []
        for ids in _halves(feature):
            if (key := ids.tobytes()) not in places:
                places[key] = len(texts)
                texts.append(Feature(feature.row, ids, None, None, feature.truncated))
            pair.append(places[key])
        together.append((pair[0], pair[1]))
    return Halves(texts, together)


def _halves(feature: Feature) -> tuple[Array, Array]:
    ids, segments = feature.input_ids, feature.segments
    assert segments is not None
    return ids[segments == 0], np.concatenate([ids[:1], ids[segments == 1]])


def varied(halves: Halves, seed: int) -> Halves:
    """With VARIANTS of each text more, of which some tokens are left out: few texts would be learned by heart."""
    random = np.random.default_rng([seed, 0x7A81])
    variants = [_thinned(text, random) for text in halves.texts for _ in range(VARIANTS)]
    return Halves([*halves.texts, *variants], halves.together)


def _thinned(text: Feature, random: np.random.Generator) -> Feature:
    ids = text.input_ids
    keep = random.random(len(ids)) >= random.uniform(0.1, 0.5)
    keep[[0, -1]] = True
    return replace(text, input_ids=ids[keep])


def are_learned_beforehand(features: Sequence[Feature], recipe: Recipe) -> bool:
    """Whether pairs are read before the labels are learned: where the mean of the tokens is, which was trained to tell how alike
    texts are."""
    changes = recipe.pool == "mean" and not recipe.features
    return changes and recipe.head_start == "probe" and can_be_halved(features)


def can_be_halved(features: Sequence[Feature]) -> bool:
    """Whether the tokenizer says which token is of which text."""
    return all(feature.segments is not None and feature.segments.any() for feature in features)


def lessons(halves: Halves, vectors: Array, *, max_length: int, seed: int) -> list[Feature]:
    """Pairs of the texts with the cosine of their `vectors` (N, H) as the target, standardised; at most `_MOST_TOKENS` tokens."""
    random = np.random.default_rng([seed, 0x9A15])
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    chosen = pairs_of(halves, vectors, random)
    found: list[Feature] = []
    tokens = 0
    for place in random.permutation(len(chosen)):
        one, other = chosen[place]
        feature = joined_pair(halves.texts[one], halves.texts[other], max_length)
        tokens += len(feature.input_ids)
        if found and tokens > _MOST_TOKENS:
            break
        found.append(replace(feature, target=float(vectors[one] @ vectors[other])))
    cosines = np.asarray([feature.target for feature in found])
    centre, scale = cosines.mean(), max(cosines.std(), 1e-6)
    return [replace(feature, target=float((feature.target - centre) / scale)) for feature in found]


def pairs_of(halves: Halves, vectors: Array, random: np.random.Generator) -> list[tuple[int, int]]:
    """The file's own pairs both ways round, and for each text some near neighbours and some others."""
    pairs = dict.fromkeys([*halves.together, *((other, one) for one, other in halves.together)])
    some = random.permutation(len(vectors))[:MOST_TEXTS]
    alike = vectors[some] @ vectors[some].T  # (N, N)
    np.fill_diagonal(alike, -np.inf)
    near = np.argsort(-alike, axis=1, kind="stable")[:, : 2 * NEAR]
    for line, one in enumerate(some):
        neighbours = random.permutation(near[line])[:NEAR]
        others = [*some[neighbours], *some[random.integers(len(some), size=OTHERS)]]
        pairs.update(dict.fromkeys((int(one), int(other)) for other in others if other != one))
    return list(pairs)


def joined_pair(one: Feature, other: Feature, max_length: int) -> Feature:
    """Two texts as one pair; the longer one is cut where they do not fit."""
    first, second = one.input_ids, other.input_ids[1:]
    while (excess := len(first) + len(second) - max_length) > 0:
        if len(first) >= len(second):
            first = np.delete(first, slice(-1 - min(excess, max(len(first) - len(second), 1)), -1))
        else:
            second = np.delete(second, slice(-1 - min(excess, len(second) - len(first)), -1))
    segments = np.repeat(np.asarray([0, 1], dtype=np.int8), [len(first), len(second)])
    return Feature(one.row, np.concatenate([first, second]), segments, None, one.truncated)
