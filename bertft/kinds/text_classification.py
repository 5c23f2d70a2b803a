"""Text classification: one text or a pair, and a class, some labels, or a number."""

from __future__ import annotations

from bertft.kinds.kind import OF_FEATURES, Kind, Problem

AVERAGES = tuple(
    f"{family}_{average}" for family in ("f1", "precision", "recall") for average in ("macro", "micro", "weighted")
)
_BINARY = ("f1", "precision", "recall")

SINGLE_LABEL = Problem(
    name="single-label",
    metrics=("accuracy", *_BINARY, *AVERAGES, "mcc", "roc_auc"),
    usual_metrics=("accuracy", "f1_macro"),
    adapter="bertft.adapters.texts.single_label:SingleLabel",
    reader="bertft.gold.texts:LabelReader",
    sentence="Reads {text} and answers with one of the {count} classes of {label}.",
    answers="It answers with one of these labels: {labels}.",
    binary_metrics=_BINARY,
    problem_type="single_label_classification",
    fewest_labels=2,
)
MULTI_LABEL = Problem(
    name="multi-label",
    metrics=(*AVERAGES, "f1_samples", "subset_accuracy", "hamming_loss", "roc_auc", "average_precision"),
    usual_metrics=("f1_micro", "f1_macro"),
    adapter="bertft.adapters.texts.multi_label:MultiLabel",
    reader="bertft.gold.texts:LabelsReader",
    sentence="Reads {text} and answers with any number of the {count} labels of {label}.",
    answers="It answers with any number of these labels: {labels}.",
    problem_type="multi_label_classification",
)
REGRESSION = Problem(
    name="regression",
    metrics=("pearson", "spearman", "mse", "rmse", "mae", "r2"),
    usual_metrics=("spearman", "pearson", "mse"),
    adapter="bertft.adapters.texts.regression:Regression",
    reader="bertft.gold.texts:NumberReader",
    sentence="Reads {text} and answers with a number, as in {label}.",
    answers='It answers with a number, `predicted_score`; in transformers pass `function_to_apply="none"`.',
    problem_type="regression",
    outputs=1,
    is_number=True,
)

TEXT_CLASSIFICATION = Kind(
    name="text-classification",
    alias="classification",
    problems=(SINGLE_LABEL, MULTI_LABEL, REGRESSION),
    columns={"text": ("text",), "label": ("label",)},
    needed=("text", "label"),
    auto_class="AutoModelForSequenceClassification",
    usage="""\
from transformers import pipeline

classify = pipeline("text-classification", model={folder})
classify({text})""",
    long_inputs='Texts beyond the length limit are handled as `long = "{long}"` says.',
    settings=("long", "separator", "label_names", "single_label", "multi_label", "regression", "pool", *OF_FEATURES),
    small_file_factor=0.5,  # starts from a head that knows whole texts; a high rate forgets it (arXiv 2202.10054)
)
