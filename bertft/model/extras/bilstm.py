"""A BiLSTM below the classifier of a tagger. Batches are padded on the right."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Self

import torch
from torch import Tensor, nn

from bertft.errors import UsageError
from bertft.model.extras.extra import Extra
from bertft.plan.recipe import Recipe
from bertft.tags.chain import Legal


class BiLSTM(Extra):
    """Reads the tokens both ways and gives back as many features as it was given, so that the classifier fits."""

    name = "bilstm"
    setting = "bilstm"
    feeds_classifier = True

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.units = units
        self.forwards = nn.LSTM(features, units, batch_first=True)
        self.backwards = nn.LSTM(features, units, batch_first=True)
        self.projection = nn.Linear(2 * units, features)

    @classmethod
    def wanted(cls, network: Any, recipe: Recipe, legal: Legal | None) -> Self | None:
        return None if recipe.bilstm is None else cls(_classifier(network).in_features, recipe.bilstm)

    @classmethod
    def stored(cls, network: Any, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Self | None:
        units = metadata["bilstm"]
        return cls(_classifier(network).in_features, int(units)) if units else None

    @classmethod
    def metadata(cls, present: Self | None) -> dict[str, str]:
        """Its units; '' if there is none."""
        return {"bilstm": "" if present is None else str(present.units)}

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """hidden (B, T, H), mask (B, T) 1 on tokens, which stand on the left. Each row is turned round by itself, or the way
        back would come in through the padding; packed sequences do the same, a third slower."""
        last = mask.sum(1, keepdim=True) - 1
        turned = (last - torch.arange(mask.shape[1], device=mask.device)).clamp(min=0)[..., None]  # (B, T, 1)
        with torch.autocast(hidden.device.type, enabled=False):  # oneDNN has no LSTM in bf16 without AVX-512
            hidden = hidden.float()
            there, _ = self.forwards(hidden)  # (B, T, H) -> (B, T, N)
            back, _ = self.backwards(hidden.gather(1, turned.expand_as(hidden)))
        both = torch.cat([there, back.gather(1, turned.expand_as(back))], dim=2)  # (B, T, 2N)
        projected: Tensor = self.projection(both)  # (B, T, 2N) -> (B, T, H)
        return projected

    def around(self, network: Any, inputs: Mapping[str, Tensor]) -> AbstractContextManager[Any]:
        """It comes between the classifier and what the family feeds it: its own dropout, in ModernBERT also a head."""
        mask = inputs["attention_mask"]
        return _classifier(network).register_forward_pre_hook(lambda _, hidden: (self(hidden[0], mask),))


def _classifier(network: Any) -> nn.Linear:
    found = getattr(network, "classifier", None)
    if not isinstance(found, nn.Linear):
        raise UsageError(
            f"--bilstm: this backbone ({network.config.model_type}) has no plain classifier to put an LSTM under. "
            "Leave out --bilstm, or choose a BERT, RoBERTa, DeBERTa or the like with --model."
        )
    return found
