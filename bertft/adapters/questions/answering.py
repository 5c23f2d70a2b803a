"""Answers to questions: exact spans of a context, or none (SQuAD 1.1 and 2.0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bertft.adapters.adapter import Adapter, Batch, Feature, Prediction, the_same
from bertft.adapters.padding import padded
from bertft.adapters.questions.best_answers import Candidate, Ends, Found, best_answers
from bertft.adapters.questions.context_windows import (
    ContextFrame,
    context_windows,
    encode_pairs,
    feature_of,
)
from bertft.errors import UsageError
from bertft.gold.answer import Answer
from bertft.gold.example import QuestionExample
from bertft.gold.windows import LONGEST_QUESTION
from bertft.plan.recipe import Recipe
from bertft.rows.surrogates import shown
from bertft.scoring import Scores, score_answers, tune_null_threshold
from bertft.scoring.answers import ROW_SCORES
from bertft.scoring.paired import RowSums
from bertft.scoring.row_sums import answer_sums

if TYPE_CHECKING:
    from bertft.model.network import Head


@dataclass(frozen=True)
class QuestionAnswering(Adapter):
    """A start and an end for each question; with unanswerable questions in training, also a threshold for "no answer"."""

    can_abstain: bool = False
    """Whether the model has seen questions without an answer."""
    null_threshold: float = 0.0
    """No answer is given where its score exceeds that of the best answer by more than this."""

    answer_options = ("n_best",)
    answers_with = "an answer"
    constant_answer = "never answering"
    tuning = "The threshold for no answer was tuned on these rows; with 0"

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        return dict(stored)

    @property
    def too_long(self) -> str:
        return f"the questions fill more than half of {self.options.max_length} tokens and are cut there (--max-length of train)"

    def out_of_reach(self, windows: Sequence[Sequence[Any]]) -> list[str]:
        answered = [row for row in windows if row[0].answer_tokens]
        most, of_all = self.options.max_answer, f"of {len(answered):,} answers"
        long = sum(row[0].answer_tokens > most for row in answered)
        parted = sum(not any(window.holds_answer for window in row) for row in answered)
        said = (
            [f"{long:,} {of_all} are longer than {most} tokens and can never be given (--max-answer)"] if long else []
        )
        if parted:
            said.append(
                f"{parted:,} {of_all} stand whole in no window that answers for them and can never be given: "
                f"train with a larger --max-length or --overlap"
            )
        return said

    @property
    def placed_in(self) -> str | None:
        return self.fields.text_pair

    def head(self, targets: Sequence[Any], recipe: Recipe) -> Head:
        from bertft.model.losses import span_cost
        from bertft.model.network import Head

        if recipe.class_weights or recipe.label_smoothing:
            raise UsageError("--class-weights and --label-smoothing are for classes; answers have none.")
        return Head(self.card.kind, None, (), span_cost)

    def encode(self, examples: Sequence[QuestionExample]) -> list[list[Feature]]:
        frame = ContextFrame.of(self.tokenizer)
        room = self.options.max_length - frame.size
        questions, contexts = [one.question for one in examples], [one.context for one in examples]
        most = int(room * LONGEST_QUESTION)
        features: list[list[Feature]] = []
        for example, pair in zip(examples, encode_pairs(questions, contexts, self.tokenizer, most=most), strict=True):
            windows = context_windows(pair, room=room - len(pair.question), overlap=self.options.overlap)
            gold = None if example.gold is None else example.gold.places
            features.append([feature_of(example.row.index, pair, w, frame, gold) for w in windows])
        return features

    def collate(self, features: Sequence[Feature]) -> Batch:
        return padded(features, _targets(features), self.tokenizer, max_length=self.options.max_length)

    def outputs_of(self, outputs: Mapping[str, np.ndarray[Any, Any]], features: Sequence[Feature]) -> list[Any]:
        return [
            _ends(start, end, feature)
            for start, end, feature in zip(outputs["start_logits"], outputs["end_logits"], features, strict=True)
        ]

    def decode(self, outputs: Sequence[Any], features: Sequence[Any]) -> Prediction:
        limit, abstain = self.options.max_answer, self.can_abstain
        return Prediction(best_answers(outputs, features, max_answer=limit, can_abstain=abstain))

    def answer(self, found: Found) -> Candidate | None:
        """The best answer; None where no answer is likelier by more than the threshold."""
        if not found.answers or (self.can_abstain and found.null_odds > self.null_threshold):
            return None
        return found.answers[0]

    def our_scores(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Scores:
        gold = [target.texts for target in targets]
        return score_answers(self._texts(predictions), gold, main=self.card.metric, metrics=self.metrics)

    def _texts(self, predictions: Sequence[Prediction]) -> list[str]:
        """Of the answers; '' for none."""
        given = [self.answer(prediction.values) for prediction in predictions]
        return [candidate.text if candidate else "" for candidate in given]

    def row_sums(
        self, predictions: Sequence[Prediction], targets: Sequence[Any], labels: Sequence[str]
    ) -> RowSums | None:
        gold = [target.texts for target in targets]
        return answer_sums(self._texts(predictions), gold, main=self.card.metric)

    def shown_answer(self, said: Any, words: Sequence[str], beside: Sequence[Any] = ()) -> str:
        return (said if isinstance(said, str) else " | ".join(dict.fromkeys(said))) or "no answer"

    def in_words(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        return self._texts(predictions), [list(target.texts) for target in targets]

    def is_right(self, said: Any, gold: Any) -> bool:
        return bool(ROW_SCORES["exact_match"](said, gold))

    def wrongness(self, prediction: Prediction, target: Any) -> float:
        best = self.answer(prediction.values)
        return float(best.probability if best else prediction.values.no_answer or 0.0)

    def constant(self, learned: Sequence[Any], targets: Sequence[Any]) -> list[Prediction]:
        return [Prediction(Found((), np.inf, 1.0 if self.can_abstain else None))] * len(targets)

    def same_answer(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> str:
        texts = set(self._texts(predictions))
        if len(texts) != 1 or len({target.texts for target in targets}) < 2:
            return ""
        return the_same(len(predictions), shown(texts.pop()) or "none")

    def tuned(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Adapter:
        """The threshold that is best for these rows, if some of them have no answer."""
        gold = [target.texts for target in targets]
        if not self.can_abstain or all(gold):
            return self
        best = [prediction.values.answers[0].text if prediction.values.answers else "" for prediction in predictions]
        odds = [prediction.values.null_odds for prediction in predictions]
        metric = self.card.metric if self.card.metric in ("f1", "exact_match") else "f1"
        return replace(self, null_threshold=tune_null_threshold(best, odds, gold, metric=metric)[0])

    def added_columns(self, answer: Answer) -> list[str]:
        several = ["predicted_answers"] if answer.n_best else []
        return [
            "predicted_answer",
            "answer_start",
            "answer_end",
            "probability",
            "no_answer_probability",
            *several,
            "reason",
        ]

    def answered(self, example: QuestionExample, prediction: Prediction, answer: Answer) -> dict[str, Any]:
        found: Found = prediction.values
        added: dict[str, Any] = {"no_answer_probability": found.no_answer}
        if answer.n_best:
            added["predicted_answers"] = [_shown(candidate) for candidate in found.answers[: answer.n_best]]
        best = self.answer(found)
        if best is None:
            return {**added, "predicted_answer": "", "probability": found.no_answer}
        return {
            **added,
            "predicted_answer": best.text,
            "answer_start": best.start,
            "answer_end": best.end,
            "probability": best.probability,
        }

    def to_plain(self, prediction: Prediction) -> Any:
        """Of the answers only the best one."""
        found: Found = prediction.values
        odds = found.null_odds if np.isfinite(found.null_odds) else None  # infinite where there is no answer at all
        best = [asdict(one) for one in found.answers[:1]]
        return {"answers": best, "null_odds": odds, "no_answer": found.no_answer}

    def from_plain(self, plain: Any) -> Prediction:
        odds = np.inf if plain["null_odds"] is None else plain["null_odds"]
        return Prediction(Found(tuple(Candidate(**one) for one in plain["answers"]), odds, plain["no_answer"]))

    def settled(self, prediction: Prediction) -> Prediction:
        found: Found = prediction.values
        odds = found.null_odds - self.null_threshold
        return Prediction(replace(found, null_odds=odds)) if self.can_abstain else prediction

    def stored(self) -> dict[str, Any]:
        return {"can_abstain": self.can_abstain, "null_threshold": self.null_threshold}


def _ends(start: np.ndarray[Any, Any], end: np.ndarray[Any, Any], feature: Any) -> Ends:
    context = slice(feature.shift, feature.shift + len(feature.offsets))
    return Ends(start[context].copy(), end[context].copy(), float(start[0] + end[0]))


def _shown(candidate: Candidate) -> dict[str, Any]:
    return {
        "text": candidate.text,
        "start": candidate.start,
        "end": candidate.end,
        "probability": candidate.probability,
    }


def _targets(features: Sequence[Feature]) -> np.ndarray[Any, Any] | None:
    """(B, 3): first and last token of the answer, and how many tokens there are before the padding."""
    if features[0].target is None:
        return None
    return np.stack([feature.target for feature in features])
