"""Hidden states of an encoder: which layers are read, how several are put together, what stands for a whole text.

A layer's number is transformers': 0 is the embeddings' output, 1 the first layer's, -1 the last one's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bertft.errors import UsageError
from bertft.plan.layers import COMBINE

MIX = "mix"
"""Several layers with learned weights (ELMo: Peters et al. 2018, arXiv 1802.05365): they are kept apart until then."""


@dataclass(frozen=True)
class Reading:
    """What is read of an encoder."""

    layers: tuple[int, ...]
    """As typed; negative numbers count from the last one."""
    combine: str = "concat"
    """`concat`, `sum`, `mean` or MIX."""

    @classmethod
    def of(cls, layers: str, combine: str | None, config: Any) -> Reading:
        """From the words of a setting; UsageError for a layer that the encoder does not have."""
        found = tuple(int(number) for number in layers.split(","))
        layer_numbers(found, layers_of(config), "this backbone")
        if combine not in (None, MIX, *COMBINE):
            raise UsageError(f"--combine {combine}: one of {', '.join(COMBINE)} and {MIX} is wanted.")
        return cls(found, combine or "concat")

    def width(self, size: int) -> int:
        """Features of a token, of an encoder whose hidden states have `size`."""
        return size * len(self.layers) if self.combine in ("concat", MIX) else size

    def read(self, network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
        """Of a network of transformers: (B, T, D). The last layer alone is had faster."""
        if self.layers in ((-1,), (layers_of(network.config),)):
            last: Tensor = network.base_model(**inputs).last_hidden_state
            if last.shape[1] == inputs["input_ids"].shape[1]:  # our fast encoder may leave all but the first token out
                return last.float()
        return self.combined(hidden_states(network, inputs))

    def combined(self, states: Sequence[Tensor]) -> Tensor:
        """All hidden states, (B, T, H) each -> (B, T, D), in fp32."""
        read = [states[layer].float() for layer in self.layers]
        return combined(read, "concat" if self.combine == MIX else self.combine)


def layer_numbers(asked: tuple[int, ...], layers: int, name: str) -> tuple[int, ...]:
    """The same counted from 0: -1 is the last, -N the first layer of N, 0 the embeddings. UsageError for one that is not there
    or named twice. `name`: whose they are."""
    typed = f"--layers {','.join(map(str, asked))}"
    if wrong := [number for number in asked if not -layers <= number <= layers]:
        raise UsageError(
            f"{typed}: {name} has {layers} layers, so {wrong[0]} is none of them: 1 to {layers} or -{layers} to -1 (the last), "
            f"and 0 for the embeddings."
        )
    found = tuple(number if number >= 0 else layers + 1 + number for number in asked)
    if len(set(found)) < len(found):
        raise UsageError(f"{typed}: names a layer twice (of {layers}). Name each once.")
    return found


def combined(states: Sequence[Tensor], how: str) -> Tensor:
    """Some (B, T, H) -> (B, T, H), or (B, T, K * H) in the order of the states."""
    if len(states) == 1:
        return states[0]
    if how == "concat":
        return torch.cat([*states], dim=-1)
    total = torch.stack([*states]).sum(0)
    return total / len(states) if how == "mean" else total


def mean_of_tokens(hidden: Tensor, mask: Tensor) -> Tensor:
    """(B, T, H), (B, T) -> (B, H). What stands on padding may be anything, NaN too."""
    tokens = hidden.masked_fill(mask[..., None] == 0, 0.0)
    return tokens.sum(1) / mask.sum(1, keepdim=True)


def layers_of(config: Any) -> int:
    """How many layers an encoder has."""
    return int(getattr(config, "num_hidden_layers", None) or config.n_layers)


def hidden_states(network: Any, inputs: Mapping[str, Tensor]) -> Sequence[Tensor]:
    """(B, T, H) of the embeddings and of each layer, of a network of transformers; what stands on padding means nothing."""
    states: Sequence[Tensor] = network.base_model(**inputs, output_hidden_states=True).hidden_states
    return states


def pooled(tokens: Tensor, mask: Tensor, pool: str) -> Tensor:
    """tokens (B, T, D), mask (B, T) 1 on tokens -> (B, D): the first token's (`cls`) or their mean."""
    return tokens[:, 0] if pool == "cls" else mean_of_tokens(tokens, mask)
