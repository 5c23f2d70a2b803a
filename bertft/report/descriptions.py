"""What a model card says of a kind of task: how to call it, what it answers with, what becomes of long inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from bertft.classic.models import CLASSICS
from bertft.kinds import KINDS, takes
from bertft.plan.plan import Plan
from bertft.report.markdown import code

USE_OF_OURS = """\
import bertft

model = bertft.load({folder})
model({text})"""
"""transformers alone does not know our own networks."""

USE_OF_SPANS = """\
from transformers import {auto_class}, AutoTokenizer

answer = {auto_class}.from_pretrained({folder})  # its labels are `start` and `end`
tokenizer = AutoTokenizer.from_pretrained({folder})"""
"""transformers has no class for questions of every family (model/span_head.py)."""


def use_in_python(plan: Plan, folder: str, *, ours: bool, opens_as: str = "") -> str:
    """Python that opens the run folder; without bertft, unless the network is one of `ours`. `opens_as`: of its record."""
    if opens_as:
        return USE_OF_SPANS.format(auto_class=opens_as, folder=repr(folder))
    if (ours and KINDS[plan.card.kind].is_trained) or plan.recipe.features:
        return USE_OF_OURS.format(folder=repr(folder), text='("…", "…")' if plan.fields.text_pair else '"…"')
    text = '{"text": "…", "text_pair": "…"}' if plan.fields.text_pair else '"…"'
    return KINDS[plan.card.kind].usage.format(folder=repr(folder), text=text)


def what_it_does(plan: Plan, labels: int) -> str:
    """In a sentence, with the names of the columns."""
    text = _listed([*plan.fields.texts, *([plan.fields.text_pair] if plan.fields.text_pair else [])])
    return plan.card.solves.sentence.format(text=text, label=_listed(plan.fields.label), count=f"{labels:,}")


def _listed(columns: Sequence[str]) -> str:
    """Five names at most."""
    names = [code(name) for name in columns[:5]] + ([f"{len(columns) - 5:,} more columns"] if len(columns) > 5 else [])
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def what_it_answers(plan: Plan, labels: Sequence[str], *, ours: bool) -> str:
    """In words. `ours`: only bertft opens it."""
    names = ", ".join(code(name) for name in labels[:100]) + (" and more" if len(labels) > 100 else "")
    answers = plan.card.solves.answers.format(labels=names)
    return answers if ours else answers + _beyond_transformers(plan)


def _beyond_transformers(plan: Plan) -> str:
    if plan.recipe.features:
        return (
            " Its head is bertft's own: transformers opens the folder without it as a rule, and then answers at random."
        )
    if plan.model in CLASSICS or not takes("crf", plan.card.kind):
        return ""
    if plan.recipe.bilstm:
        return " transformers opens it without its LSTM, and then tags badly: use `bertft predict`."
    if plan.recipe.crf:
        return " transformers opens it without its CRF, word by word; `bertft predict` uses it."
    return ""


def what_becomes_of_long_inputs(plan: Plan) -> str:
    """In words."""
    if plan.model in CLASSICS:
        return "Texts are read whole, whatever their length."
    return KINDS[plan.card.kind].long_inputs.format(**asdict(plan.recipe))
