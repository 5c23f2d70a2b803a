"""Weights of tokens become weights of words, at their places in the row's texts.

The baseline is the same text with the tokenizer's mask token in place of each token, or its padding where it has no mask;
[CLS], [SEP] and their like stay. Windows of a long text count alike, as they do in the answer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from bertft.adapters import Feature
from bertft.adapters.padding import pads_left
from bertft.adapters.texts.text_adapter import Place, TextAdapter
from bertft.arrays import Array
from bertft.gold.example import TextExample
from bertft.insight.gradients import Attribution, Turn, attribute, completeness_error
from bertft.protocols import Network
from bertft.tags.words import Words, split_words


@dataclass(frozen=True, slots=True)
class MarkedWord:
    """A word in its text: characters from 0, the end exclusive."""

    start: int
    end: int
    weight: float | None
    """What it adds to the sum of logits; None where the network did not read it, as the text was cut."""


@dataclass(frozen=True)
class Explanation:
    """Of one row."""

    texts: tuple[str, ...]
    words: tuple[tuple[MarkedWord, ...], ...]
    """Of each text."""
    found: float
    """The sum of all tokens' weights."""
    gained: float
    """What it should be: the sum of logits with the text, less that without."""
    steps: int

    @property
    def error(self) -> float:
        """Completeness error, as a share."""
        return completeness_error(self.found, self.gained)


def explain(
    network: Network,
    adapter: TextAdapter,
    example: TextExample,
    direction: Array,
    *,
    device: torch.device,
    turn: Turn = nullcontext,
) -> Explanation:
    """`direction` (K,) is what each logit counts in the sum that the words are weighed for. `turn`: see gradients.py."""
    features, places = adapter.encode([example])[0], adapter.places(example)
    counted = torch.tensor(direction, dtype=torch.float32, device=device)
    found = [
        _attributed(network, adapter, feature, stand, counted, turn)
        for feature, stand in zip(features, places, strict=True)
    ]
    split = [split_words(text, by_character=True) for text in example.texts]
    weights = _by_word(found, places, split)
    return Explanation(
        example.texts,
        tuple(_marked(words, text, weights) for text, words in enumerate(split)),
        sum(float(one.weights.sum()) for one in found) / len(found),
        sum(one.gained for one in found) / len(found),
        max(one.steps for one in found),
    )


def _attributed(
    network: Network,
    adapter: TextAdapter,
    feature: Feature,
    places: Sequence[Place | None],
    direction: torch.Tensor,
    turn: Turn,
) -> Attribution:
    inputs = {
        name: torch.from_numpy(values).to(direction.device)
        for name, values in adapter.collate([feature]).inputs.items()
    }
    if pads_left(adapter.tokenizer):  # so that the first token is the text's
        inputs = {name: value[:, -len(feature.input_ids) :] for name, value in inputs.items()}
    baseline = inputs["input_ids"].clone()
    own = [token for token, place in enumerate(places) if place is not None]
    baseline[0, own] = neutral_token(adapter.tokenizer)[0]
    return attribute(network, inputs, baseline, direction, turn=turn)


def neutral_token(tokenizer: Any) -> tuple[int, str]:
    """What stands for nothing in the baseline, and what it is called."""
    mask = getattr(tokenizer, "mask_token_id", None)
    return (int(tokenizer.pad_token_id), "padding") if mask is None else (int(mask), "mask")


def _by_word(
    found: Sequence[Attribution], places: Sequence[Sequence[Place | None]], split: Sequence[Words]
) -> dict[tuple[int, int], float]:
    """(text, word) -> weight."""
    weights: dict[tuple[int, int], float] = {}
    for one, stand in zip(found, places, strict=True):
        for place, weight in zip(stand, one.weights, strict=False):  # the weights of the padding are left
            for word, share in _words_at(place, split) if place else ():
                weights[word] = weights.get(word, 0.0) + float(weight) * share / len(found)
    return weights


def _words_at(place: Place, split: Sequence[Words]) -> Iterator[tuple[tuple[int, int], float]]:
    """The words that a token covers, with their shares of it. A token of nothing, or of spaces, belongs to the next word."""
    words = split[place.text]
    first, last = bisect_right(words.ends, place.start), bisect_left(words.starts, place.end)
    if first >= last:
        last = min(first + 1, len(words.ends))
    covered = [min(words.ends[i], place.end) - max(words.starts[i], place.start) for i in range(first, last)]
    whole = sum(covered)
    for number, letters in zip(range(first, last), covered, strict=True):
        yield (place.text, number), letters / whole if whole > 0 else 1.0


def _marked(words: Words, text: int, weights: Mapping[tuple[int, int], float]) -> tuple[MarkedWord, ...]:
    spans = enumerate(zip(words.starts, words.ends, strict=True))
    return tuple(MarkedWord(start, end, weights.get((text, number))) for number, (start, end) in spans)
