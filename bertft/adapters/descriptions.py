"""What a model card says of a kind of task: how to call it, what it answers with, what becomes of long inputs."""

from __future__ import annotations

from collections.abc import Sequence

from bertft.markdown import code
from bertft.plan import Plan

_CALLS = {
    "text-classification": ('classify = pipeline("text-classification", model={folder!r})', "classify({text})"),
    "token-classification": (
        'tag = pipeline("token-classification", model={folder!r}, aggregation_strategy="first")',
        'tag("…")',
    ),
    "question-answering": (
        "answer = AutoModelForQuestionAnswering.from_pretrained({folder!r})",
        "tokenizer = AutoTokenizer.from_pretrained({folder!r})",
    ),
}


def use_in_transformers(plan: Plan, folder: str) -> str:
    """Python that opens the run folder without bertft."""
    first, second = _CALLS[plan.card.kind]
    text = '{"text": "…", "text_pair": "…"}' if plan.fields.text_pair else '"…"'
    names = "AutoModelForQuestionAnswering, AutoTokenizer" if plan.card.kind == "question-answering" else "pipeline"
    return (
        f"from transformers import {names}\n\n{first.format(folder=folder)}\n{second.format(folder=folder, text=text)}"
    )


def what_it_answers(plan: Plan, labels: Sequence[str]) -> str:
    """In words."""
    names = ", ".join(code(name) for name in labels[:100]) + (" and more" if len(labels) > 100 else "")
    if plan.card.kind == "question-answering":
        return "It answers with a span of the context, or with none where it has learned that there may be none."
    if plan.card.kind == "token-classification":
        return f"It gives each word one of these tags: {names}.{_beyond_transformers(plan)}"
    if plan.card.problem == "regression":
        return 'It answers with a number, `predicted_score`; in transformers pass `function_to_apply="none"`.'
    several = "any number of these labels" if plan.card.problem == "multi-label" else "one of these labels"
    return f"It answers with {several}: {names}."


def _beyond_transformers(plan: Plan) -> str:
    if plan.recipe.bilstm:
        return " transformers opens it without its LSTM, and then tags badly: use `bertft predict`."
    if plan.recipe.crf:
        return " transformers opens it without its CRF, word by word; `bertft predict` uses it."
    return ""


def what_becomes_of_long_inputs(plan: Plan) -> str:
    """In words."""
    if plan.card.kind == "text-classification":
        return f'Texts beyond the length limit are handled as `long = "{plan.recipe.long}"` says.'
    return f"Long inputs are read in windows that share {plan.recipe.overlap} tokens; nothing is cut."
