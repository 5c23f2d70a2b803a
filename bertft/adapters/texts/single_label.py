"""One of K classes per text or pair."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bertft.adapters.adapter import Feature, Prediction, stacked, the_same
from bertft.adapters.texts.text_adapter import Contrast, TextAdapter, places_of, spread
from bertft.arrays import softmax
from bertft.gold.answer import Answer
from bertft.gold.example import TextExample
from bertft.gold.texts import UNKNOWN
from bertft.kinds import SINGLE_LABEL
from bertft.plan.recipe import Recipe
from bertft.scoring import Coverage, Scores, coverage_at, score_single_label
from bertft.scoring.calibration import Reliability, reliability
from bertft.scoring.coverage import USUAL
from bertft.scoring.evidence import OneLabel
from bertft.scoring.expectation import Reached, steps_of
from bertft.scoring.paired import RowSums
from bertft.scoring.rounding import class_logits, nearly_constant
from bertft.scoring.row_sums import single_label_sums
from bertft.scoring.temperature import fit_temperature, with_temperature

if TYPE_CHECKING:
    import torch

    from bertft.model.network import Head


@dataclass(frozen=True)
class SingleLabel(TextAdapter):
    """Softmax over the classes; windows of one text are averaged as logits."""

    temperature: float = 1.0
    """Divides the logits, so that probabilities come true."""
    steps: tuple[Reached, ...] = ()

    calibrates = True
    one_label_a_row = True
    answer_options = ("top_k", "min_probability", "min_accuracy", "fallback_label")
    answers_with = "a label"
    rejected_rows = "are less probable than --min-probability"
    constant_answer = "the best single class alone"

    def head(self, targets: Sequence[Any], recipe: Recipe) -> Head:
        from bertft.model.losses import on_logits, sequence_loss
        from bertft.model.network import Head

        weights = balanced_weights(targets, len(self.labels)) if recipe.class_weights else None
        loss = sequence_loss(SINGLE_LABEL.name, weights=weights, smoothing=recipe.label_smoothing)
        return Head(
            self.card.kind, SINGLE_LABEL.name, self.labels.names, on_logits(loss), link="softmax", weights=weights
        )

    def _decided(self, target: Any) -> np.ndarray[Any, Any]:
        decided = np.zeros(len(self.labels))
        decided[target] = 1.0
        return decided

    def decode(self, outputs: Sequence[Any], features: Sequence[Feature]) -> Prediction:
        return Prediction(softmax(np.mean(outputs, axis=0, dtype=np.float64) / self.temperature))

    @property
    def how_calibrated(self) -> str:  # type: ignore[override]
        return f"temperature {self.temperature:.2f}"

    def calibrated(
        self, predictions: Sequence[Prediction], targets: Sequence[Any], counted: Sequence[Any] | None = None
    ) -> SingleLabel:
        return replace(self, temperature=round(fit_temperature(stacked(predictions), targets), 6))

    def given_to_truth(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> np.ndarray[Any, Any]:
        gold = np.asarray(targets, dtype=np.int64)
        known = np.flatnonzero(gold >= 0)
        return np.asarray(stacked(predictions)[known, gold[known]])

    @property
    def uncalibrated(self) -> SingleLabel:
        return replace(self, temperature=1.0, steps=())

    def rescaled(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        return [Prediction(values) for values in with_temperature(stacked(predictions), self.temperature)]

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        steps = tuple(Reached(*numbers) for numbers in stored.get("steps", ()))
        return {"temperature": stored.get("temperature", 1.0), "steps": steps}

    def with_steps(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> SingleLabel:
        probabilities = stacked(predictions)
        right = probabilities.argmax(axis=1) == np.asarray(targets)
        return replace(self, steps=steps_of(right, probabilities.max(axis=1)))

    def stored(self) -> dict[str, Any]:
        return {"temperature": self.temperature, "steps": [list(astuple(step)) for step in self.steps]}

    def our_scores(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Scores:
        return score_single_label(
            list(targets), stacked(predictions), self.labels.names, main=self.card.metric, metrics=self.metrics
        )

    def row_sums(
        self, predictions: Sequence[Prediction], targets: Sequence[Any], labels: Sequence[str]
    ) -> RowSums | None:
        places, own = places_of(self.labels.names, labels), stacked(predictions)
        gold, predicted = np.asarray(targets, dtype=np.int64), places[own.argmax(axis=1)]
        gold = np.where(gold < 0, -1, places[gold])
        return single_label_sums(gold, predicted, spread(own, places, len(labels)), main=self.card.metric)

    def common_form(self, gold: Any, known: Collection[str]) -> Any:
        return gold if gold in known else None

    def in_words(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        best = stacked(predictions).argmax(axis=1).tolist()
        names = [*self.labels.names, None]  # UNKNOWN is -1: a label that the model does not know
        return [names[position] for position in best], [names[position] for position in targets]

    def evidence(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> OneLabel:
        return OneLabel(self.labels.names, np.asarray(targets, dtype=np.int64), stacked(predictions))

    def wrongness(self, prediction: Prediction, target: Any) -> float:
        return float(prediction.values.max())

    def contrast(self, prediction: Prediction, target: Any) -> Contrast:
        """The logit of what was predicted, less that of the gold label if the model knows it."""
        best = int(prediction.values.argmax())
        direction = self._decided(best)
        if target in (best, UNKNOWN):
            return Contrast(direction, f"'{self.labels.names[best]}'")
        return Contrast(
            direction - self._decided(target), f"'{self.labels.names[best]}' against '{self.labels.names[target]}'"
        )

    def constant(self, learned: Sequence[Any], targets: Sequence[Any]) -> list[Prediction]:
        """The most frequent class; of two, the one that scores more: with F1 that may be the rarer."""
        counts = np.bincount(np.asarray(learned), minlength=len(self.labels))
        classes = np.argsort(-counts, kind="stable").tolist()
        answers = [Prediction(self._decided(position)) for position in classes[:2]]
        if len(counts) != 2:  # with thousands of classes, scores of all training rows would fill gigabytes
            return [answers[0]] * len(targets)
        return [max(answers, key=lambda answer: self.score([answer] * len(learned), learned).rank)] * len(targets)

    def same_answer(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> str:
        if len(set(targets)) < 2:
            return ""
        probabilities = stacked(predictions)
        best = set(probabilities.argmax(axis=1).tolist())
        if len(best) == 1:
            return the_same(len(probabilities), f"'{self.labels.names[best.pop()]}'")
        if nearly_constant(class_logits(probabilities)).all():
            return the_same(len(probabilities), "the same probabilities, within rounding")
        return ""

    def can_reject(self, answer: Answer) -> bool:
        return answer.min_probability is not None

    def rejects(self, prediction: Prediction, answer: Answer) -> bool:
        return bool(prediction.values.max() < (answer.min_probability or 0.0))

    def coverage(self, predictions: Sequence[Prediction], targets: Sequence[Any], threshold: float) -> list[Coverage]:
        return coverage_at(list(targets), stacked(predictions), (*USUAL, threshold))

    def reliability(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Mapping[str, Reliability]:
        if not predictions:
            return {}
        probabilities = stacked(predictions)
        found = reliability(probabilities.argmax(axis=1) == np.asarray(targets), probabilities.max(axis=1))
        return {} if found is None else {"": found}

    def added_columns(self, answer: Answer) -> list[str]:
        several = ["predicted_labels", "probabilities"] if answer.top_k else []
        return ["predicted_label", "probability", *several, "reason"]

    def answered(self, example: TextExample, prediction: Prediction, answer: Answer) -> dict[str, Any]:
        values = prediction.values  # sorting thousands of labels for each row takes long
        order = np.argsort(-values, kind="stable")[: answer.top_k] if answer.top_k else [int(values.argmax())]
        names = [self.labels.names[position] for position in order]
        probabilities = [float(prediction.values[position]) for position in order]
        several: dict[str, Any] = {}
        if answer.top_k:
            several = {"predicted_labels": names, "probabilities": probabilities}
        if self.rejects(prediction, answer):
            return {
                **several,
                "predicted_label": answer.fallback_label,
                "probability": probabilities[0],
                "reason": f"probability below {answer.min_probability:g}",
            }
        return {**several, "predicted_label": names[0], "probability": probabilities[0]}


def balanced_weights(targets: Sequence[int], classes: int) -> torch.Tensor:
    """(K,) rows / (classes * rows of the class), as scikit-learn's 'balanced'; classes without rows weigh 0."""
    import torch

    counts = np.bincount(np.asarray(targets), minlength=classes)
    weights = np.divide(len(targets), len(counts) * counts, where=counts > 0, out=np.zeros(classes))
    return torch.tensor(weights, dtype=torch.float32)
