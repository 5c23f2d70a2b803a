"""What is wrong with the entities that are not right: borders, type, both, missed, spurious.

Each wrong entity counts once. Entities that are right are taken out first; then, in the order of the text, a gold entity is
paired with a predicted one of the same borders, else with one of the same type that overlaps it, else with any that overlaps.
What is left without a partner was missed, or is spurious.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Entity = tuple[str, float, float]
"""Type, first word, last word. A border inside a word, which gold spans may have, is half a word off."""

ERROR_KINDS = ("boundary", "type", "boundary and type", "missed", "spurious")


def count_errors(gold: Sequence[set[Entity]], predicted: Sequence[set[Entity]]) -> dict[str, int]:
    """Over all sentences."""
    counts = dict.fromkeys(ERROR_KINDS, 0)
    for wanted, found in zip(gold, predicted, strict=True):
        for kind, count in _of_sentence(sorted(wanted - found, key=_place), sorted(found - wanted, key=_place)).items():
            counts[kind] += count
    return counts


def _of_sentence(wanted: list[Entity], found: list[Entity]) -> dict[str, int]:
    """Both are used up."""
    paired = {
        "type": _pair(wanted, found, lambda one, other: one[1:] == other[1:]),
        "boundary": _pair(wanted, found, lambda one, other: one[0] == other[0] and _overlap(one, other)),
        "boundary and type": _pair(wanted, found, _overlap),
    }
    return {**paired, "missed": len(wanted), "spurious": len(found)}


def _pair(wanted: list[Entity], found: list[Entity], fits: Callable[[Entity, Entity], bool]) -> int:
    """How many pairs there were; they are taken out."""
    pairs = 0
    for entity in list(wanted):
        partner = next((other for other in found if fits(entity, other)), None)
        if partner is not None:
            wanted.remove(entity)
            found.remove(partner)
            pairs += 1
    return pairs


def _overlap(one: Entity, other: Entity) -> bool:
    return one[1] <= other[2] and other[1] <= one[2]


def _place(entity: Entity) -> tuple[float, float, str]:
    return entity[1], entity[2], entity[0]
