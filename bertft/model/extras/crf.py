"""A CRF above the classifier: the learned scores of moves from tag to tag. What they are used for stands in model/crf.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn

from bertft.model.crf import TagScores, allowed
from bertft.model.extras.extra import Extra
from bertft.plan.recipe import Recipe
from bertft.tags.chain import CHAIN, Legal


class CRF(Extra):
    """Forbidden moves keep their score, whatever is learned."""

    name = "crf"
    setting = "crf"
    computes = False
    decays = False  # scores of moves are biases, though they stand in a matrix

    legal_start: Tensor
    legal_moves: Tensor
    legal_end: Tensor

    def __init__(self, start: Sequence[bool], moves: Sequence[Sequence[bool]], end: Sequence[bool]) -> None:
        super().__init__()
        for name, part in (("start", start), ("moves", moves), ("end", end)):
            self.register_buffer(f"legal_{name}", torch.as_tensor(part, dtype=torch.bool))
        self.start = nn.Parameter(torch.zeros(self.legal_start.shape))
        self.transitions = nn.Parameter(torch.zeros(self.legal_moves.shape))
        self.end = nn.Parameter(torch.zeros(self.legal_end.shape))

    @classmethod
    def wanted(cls, network: Any, recipe: Recipe, legal: Legal | None) -> Self | None:
        return cls(*legal) if recipe.crf and legal is not None else None

    @classmethod
    def stored(cls, network: Any, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Self | None:
        if "crf.transitions" not in tensors:
            return None
        found = cls(*(tensors[f"crf.legal_{part}"].tolist() for part in ("start", "moves", "end")))
        tags = network.config.num_labels
        if [*found.start.shape, *found.transitions.shape, *found.end.shape] != [tags] * 4:
            raise ValueError(f"its CRF is not for the {tags} tags of config.json")
        return found

    def scores(self) -> TagScores:
        return allowed((self.start, self.transitions, self.end), (self.legal_start, self.legal_moves, self.legal_end))

    def outputs(self) -> dict[str, Tensor]:
        """The scores of a chain, which the loss and the decoder need beside `logits`."""
        return dict(zip(CHAIN, self.scores(), strict=True))
