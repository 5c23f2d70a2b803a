"""A number per text or pair. Scores are learned as they stand, not scaled, as GLUE's STS-B is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bertft.adapters.adapter import Feature, Prediction, stacked, the_same
from bertft.adapters.texts.text_adapter import Contrast, TextAdapter
from bertft.errors import UsageError
from bertft.gold.answer import Answer
from bertft.gold.example import TextExample
from bertft.kinds import REGRESSION
from bertft.plan.recipe import Recipe
from bertft.scoring import Scores, score_regression
from bertft.scoring.evidence import Numbers
from bertft.scoring.paired import RowSums
from bertft.scoring.rounding import ROUNDING
from bertft.scoring.row_sums import regression_sums
from bertft.wording import number_text, smallest_gap

if TYPE_CHECKING:
    from bertft.model.network import Head


class Regression(TextAdapter):
    """One output, squared error."""

    answers_with = "a number"
    constant_answer = "the mean of the training rows alone"

    def head(self, targets: Sequence[Any], recipe: Recipe) -> Head:
        from bertft.model.losses import on_logits, sequence_loss
        from bertft.model.network import Head

        if recipe.class_weights or recipe.label_smoothing:
            raise UsageError("--class-weights and --label-smoothing are for classes; a regression has none.")
        loss = sequence_loss(REGRESSION.name, weights=None, smoothing=0.0)
        return Head(self.card.kind, REGRESSION.name, ("score",), on_logits(loss), link="identity")

    def _decided(self, target: Any) -> np.ndarray[Any, Any]:
        return np.asarray([target], dtype=np.float64)

    def decode(self, outputs: Sequence[Any], features: Sequence[Feature]) -> Prediction:
        return Prediction(np.asarray(np.mean(outputs, axis=0, dtype=np.float64)))

    def our_scores(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Scores:
        predicted = stacked(predictions)[:, 0]
        return score_regression(list(targets), predicted, main=self.card.metric, metrics=self.metrics)

    def row_sums(
        self, predictions: Sequence[Prediction], targets: Sequence[Any], labels: Sequence[str]
    ) -> RowSums | None:
        numbers = np.asarray(targets, dtype=np.float64)
        return regression_sums(numbers, stacked(predictions)[:, 0], main=self.card.metric)

    def shown_answer(self, said: Any, words: Sequence[str], beside: Sequence[Any] = ()) -> str:
        return number_text(said, smallest_gap([said, *beside]))

    def in_words(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        return stacked(predictions)[:, 0].tolist(), [float(target) for target in targets]

    def evidence(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Numbers:
        return Numbers(np.asarray(targets, dtype=np.float64), stacked(predictions)[:, 0])

    def wrongness(self, prediction: Prediction, target: Any) -> float:
        return abs(float(prediction.values[0]) - float(target))

    def contrast(self, prediction: Prediction, target: Any) -> Contrast:
        return Contrast(np.ones(1), "a larger number")

    def constant(self, learned: Sequence[Any], targets: Sequence[Any]) -> list[Prediction]:
        return [Prediction(np.asarray([np.mean(learned)]))] * len(targets)

    def same_answer(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> str:
        predicted, spread = stacked(predictions)[:, 0], float(np.std(targets))
        if spread and np.std(predicted) <= ROUNDING * spread:
            return the_same(len(predicted), f"{number_text(predicted.mean(), spread)}, within rounding")
        return ""

    def added_columns(self, answer: Answer) -> list[str]:
        return ["predicted_score", "reason"]

    def answered(self, example: TextExample, prediction: Prediction, answer: Answer) -> dict[str, Any]:
        return {"predicted_score": float(prediction.values[0])}

    def to_plain(self, prediction: Prediction) -> Any:
        return float(prediction.values[0])

    def from_plain(self, plain: Any) -> Prediction:
        return Prediction(np.asarray([plain], dtype=np.float64))
