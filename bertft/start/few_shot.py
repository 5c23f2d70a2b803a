"""Few labelled texts make many labelled pairs: same class or not. The encoder learns to put texts of a class close together
before any head is fitted (SetFit: Tunstall et al. 2022, arXiv 2209.11055)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from bertft.adapters import Batch, Feature
from bertft.adapters.padding import padded, pads_left
from bertft.protocols import Tokenizer
from bertft.start.warm import InputsOf, chosen

PAIRS_PER_TEXT = 20
"""Of the same class, and as many of another: SetFit's `num_iterations`."""

_MOST_PAIRS = 6000


@dataclass(frozen=True, slots=True)
class Twins:
    """Two texts and whether they are of one class."""

    row: int
    texts: tuple[Feature, Feature]
    target: float

    @property
    def input_ids(self) -> Any:
        """The longer text's: what the batch's width comes from."""
        return max((text.input_ids for text in self.texts), key=len)

    @property
    def weight(self) -> int:
        return 1


def twins_of(features: Sequence[Feature], seed: int) -> list[Twins]:
    """For each text so many partners of its own class and of others, drawn by seed."""
    random = np.random.default_rng([seed, 0x5E7F])
    features = [features[place] for place in chosen(len(features), _MOST_PAIRS // 2, seed)]
    classes = np.asarray([feature.target for feature in features])
    each = max(min(PAIRS_PER_TEXT, _MOST_PAIRS // (2 * len(features))), 1)
    twins: list[Twins] = []
    for place, feature in enumerate(features):
        same = np.flatnonzero(classes == classes[place])
        for alike, others in ((1.0, same[same != place]), (0.0, np.flatnonzero(classes != classes[place]))):
            drawn = random.choice(others, each).tolist() if len(others) else []
            twins += [Twins(feature.row, (feature, features[other]), alike) for other in drawn]
    return twins


@dataclass(frozen=True)
class TwinCollator:
    """Twins to a batch of inputs (B, 2, T)."""

    tokenizer: Tokenizer
    max_length: int

    def collate(self, twins: Sequence[Twins]) -> Batch:
        texts, left = [text for pair in twins for text in pair.texts], pads_left(self.tokenizer)
        batch = padded(texts, None, self.tokenizer, max_length=self.max_length, left=left)
        inputs = {name: values.reshape(len(twins), 2, -1) for name, values in batch.inputs.items()}
        targets = np.asarray([pair.target for pair in twins], dtype=np.float32)
        return Batch(inputs, targets, len(twins), batch.tokens)


class TwinNetwork(nn.Module):
    """Reads both texts of each pair apart; its `logits` (B, 1) are the cosines of what the classifier would read of them."""

    def __init__(self, network: Any, classifier: nn.Linear) -> None:
        super().__init__()
        self.reader = InputsOf(network, classifier)
        self.config = network.config

    def forward(self, **inputs: Tensor) -> Mapping[str, Tensor]:
        """Inputs (B, 2, T). In two passes of B rows, for which each process draws the masks that one process would."""
        one, other = (
            self.reader(**{name: values[:, side] for name, values in inputs.items()})["logits"].float()
            for side in (0, 1)
        )  # (B, H) each
        return {"logits": functional.cosine_similarity(one, other)[:, None]}
