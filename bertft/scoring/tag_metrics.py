"""seqeval as an `evaluate.Metric` that needs no network, with the keywords and result keys of evaluate's own module."""

from __future__ import annotations

from typing import Any

import datasets

from bertft.scoring.metrics import LocalMetric


class Seqeval(LocalMetric):
    """Entities by type and borders: `mode="strict"` with a `scheme`, else seqeval's default mode."""

    predictions = datasets.Sequence(datasets.Value("string"))
    references = datasets.Sequence(datasets.Value("string"))

    def _compute(
        self, predictions: Any, references: Any, *, scheme: str | None = None, mode: str | None = None, **options: Any
    ) -> dict[str, Any]:
        from seqeval import scheme as schemes
        from seqeval.metrics import accuracy_score, classification_report

        found = getattr(schemes, scheme) if scheme else None
        options = {"suffix": False, "zero_division": 0, **options}
        report = classification_report(references, predictions, scheme=found, mode=mode, output_dict=True, **options)
        whole = report.pop("micro avg", {})
        scores = {
            kind: {
                "precision": row["precision"],
                "recall": row["recall"],
                "f1": row["f1-score"],
                "number": row["support"],
            }
            for kind, row in report.items()
            if kind not in ("macro avg", "weighted avg")
        }
        overall = {name: whole.get(key, 0.0) for name, key in _OVERALL.items()}
        return {**scores, **overall, "overall_accuracy": accuracy_score(references, predictions)}


_OVERALL = {"overall_precision": "precision", "overall_recall": "recall", "overall_f1": "f1-score"}
