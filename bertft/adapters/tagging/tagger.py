"""A tag for each word: named entities, parts of speech. Words come as tokens or as raw text, gold as tags or as character spans.

Long rows are read in overlapping windows, and their words' scores are put together before the best tags are sought: over the
whole row at once, so a window's border is no border of the answer. A file's tag scheme is turned into the model's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bertft.adapters.adapter import Adapter, Batch, Decisions, Feature, Prediction
from bertft.adapters.padding import padded
from bertft.adapters.tagging.best_tags import Scored, Tagging, best_tags
from bertft.adapters.tagging.word_features import WordFrame, part_of, word_windows
from bertft.adapters.tagging.word_windows import pieces_of, special_ids
from bertft.errors import UsageError
from bertft.gold.answer import Answer
from bertft.gold.example import IGNORED, Read, Refusal, WordExample
from bertft.gold.windows import largest_word
from bertft.plan.recipe import Recipe
from bertft.rows.surrogates import without_surrogates
from bertft.scoring import Scores, score_tags
from bertft.scoring.paired import RowSums
from bertft.scoring.row_sums import tag_sums
from bertft.tags import convert_tags, entity_type, legal, spans_of, without_types
from bertft.tags.spans import to_char_spans
from bertft.tags.words import Words

if TYPE_CHECKING:
    from bertft.model.network import Head

_Ids = np.ndarray[Any, Any]

CONSTANT_ROWS = 2000
"""Training rows that choose the best single tag."""


@dataclass(frozen=True)
class WordTagger(Adapter):
    """One tag per word; with a CRF the best sequence of tags, without one the best legal tags."""

    scheme: str | None = None
    """The model's tag scheme; None: plain tags."""
    by_character: bool = False
    """Whether texts in scripts without spaces are cut into characters."""
    untyped: bool = False
    """The tags of the training file were B, I and O alone, and so are those that are written."""
    raw: bool = False
    """Whether the rows at hand are texts, not tokens."""

    answer_options = ("scheme",)
    answers_with = "tags"
    constant_answer = "the best single tag alone"

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        flags = {name: stored.get(name, False) for name in ("untyped", "by_character")}
        return {"scheme": stored.get("scheme"), **flags}

    def for_sample(self, first: Read | None) -> WordTagger:
        example = first.example if isinstance(first, Refusal) else first
        tokens = isinstance(example, WordExample) and example.form != "text"
        return replace(self, raw=first is not None and not tokens)

    @property
    def placed_in(self) -> str | None:
        return self.fields.text if self.raw else None

    def head(self, targets: Sequence[Any], recipe: Recipe) -> Head:
        from bertft.model.losses import class_shares, crf_cost, tag_cost
        from bertft.model.network import Head

        if recipe.crf and (recipe.class_weights or recipe.label_smoothing):
            raise UsageError("--class-weights and --label-smoothing weigh words one by one; a CRF weighs sentences.")
        weights = class_shares(self._numbers(targets), len(self.labels)) if recipe.class_weights else None
        return Head(
            self.card.kind,
            None,
            self.labels.names,
            crf_cost if recipe.crf else tag_cost(weights=weights, smoothing=recipe.label_smoothing),
            legal=self._legal if recipe.crf else None,
            link="softmax",
            weights=weights,
        )

    def decisions(self, features: Sequence[Feature], inputs: Sequence[Any] | None) -> Decisions:
        tags = np.concatenate([feature.target for feature in features])
        known = tags != IGNORED
        words = np.zeros((len(tags), 0)) if inputs is None else np.concatenate([part.words for part in inputs])
        return Decisions(words[known], np.eye(len(self.labels))[tags[known]])

    @cached_property
    def _legal(self) -> Any:
        return legal(self.labels.names, self.scheme)

    def _numbers(self, targets: Iterable[Sequence[str]]) -> list[_Ids]:
        """Tags to their numbers, IGNORED for those that the model does not know."""
        found = ([self.labels.index(tag) for tag in tags] for tags in targets)
        return [np.asarray([IGNORED if tag is None else tag for tag in tags], dtype=np.int64) for tags in found]

    def encode(self, examples: Sequence[WordExample]) -> list[list[Feature]]:
        before, after = special_ids(self.tokenizer)
        room = self.options.max_length - len(before) - len(after)
        words = [[*example.before, *example.words.texts, *example.after] for example in examples]
        encoded: list[list[Feature]] = []
        for example, found in zip(
            examples, pieces_of(words, self.tokenizer, max_pieces=largest_word(room)), strict=True
        ):
            own = range(len(example.before), found.words - len(example.after))
            windows = word_windows(found, own, room, self.options.overlap)
            frame = WordFrame(example.row.index, before, after, found, own.start)
            tags = None if example.gold is None else self._numbers([example.gold])[0]
            encoded.append(
                [frame.feature(w, None if tags is None else part_of(tags, w, own.start, self._legal)) for w in windows]
            )
        return encoded

    def strings(self, example: WordExample) -> Sequence[str]:
        return [*map(without_surrogates, example.words.texts)]

    def collate(self, features: Sequence[Feature]) -> Batch:
        return padded(features, _targets(features), self.tokenizer, max_length=self.options.max_length)

    def outputs_of(self, outputs: Mapping[str, _Ids], features: Sequence[Any]) -> list[Any]:
        """Each window's scores of its own words (W, K), and the CRF's, which are the same for all."""
        crf = (outputs["start"], outputs["moves"], outputs["end"]) if "moves" in outputs else None
        return [Scored(outputs["logits"][i, feature.first], crf) for i, feature in enumerate(features)]

    def decode(self, outputs: Sequence[Any], features: Sequence[Feature]) -> Prediction:
        return self.decode_rows([(outputs, features)])[0]

    def decode_rows(self, rows: Sequence[tuple[Sequence[Any], Sequence[Feature]]]) -> list[Prediction]:
        whole = [Scored(np.concatenate([part.words for part in parts]), parts[0].crf) for parts, _ in rows]
        return [Prediction(tagging) for tagging in best_tags(whole, self._legal)]

    def our_scores(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Scores:
        predicted = [self._tags(prediction.values) for prediction in predictions if prediction.values is not None]
        gold = list(targets)
        return score_tags(gold, predicted, scheme=self.scheme, main=self.card.metric, metrics=self.metrics)

    @property
    def scored_labels(self) -> tuple[str, ...]:
        if self.scheme is None:
            return self.labels.names
        return tuple(sorted({entity_type(tag) for tag in self.labels.names} - {""}))

    def row_sums(
        self, predictions: Sequence[Prediction], targets: Sequence[Any], labels: Sequence[str]
    ) -> RowSums | None:
        predicted = [self._tags(prediction.values) for prediction in predictions]
        return tag_sums(list(targets), predicted, scheme=self.scheme, types=labels, main=self.card.metric)

    def common_form(self, gold: Any, known: Collection[str]) -> Any:
        return (len(gold), spans_of(gold, self.scheme)) if self.scheme else gold

    def shown_answer(self, said: Any, words: Sequence[str], beside: Sequence[Any] = ()) -> str:
        if len(words) != len(said):
            return " ".join(said)
        if self.scheme is None:
            return " ".join(f"{word}/{tag}" for word, tag in zip(words, said, strict=True))
        spans = spans_of(said, self.scheme)
        return "; ".join(f"{' '.join(words[span.start : span.end])} [{span.label}]" for span in spans)

    def in_words(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        given = [prediction.values for prediction in predictions if prediction.values is not None]
        return [list(self._tags(one)) for one in given], [list(tags) for tags in targets]

    def wrongness(self, prediction: Prediction, target: Any) -> float:
        """Of the word that is wrong with the highest probability."""
        wrong = [one != tag for one, tag in zip(self._tags(prediction.values), target, strict=True)]
        return float(prediction.values.confidence[wrong].max(initial=0.0))

    def constant(self, learned: Sequence[Any], targets: Sequence[Any]) -> list[Prediction]:
        """The most frequent tag, mostly O; or each word an entity of the most frequent type, if that scores more."""
        numbers = np.concatenate(self._numbers(learned))
        counts = np.bincount(numbers[numbers != IGNORED], minlength=len(self.labels))
        frequent = np.argsort(-counts, kind="stable").tolist()
        whole = [tag for tag in frequent if self.scheme and self.labels.names[tag].startswith(("B-", "S-", "U-"))]
        some = learned[:CONSTANT_ROWS]
        best = max([frequent[0], *whole[:1]], key=lambda tag: self.score(_only(tag, some), some).rank)
        return _only(best, targets)

    def same_answer(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> str:
        found = {tag for prediction in predictions for tag in self._tags(prediction.values)}
        if len(found) != 1 or len({tag for tags in targets for tag in tags}) < 2:
            return ""
        return f"all words the same tag ('{found.pop()}')"

    def _tags(self, tagging: Tagging) -> list[str]:
        return [self.labels.names[number] for number in tagging.tags]

    def added_columns(self, answer: Answer) -> list[str]:
        words = ["words"] if self.raw else []
        return [*words, "predicted_tags", *(["entities"] if self.scheme else []), "reason"]

    def answered(self, example: WordExample, prediction: Prediction, answer: Answer) -> dict[str, Any]:
        words, tags = example.words, self._tags(prediction.values)
        said = convert_tags(tags, self.scheme, answer.scheme) if self.scheme and answer.scheme else tags
        added: dict[str, Any] = {"words": list(words.texts)} if self.raw else {}
        added |= {"entities": self._entities(words, tags, prediction.values)} if self.scheme else {}
        return {**added, "predicted_tags": without_types(said) if self.untyped else said}

    def to_plain(self, prediction: Prediction) -> Any:
        return {"tags": self._tags(prediction.values), "confidence": prediction.values.confidence.tolist()}

    def from_plain(self, plain: Any) -> Prediction:
        numbers = {name: number for number, name in enumerate(self.labels.names)}
        tags = np.asarray([numbers[tag] for tag in plain["tags"]], dtype=np.int64)
        return Prediction(Tagging(tags, np.asarray(plain["confidence"], dtype=np.float64)))

    def _entities(self, words: Words, tags: Sequence[str], tagging: Tagging) -> list[dict[str, Any]]:
        """An entity is as probable as its least probable word."""
        spans = spans_of(tags, self.scheme or "IO")
        return [
            {
                "text": words.text[place.start : place.end],
                "label": span.label,
                "start": place.start,
                "end": place.end,
                "probability": float(tagging.confidence[span.start : span.end].min()),
            }
            for span, place in zip(spans, to_char_spans(spans, words), strict=True)
        ]

    def stored(self) -> dict[str, Any]:
        flags = {name: True for name in ("untyped", "by_character") if getattr(self, name)}
        return {"scheme": self.scheme, **flags}


def _only(tag: int, targets: Sequence[Sequence[str]]) -> list[Prediction]:
    """The same tag for every word."""
    return [Prediction(Tagging(np.full(len(tags), tag), np.ones(len(tags)))) for tags in targets]


def _targets(features: Sequence[Any]) -> _Ids | None:
    """(B, W, 2): where each word's first piece stands, -1 beyond the last word; and its tag."""
    if features[0].target is None:
        return None
    most = max(len(feature.first) for feature in features)
    targets = np.full((len(features), max(most, 1), 2), (-1, IGNORED), dtype=np.int64)
    for line, feature in enumerate(features):
        targets[line, : len(feature.first), 0] = feature.first
        targets[line, : len(feature.first), 1] = feature.target
    return targets
