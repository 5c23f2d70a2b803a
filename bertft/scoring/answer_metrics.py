"""SQuAD's two metrics as `evaluate.Metric`s (see metrics.py): names, keywords and keys of evaluate's, values times 100."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import numpy as np

from bertft.scoring.answer_texts import overlap, squad_agreement, words_of
from bertft.scoring.metrics import LocalMetric

_ANSWERS = {"text": datasets.List(datasets.Value("string")), "answer_start": datasets.List(datasets.Value("int32"))}
GOLD = {"id": datasets.Value("string"), "answers": _ANSWERS}
GIVEN = {"id": datasets.Value("string"), "prediction_text": datasets.Value("string")}
GIVEN_OR_NOT = {**GIVEN, "no_answer_probability": datasets.Value("float32")}


class Squad(LocalMetric):
    """Version 1.1: every question has an answer, and a question without a prediction counts as wrong."""

    predictions, references = GIVEN, GOLD

    def _compute(self, predictions: Any, references: Any) -> dict[str, Any]:
        given = {one["id"]: one["prediction_text"] for one in predictions}
        scores = [_agreement(given.get(one["id"]), one["answers"]["text"]) for one in references]
        exact, f1 = np.mean(scores, axis=0) * 100
        return {"exact_match": float(exact), "f1": float(f1)}


class SquadV2(LocalMetric):
    """Version 2.0: no answer is an empty text, and taken for one where its probability exceeds `no_answer_threshold`."""

    predictions, references = GIVEN_OR_NOT, GOLD

    def _compute(self, predictions: Any, references: Any, no_answer_threshold: float = 1.0) -> dict[str, Any]:
        gold = {one["id"]: list(one["answers"]["text"]) for one in references}
        asked = {one["id"]: one for one in predictions if one["id"] in gold}
        chances = np.array([one["no_answer_probability"] for one in asked.values()])
        texts = [one["prediction_text"] for one in asked.values()]
        answered = np.array([bool(gold[name]) for name in asked])
        raw = np.array([squad_agreement(text, gold[name]) for name, text in zip(asked, texts, strict=True)])
        scores = np.where((chances > no_answer_threshold)[:, None], ~answered[:, None], raw)
        parts = {"": np.ones_like(answered), "HasAns_": answered, "NoAns_": ~answered}
        result = {key: value for part, chosen in parts.items() for key, value in _means(part, scores[chosen]).items()}
        for place, name in enumerate(("exact", "f1")):
            best, threshold = _best_threshold(raw[:, place], texts, chances, answered)
            result |= {f"best_{name}": best, f"best_{name}_thresh": threshold}
        return result


def _agreement(predicted: str | None, gold: Sequence[str]) -> tuple[float, float]:
    """As version 1.1 has it: two texts without a word have none in common."""
    if predicted is None:
        return 0.0, 0.0
    found, wanted = words_of(predicted), [words_of(text) for text in gold]
    return float(found in wanted), max(overlap(found, words) for words in wanted)


def _means(part: str, scores: np.ndarray[Any, Any]) -> Mapping[str, Any]:
    if not len(scores):
        return {}
    exact, f1 = scores.mean(0) * 100
    return {f"{part}exact": float(exact), f"{part}f1": float(f1), f"{part}total": len(scores)}


def _best_threshold(
    scores: np.ndarray[Any, Any], texts: Sequence[str], chances: np.ndarray[Any, Any], answered: np.ndarray[Any, Any]
) -> tuple[float, float]:
    """The official find_best_thresh, which parts rows of equal probability: `tune_null_threshold` does not."""
    order = np.argsort(chances, kind="stable")
    wrong = np.array([-float(bool(text)) for text in texts])  # an answer where there is none
    totals = (~answered).sum() + np.cumsum(np.where(answered, scores, wrong)[order])
    best = int(totals.argmax())
    if totals[best] <= (~answered).sum():
        return float((~answered).mean() * 100), 0.0
    return float(totals[best] / len(scores) * 100), float(chances[order[best]])
