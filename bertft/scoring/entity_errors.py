"""What is wrong with the entities that are not right: borders, type, both, missed, spurious.

Each wrong entity counts once. Entities that are right are taken out first; then, in the order of the text, a gold entity is
paired with a predicted one of the same borders, else with one of the same type that overlaps it, else with any that overlaps.
What is left without a partner was missed, or is spurious.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Entity = tuple[str, float, float]
"""Type, first word, last word. A border inside a word, which gold spans may have, is half a word off."""

ERROR_KINDS = ("boundary", "type", "boundary and type", "missed", "spurious")


@dataclass(frozen=True, slots=True)
class EntityError:
    """A wrong entity, or a gold one and what was predicted in its place."""

    sentence: int
    kind: str
    gold: Entity | None
    predicted: Entity | None


def find_errors(gold: Sequence[set[Entity]], predicted: Sequence[set[Entity]]) -> list[EntityError]:
    """Sentence by sentence."""
    found: list[EntityError] = []
    for sentence, (wanted, given) in enumerate(zip(gold, predicted, strict=True)):
        pairs = _of_sentence(sorted(wanted - given, key=_place), sorted(given - wanted, key=_place))
        found += [EntityError(sentence, *pair) for pair in pairs]
    return found


def count_errors(gold: Sequence[set[Entity]], predicted: Sequence[set[Entity]]) -> dict[str, int]:
    """Over all sentences."""
    counts = dict.fromkeys(ERROR_KINDS, 0)
    for error in find_errors(gold, predicted):
        counts[error.kind] += 1
    return counts


_Pair = tuple[str, Entity | None, Entity | None]


def _of_sentence(wanted: list[Entity], given: list[Entity]) -> list[_Pair]:
    """Both are used up."""
    pairs = [
        *_pair("type", wanted, given, lambda one, other: one[1:] == other[1:]),
        *_pair("boundary", wanted, given, lambda one, other: one[0] == other[0] and _overlap(one, other)),
        *_pair("boundary and type", wanted, given, _overlap),
    ]
    return [*pairs, *(("missed", one, None) for one in wanted), *(("spurious", None, one) for one in given)]


def _pair(kind: str, wanted: list[Entity], given: list[Entity], fits: Callable[[Entity, Entity], bool]) -> list[_Pair]:
    """What is paired is taken out."""
    pairs: list[_Pair] = []
    for entity in list(wanted):
        partner = next((other for other in given if fits(entity, other)), None)
        if partner is not None:
            wanted.remove(entity)
            given.remove(partner)
            pairs.append((kind, entity, partner))
    return pairs


def _overlap(one: Entity, other: Entity) -> bool:
    return one[1] <= other[2] and other[1] <= one[2]


def _place(entity: Entity) -> tuple[float, float, str]:
    return entity[1], entity[2], entity[0]
