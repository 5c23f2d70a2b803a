"""What makes a network fast on this machine, before it is trained or asked. Where nothing can be done, it stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertft.adapters import Adapter, Feature
from bertft.engine.device import cuts_up
from bertft.fast.encoder import quicken
from bertft.fast.vocabulary import cut_vocabulary
from bertft.model.tagger import transformers_part


def hasten(network: Any, accelerator: Any) -> None:
    """Let the fast encoder compute, on a processor."""
    if accelerator.device.type == "cpu":
        quicken(transformers_part(network))


def hasten_training(network: Any, adapter: Adapter, features: Sequence[Feature], accelerator: Any) -> None:
    """The same, and train only the word pieces of the training texts."""
    if accelerator.device.type == "cpu" and not cuts_up(accelerator):
        quicken(transformers_part(network))
        padding = adapter.tokenizer.pad_token_id
        cut_vocabulary(transformers_part(network), (feature.input_ids for feature in features), padding=padding)
