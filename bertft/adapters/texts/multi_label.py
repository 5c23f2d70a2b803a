"""Any number of K labels per text or pair; each label has a threshold of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bertft.adapters.adapter import Feature, Prediction, stacked, the_same
from bertft.adapters.texts.text_adapter import Contrast, TextAdapter, places_of, spread
from bertft.arrays import sigmoid
from bertft.gold.answer import Answer
from bertft.gold.example import TextExample
from bertft.kinds import MULTI_LABEL
from bertft.plan.recipe import Recipe
from bertft.scoring import Scores, best_fixed_labels, score_multi_label, tune_thresholds
from bertft.scoring.calibration import Reliability, reliability
from bertft.scoring.evidence import LabelSets
from bertft.scoring.paired import RowSums
from bertft.scoring.rounding import logit, nearly_constant
from bertft.scoring.row_sums import multi_label_sums
from bertft.scoring.temperature import Scale, fit_scales
from bertft.wording import counted

if TYPE_CHECKING:
    import torch

    from bertft.model.network import Head


@dataclass(frozen=True)
class MultiLabel(TextAdapter):
    """Sigmoid per label; windows of one text are averaged as logits."""

    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Label -> probability from which it is given, on the scale of the network; empty: 0.5 for all."""
    scales: Mapping[str, Scale] = field(default_factory=dict)
    """Label -> what makes its probabilities come true; empty: the network's own."""

    calibrates = True

    answer_options = ("top_k", "min_probability", "fallback_label")
    answers_with = "labels"
    rejected_rows = "get no label"
    constant_answer = "the best fixed set of labels alone"
    tuning = "Thresholds were tuned on these rows, label by label; with 0.5 for all"

    def head(self, targets: Sequence[Any], recipe: Recipe) -> Head:
        from bertft.model.losses import on_logits, sequence_loss
        from bertft.model.network import Head

        weights = positive_weights(np.stack(targets)[:, :-1]) if recipe.class_weights else None
        loss = sequence_loss(MULTI_LABEL.name, weights=weights, smoothing=recipe.label_smoothing)
        return Head(
            self.card.kind, MULTI_LABEL.name, self.labels.names, on_logits(loss), link="sigmoid", weights=weights
        )

    def _decided(self, target: Any) -> np.ndarray[Any, Any]:
        return np.asarray(target[:-1], dtype=np.float64)

    def _targets(self, features: Sequence[Feature]) -> np.ndarray[Any, Any] | None:
        targets = super()._targets(features)
        return None if targets is None else targets[:, :-1]

    def decode(self, outputs: Sequence[Any], features: Sequence[Feature]) -> Prediction:
        return Prediction(self._scaled(np.asarray(np.mean(outputs, axis=0, dtype=np.float64))))

    def _scaled(self, logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Probabilities of logits, (K,) or (N, K)."""
        scales = [self.scales.get(name, Scale()) for name in self.labels.names]
        temperatures, offsets = (np.asarray(part) for part in zip(*map(astuple, scales), strict=True))
        return sigmoid(logits / temperatures + offsets)

    @property
    def how_calibrated(self) -> str:  # type: ignore[override]
        own = len(set(self.scales.values()) - {Scale()})
        return f"{counted(own, 'temperature')} for {counted(len(self.labels), 'label')}"

    def calibrated(
        self, predictions: Sequence[Prediction], targets: Sequence[Any], counted: Sequence[Any] | None = None
    ) -> MultiLabel:
        gold, deciding = (np.stack(rows)[:, :-1] > 0 for rows in (targets, targets if counted is None else counted))
        scales = fit_scales(logit(stacked(predictions)), gold, deciding)
        if set(scales) == {Scale()}:
            return self
        rounded = (Scale(round(one.temperature, 6), round(one.offset, 6)) for one in scales)
        return replace(self, scales=dict(zip(self.labels.names, rounded, strict=True)))

    def given_to_truth(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> np.ndarray[Any, Any]:
        probabilities = stacked(predictions)
        return np.where(np.stack(targets)[:, :-1] > 0, probabilities, 1 - probabilities)

    @property
    def uncalibrated(self) -> MultiLabel:
        return replace(self, scales={})

    def rescaled(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        return [Prediction(values) for values in self._scaled(logit(stacked(predictions)))]

    def our_scores(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Scores:
        gold, probabilities = np.stack(targets), stacked(predictions)
        names, thresholds = self.labels.names, self._thresholds()
        if gold[:, -1].any():  # a label of its own that is never given: every such row counts as a miss
            names, thresholds = (*names, "(unknown)"), (*thresholds, 0.5)
            probabilities = np.pad(probabilities, ((0, 0), (0, 1)))
        else:
            gold = gold[:, :-1]
        return score_multi_label(
            gold, probabilities, names, thresholds=thresholds, main=self.card.metric, metrics=self.metrics
        )

    def row_sums(
        self, predictions: Sequence[Prediction], targets: Sequence[Any], labels: Sequence[str]
    ) -> RowSums | None:
        gold, places = np.stack(targets), places_of(self.labels.names, labels)
        unknown = gold[:, -1:] if gold[:, -1].any() else gold[:, :0]  # a label of its own, as in the scores
        width = len(labels) + unknown.shape[1]
        thresholds = np.full(width, 0.5)
        thresholds[places] = self._thresholds()
        wide = np.hstack([spread(gold[:, :-1], places, len(labels)), unknown])
        return multi_label_sums(wide, spread(stacked(predictions), places, width), thresholds, main=self.card.metric)

    def common_form(self, gold: Any, known: Collection[str]) -> Any:
        return {label for label in gold if label in known}

    def in_words(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        given, gold = stacked(predictions) >= np.asarray(self._thresholds()), np.stack(targets) > 0
        names = np.asarray([*self.labels.names, None])  # the last one stands for labels that the model does not know
        return [names[:-1][row].tolist() for row in given], [names[row].tolist() for row in gold]

    def evidence(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> LabelSets:
        gold = np.stack(targets)[:, :-1] > 0  # the last one stands for labels that the model does not know
        return LabelSets(self.labels.names, gold, stacked(predictions), self._thresholds())

    def wrongness(self, prediction: Prediction, target: Any) -> float:
        """Of the label that is most clearly wrong: its probability, or one less it where it is missing."""
        return float(self._wrong(prediction, target).max(initial=0.0))

    def _wrong(self, prediction: Prediction, target: Any) -> np.ndarray[Any, Any]:
        """(K,) how clearly each label is wrong; 0 where it is right."""
        gold = target[:-1] > 0
        against = np.where(gold, 1 - prediction.values, prediction.values)
        return np.where(gold != (prediction.values >= np.asarray(self._thresholds())), against, 0.0)

    def contrast(self, prediction: Prediction, target: Any) -> Contrast:
        """The logit of the label that is most clearly wrong."""
        worst = int(self._wrong(prediction, target).argmax())
        missing = " (which is missing)" if target[worst] > 0 else ""
        return Contrast(np.eye(len(self.labels))[worst], f"'{self.labels.names[worst]}'{missing}")

    def constant(self, learned: Sequence[Any], targets: Sequence[Any]) -> list[Prediction]:
        given = best_fixed_labels(np.stack(learned)[:, :-1], self.card.metric)
        return [Prediction(given.astype(np.float64))] * len(targets)

    def same_answer(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> str:
        if len(np.unique(np.stack(targets), axis=0)) < 2:
            return ""
        probabilities = stacked(predictions)
        given = probabilities >= np.asarray(self._thresholds())
        if (given == given[0]).all():
            names = [f"'{self.labels.names[k]}'" for k in np.flatnonzero(given[0])]
            return the_same(len(given), ", ".join(names[:5]) + (", …" if len(names) > 5 else "") or "no label")
        if nearly_constant(logit(probabilities)).all():
            return the_same(len(given), "the same probabilities, within rounding")
        return ""

    def tuned(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> MultiLabel:
        """The same adapter with the thresholds that are best for these predictions, label by label."""
        best = tune_thresholds(np.stack(targets)[:, :-1], stacked(predictions))
        rounded = (round(float(threshold), 6) for threshold in best)
        return replace(self, thresholds=dict(zip(self.labels.names, rounded, strict=True)))

    def reliability(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Mapping[str, Reliability]:
        if not predictions:
            return {}
        gold, probabilities = np.stack(targets) > 0, stacked(predictions)
        found = {name: reliability(gold[:, k], probabilities[:, k]) for k, name in enumerate(self.labels.names)}
        return {name: one for name, one in found.items() if one is not None}

    def added_columns(self, answer: Answer) -> list[str]:
        return ["predicted_labels", "probabilities", "reason"]

    def answered(self, example: TextExample, prediction: Prediction, answer: Answer) -> dict[str, Any]:
        given = self._given(prediction, answer)
        if not given and answer.fallback_label is not None:
            return {"predicted_labels": [answer.fallback_label], "probabilities": [None]}
        names = [self.labels.names[position] for position in given]
        return {"predicted_labels": names, "probabilities": [float(prediction.values[k]) for k in given]}

    def settled(self, prediction: Prediction) -> Prediction:
        """In logits the thresholds are moved to 0.5; what is given stays given, whatever rounding does."""
        thresholds = np.asarray(self._thresholds())
        moved = sigmoid(logit(prediction.values) - logit(thresholds))
        given = prediction.values >= thresholds
        return Prediction(np.where(given, np.maximum(moved, 0.5), np.minimum(moved, np.nextafter(0.5, 0))))

    def can_reject(self, answer: Answer) -> bool:
        return answer.top_k is None or answer.min_probability is not None

    def rejects(self, prediction: Prediction, answer: Answer) -> bool:
        return not self._given(prediction, answer)

    def _given(self, prediction: Prediction, answer: Answer) -> list[int]:
        """Positions of the labels of a row, the most probable first: those that reach their thresholds, or `top_k`, whatever
        their thresholds."""
        least = 0.0 if answer.top_k else np.asarray(self._thresholds())
        least = least if answer.min_probability is None else answer.min_probability
        order = np.argsort(-prediction.values, kind="stable")[: answer.top_k]
        reached = prediction.values >= least
        return [int(position) for position in order if reached[position]]

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        scales = {name: Scale(*numbers) for name, numbers in stored.get("scales", {}).items()}
        return {"thresholds": dict(stored.get("thresholds", {})), "scales": scales}

    def stored(self) -> dict[str, Any]:
        scales = {name: list(astuple(scale)) for name, scale in self.scales.items()}
        return {"thresholds": dict(zip(self.labels.names, self._own_thresholds(), strict=True)), "scales": scales}

    def _own_thresholds(self) -> tuple[float, ...]:
        """(K,), in the order of the labels, on the scale of the network."""
        return tuple(self.thresholds.get(name, 0.5) for name in self.labels.names)

    def _thresholds(self) -> tuple[float, ...]:
        """(K,), on the scale of the predictions: labels are given to the same rows, calibrated or not."""
        if not self.scales:
            return self._own_thresholds()
        return tuple(self._scaled(logit(self._own_thresholds())).tolist())


def positive_weights(targets: np.ndarray[Any, Any]) -> torch.Tensor:
    """(K,) rows without the label / rows with it; labels that no row has weigh 1."""
    import torch

    positives = targets.sum(axis=0)
    negatives = len(targets) - positives
    ratios = np.divide(negatives, positives, where=positives > 0, out=np.ones(len(positives)))
    return torch.tensor(ratios, dtype=torch.float32)
