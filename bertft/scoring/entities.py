"""Scores of tagged words: entities by type and borders, or plain tags word by word.

`f1`, `precision` and `recall` are seqeval's strict mode: what breaks the scheme is no entity. The `_lenient` ones are its
default mode, that of conlleval, which takes them. Tags without a scheme never meet seqeval: it would take their first letter
for a prefix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bertft.arrays import Array
from bertft.errors import InternalError
from bertft.kinds import WORD_TAGS
from bertft.scoring.bootstrap import interval_by_rows
from bertft.scoring.counts import Counts, averaged, family, per_class, pooled
from bertft.scoring.entity_errors import Entity, count_errors
from bertft.scoring.scores import Scores

Tags = Sequence[Sequence[str]]
SEQEVAL = {"IOB1": "IOB1", "IOB2": "IOB2", "BIOES": "IOBES", "BILOU": "BILOU"}
"""Our names of schemes -> seqeval's; it has none for IO, whose every sequence is sound."""

_MARKS = {"L-": "E-", "U-": "S-"}


@dataclass(frozen=True)
class _GoldAndPredicted:
    """The entities of some sentences, gold and predicted."""

    gold: list[set[Entity]]
    predicted: list[set[Entity]]

    def counts(self, types: Sequence[str]) -> Counts:
        """Per sentence and type, (N, K)."""
        right = [gold & guessed for gold, guessed in zip(self.gold, self.predicted, strict=True)]
        return Counts(*(_per_type(entities, types) for entities in (right, self.gold, self.predicted)))


def score_tags(
    gold: Tags, predicted: Tags, *, scheme: str | None, main: str = "f1", metrics: Sequence[str] | None = None
) -> Scores:
    """Both in the same scheme, row by row of equal lengths. `values` holds exactly `metrics` and `main`; without `metrics`, all
    there are. Without a scheme there are no entities: the main score is then the accuracy."""
    if [len(tags) for tags in gold] != [len(tags) for tags in predicted]:
        raise InternalError("gold and predicted tags are not of the same words")
    if scheme is None:
        return _score_words(gold, predicted, main, metrics)
    strict, lenient = (_found(gold, predicted, scheme, lenient=mode) for mode in (False, True))
    types = sorted(
        {kind for side in (strict, lenient) for line in [*side.gold, *side.predicted] for kind, _, _ in line}
    )
    counts = strict.counts(types)
    values = _values(counts, "") | _values(lenient.counts(types), "_lenient") | {"accuracy": _accuracy(gold, predicted)}
    wanted = dict.fromkeys([*(metrics or WORD_TAGS.metrics), main])
    return Scores(
        main=main,
        values={name: values[name] for name in wanted},
        examples=len(gold),
        interval=_interval(main, counts),
        per_class=per_class(types, _summed(counts)),
        errors=count_errors(strict.gold, strict.predicted),
        notes=_notes(gold, predicted, scheme),
    )


def _found(gold: Tags, predicted: Tags, scheme: str, *, lenient: bool) -> _GoldAndPredicted:
    of_gold, of_predicted = (_lenient(side) if lenient else _strict(side, scheme) for side in (gold, predicted))
    return _GoldAndPredicted(_as_given(of_gold, gold), of_predicted)


def counts_by_sentence(gold: Tags, predicted: Tags, scheme: str, types: Sequence[str], *, lenient: bool) -> Counts:
    """Entities by sentence and type, (N, K): of `types`, then of those that occur besides."""
    found = _found(gold, predicted, scheme, lenient=lenient)
    others = {kind for line in [*found.gold, *found.predicted] for kind, _, _ in line} - set(types)
    return found.counts([*types, *sorted(others)])


def right_words(gold: Tags, predicted: Tags) -> Array:
    """(N,) words of each sentence whose tags are equal."""
    pairs = zip(gold, predicted, strict=True)
    return np.asarray([float(sum(a == b for a, b in zip(*pair, strict=True))) for pair in pairs])


def strict_entities(gold: Tags, predicted: Tags, scheme: str) -> tuple[list[set[Entity]], list[set[Entity]]]:
    """Of each sentence the entities that are scored: gold as it was given, predicted by the scheme's letter."""
    found = _found(gold, predicted, scheme, lenient=False)
    return found.gold, found.predicted


def _as_given(entities: list[set[Entity]], gold: Tags) -> list[set[Entity]]:
    """Gold spans that their tags cannot say stand as they were given: what was widened for learning counts as missed."""
    altered = [getattr(tags, "altered", None) for tags in gold]
    return [
        found if other is None else (found - other.gone) | other.given
        for found, other in zip(entities, altered, strict=True)
    ]


def _strict(tags: Tags, scheme: str) -> list[set[Entity]]:
    from seqeval import scheme as schemes

    if scheme not in SEQEVAL:
        return _lenient(tags)
    parsed = schemes.Entities([list(line) for line in tags], getattr(schemes, SEQEVAL[scheme]))
    return [{(entity.tag, entity.start, entity.end - 1) for entity in line} for line in parsed.entities]


def _lenient(tags: Tags) -> list[set[Entity]]:
    """seqeval knows no L- and U-; they are its E- and S-."""
    from seqeval.metrics.sequence_labeling import get_entities

    return [set(get_entities([_MARKS.get(tag[:2], tag[:2]) + tag[2:] for tag in line])) for line in tags]


def _per_type(entities: Sequence[set[Entity]], types: Sequence[str]) -> Array:
    """(N, K)"""
    place = {kind: column for column, kind in enumerate(types)}
    counts = np.zeros((len(entities), len(types)))
    for line, found in enumerate(entities):
        for kind, _, _ in found:
            counts[line, place[kind]] += 1
    return counts


def _summed(counts: Counts) -> Counts:
    return Counts(counts.right.sum(0), counts.gold.sum(0), counts.predicted.sum(0))


def _values(counts: Counts, suffix: str) -> dict[str, float]:
    whole = _summed(counts)
    values = {f"{name}{suffix}": float(family(name, pooled(whole))[0]) for name in ("f1", "precision", "recall")}
    macro = float(averaged("f1_macro", whole, only_present=True)) if whole.gold.size else 0.0
    return values if suffix else {**values, "f1_macro": macro}


def _accuracy(gold: Tags, predicted: Tags) -> float:
    words = sum(map(len, gold))
    right = sum(a == b for line, other in zip(gold, predicted, strict=True) for a, b in zip(line, other, strict=True))
    return right / max(words, 1)


def _interval(main: str, counts: Counts) -> tuple[float, float] | None:
    """Sentences are drawn again; only for the strict micro scores."""
    if main not in ("f1", "precision", "recall") or not counts.gold.size:
        return None
    sides = [side.sum(1) for side in (counts.right, counts.gold, counts.predicted)]  # (N,) each

    def statistic(weights: Array) -> Array:
        return np.asarray(family(main, Counts(*(weights @ side for side in sides))))

    return interval_by_rows(len(sides[0]), statistic)


def _notes(gold: Tags, predicted: Tags, scheme: str) -> list[str]:
    said = [
        f"f1, precision and recall are strict: type and borders right, scheme {scheme}; _lenient is seqeval's default mode."
    ]
    if not any(tag != "O" for line in predicted for tag in line):
        there_is = any(tag != "O" for line in gold for tag in line)
        said += ["Every word was predicted O: more epochs or a higher learning rate may help."] if there_is else []
    return said


def _score_words(gold: Tags, predicted: Tags, main: str, metrics: Sequence[str] | None) -> Scores:
    """Plain tags: accuracy, and F1 of each tag over all words."""
    flat = [[tag for line in side for tag in line] for side in (gold, predicted)]
    names = sorted({*flat[0], *flat[1]})
    right = Counter(tag for tag, guessed in zip(*flat, strict=True) if tag == guessed)
    columns = [
        np.asarray([float(count[name]) for name in names]) for count in (right, Counter(flat[0]), Counter(flat[1]))
    ]
    counts = Counts(*columns)
    macro = float(averaged("f1_macro", counts, only_present=True)) if names else 0.0
    return Scores(
        main="accuracy",
        values={"accuracy": _accuracy(gold, predicted), "f1_macro": macro},
        examples=len(gold),
        interval=_accuracy_interval(gold, predicted),
        per_class=per_class(names, counts),
        notes=["The tags follow no scheme for entities: they are scored word by word.", *_numbered(names)],
    )


def _numbered(names: Sequence[str]) -> list[str]:
    """Hub data sets keep tags as numbers."""
    if not names or not all(name.isdigit() for name in names):
        return []
    return [
        "They are numbers: a card with `labels` in their order gives them names (--task conll2003, --task ./mine.toml)."
    ]


def _accuracy_interval(gold: Tags, predicted: Tags) -> tuple[float, float] | None:
    """Sentences are drawn again."""
    right = right_words(gold, predicted)
    words = np.asarray([len(line) for line in gold])
    return interval_by_rows(len(words), lambda weights: np.asarray((weights @ right) / (weights @ words)))
