"""What ALBERT saves against a BERT of the same sizes: factorised embeddings, and layers that share their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bertft.counting.families import counted_parts, values_of
from bertft.counting.part import CountedPart


@dataclass(frozen=True)
class Saving:
    """How many parameters fewer, and why."""

    by: str
    formula: str
    numbers: str
    parameters: int


def savings(config: Any, head: str, labels: int) -> list[Saving]:
    """Empty for a family that saves nothing."""
    if config.model_type != "albert":
        return []
    parts = counted_parts(config, head, labels) or []
    return [_of_embeddings(config, labels), *_of_layers(config, parts)]


def _of_embeddings(config: Any, labels: int) -> Saving:
    values = values_of(config, labels)
    full = CountedPart("", "V·H + P·H + S·H + 2·H", values, range(1))
    narrow = CountedPart("", "V·E + P·E + S·E + 2·E + E·H + H", values, range(1))
    return Saving(
        "factorised embeddings",
        f"{full.symbols} − ({narrow.symbols})",
        f"{full.numbers} − ({narrow.numbers})",
        full.count - narrow.count,
    )


def _of_layers(config: Any, parts: list[CountedPart]) -> list[Saving]:
    layers, held = int(config.num_hidden_layers), int(config.num_hidden_groups) * int(config.inner_group_num)
    used = layers * int(config.inner_group_num)
    within = [part for part in parts if part.name in ("attention", "feed-forward", "LayerNorms of the layers")]
    one = sum(part.each for part in within) // int(config.inner_group_num)
    return [Saving("shared layers", f"({used} − {held}) layers", f"{used - held} · {one:,}", (used - held) * one)]
