"""A network of transformers that fills masks, made to compute its vocabulary projection only where a token is asked for.

The head costs as much as several layers: hidden size times vocabulary, for each token. Of seven tokens six are not asked for.
What is saved, and how transformers opens it, stays the same: the class keeps its name and its parts."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bertft.errors import CheckpointError
from bertft.gold.example import IGNORED
from bertft.protocols import OUTPUTS, Network


class ReadsChosen(nn.Module):
    """Comes before the network's own class, whose `forward` it calls."""

    def forward(self, chosen: Tensor | None = None, **inputs: Any) -> Any:
        """`chosen` (B, T), true where a token is asked for -> logits (M, V) of these tokens, text by text; of a network with a
        head for pairs also `pair_logits` (B, 2). Without it the network answers as transformers wrote it, (B, T, V)."""
        if chosen is None:
            return super().forward(**inputs)

        def only_chosen(module: nn.Module, given: Any, outputs: Any) -> Any:
            outputs["last_hidden_state"] = outputs["last_hidden_state"][chosen][None]  # (B, T, H) -> (1, M, H)
            return outputs

        hook = self.base_model.register_forward_hook(only_chosen)  # type: ignore[union-attr]
        try:
            outputs = super().forward(**inputs)
        finally:
            hook.remove()
        found = {OUTPUTS[name]: values for name, values in outputs.items() if name in OUTPUTS}
        return {**found, "logits": found["logits"][0]}


def read_chosen_only(network: Network) -> Network:
    """The same network, which takes `chosen` from now on."""
    kind = type(network)
    if not isinstance(network, ReadsChosen):
        network.__class__ = type(kind.__name__, (ReadsChosen, kind), {"__module__": kind.__module__})
    return network


def as_transformers_wrote(network: Any) -> Any:
    """The same network, without `chosen` from now on."""
    network.__class__ = next(one for one in type(network).__mro__ if not issubclass(one, ReadsChosen))
    return network


def masked_cost(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """logits (M, V); targets (B, T), -100 where no token is asked for -> (B,), each text's losses summed up."""
    chosen = targets != IGNORED
    losses = functional.cross_entropy(outputs["logits"].float(), targets[chosen], reduction="none")  # (M,)
    texts = chosen.nonzero()[:, 0]
    return torch.zeros(len(targets), device=losses.device).index_add(0, texts, losses)


def paired_cost(outputs: Mapping[str, Tensor], targets: Tensor) -> Tensor:
    """(B, 2): each text's losses of masks, as `masked_cost`, and that of its pair; the last of a row's targets is the answer. The
    engine makes of them the mean over masks plus the mean over pairs, as transformers does."""
    masks, answers = targets[:, :-1], targets[:, -1]  # (B, T), (B,)
    of_pairs = functional.cross_entropy(outputs["pair_logits"].float(), answers, reduction="none")  # (B,)
    return torch.stack([masked_cost(outputs, masks), of_pairs], dim=1)


def check_pairs(family: str, objective: str) -> None:
    """CheckpointError for a family of networks that has no head for pairs of texts."""
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_PRETRAINING_MAPPING_NAMES

    found = getattr(transformers, MODEL_FOR_PRETRAINING_MAPPING_NAMES.get(family, ""), None)
    takes = inspect.signature(found.forward).parameters.keys() if found else set()
    if not {"next_sentence_label", "sentence_order_label"} & takes:
        raise CheckpointError(
            f"--pair {objective}: {family} has no head for pairs of texts in transformers; BERT and ALBERT have one. Choose one "
            f"of them with --model, or leave out --pair."
        )
