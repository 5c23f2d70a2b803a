"""Token classification: a tag for each word, and the entities that the tags make."""

from __future__ import annotations

from bertft.kinds.kind import OF_FEATURES, Kind, Problem

WORD_TAGS = Problem(
    name="token-classification",
    metrics=(
        *("f1", "precision", "recall", "f1_macro", "f1_lenient", "precision_lenient", "recall_lenient", "accuracy"),
    ),
    usual_metrics=("f1", "precision", "recall"),
    adapter="bertft.adapters.tagging.tagger:WordTagger",
    reader="bertft.gold.words:WordReader",
    sentence="Reads {text} and gives each word one of the {count} tags of {label}.",
    answers="It gives each word one of these tags: {labels}.",
)

TOKEN_CLASSIFICATION = Kind(
    name="token-classification",
    alias="ner",
    problems=(WORD_TAGS,),
    columns={
        "text": ("tokens", "words", "text", "sentence"),
        "label": ("tags", "ner_tags", "labels", "word_labels", "label", "entities", "spans"),
    },
    needed=("text", "label"),
    auto_class="AutoModelForTokenClassification",
    usage="""\
from transformers import pipeline

tag = pipeline("token-classification", model={folder}, aggregation_strategy="first")
tag("…")""",
    reads_words=True,
    settings=("crf", "bilstm", "head_learning_rate", "scheme", "context", "sentence", "document", *OF_FEATURES),
    small_file_factor=3.0,  # for words the encoder has to change more
)
