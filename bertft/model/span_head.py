"""Answers of families for which transformers has no class that answers questions (EuroBERT, GTE, Nomic BERT): two tags.

It is transformers' own class for tags, whose two logits of each token are taken for a start and an end. So what a run saves is an
ordinary model of that class: its labels are called `start` and `end`, and transformers opens it as a tagger."""

from __future__ import annotations

from typing import Any

ENDS = ("start", "end")
"""What the two tags are called."""

QUESTIONS, WORDS = "AutoModelForQuestionAnswering", "AutoModelForTokenClassification"


def needs_span_head(auto_class: str, config: Any) -> bool:
    """Whether transformers can put two tags on a model of this config, but no answers."""
    from transformers.models.auto import modeling_auto as known

    if auto_class != QUESTIONS or type(config) in known.MODEL_FOR_QUESTION_ANSWERING_MAPPING:
        return False
    return type(config) in known.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING


def span_class(config: Any) -> Any:
    """transformers' class for tags, which answers with `start_logits` and `end_logits`; it keeps its name, which stands in the
    config that is saved."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING

    tagger: Any = MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING[type(config)]

    def forward(self: Any, **inputs: Any) -> dict[str, Any]:
        logits = tagger.forward(self, **inputs).logits  # (B, T, 2)
        return {f"{end}_logits": logits[..., place] for place, end in enumerate(ENDS)}

    return type(tagger.__name__, (tagger,), {"forward": forward, "__module__": tagger.__module__})
