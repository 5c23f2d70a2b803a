"""The head of a model card: the metadata that the Hub reads, as its own library writes them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bertft.kinds import KINDS
from bertft.plan.plan import Plan
from bertft.plan.pretraining import NEW
from bertft.runs.record import RunRecord
from bertft.scoring import Scores

_HUB_METRICS = {"mcc": "matthews_correlation", "spearman": "spearmanr", "pearson": "pearsonr"}
"""Our name -> the Hub's."""


def folder_name(plan: Plan) -> str:
    """Of the run folder, also of `.`."""
    return Path(os.path.abspath(plan.output_dir)).name


def card_title(plan: Plan) -> str:
    """What was asked for, or the run folder's name and the kind of task."""
    if plan.card_title:
        return plan.card_title
    return f"{folder_name(plan)}: {plan.card.kind.replace('-', ' ') if plan.card.is_plain else plan.card.name}"


def front_matter(run: RunRecord, plan: Plan, scores: Mapping[str, Scores]) -> str:
    """Between its lines of dashes. What nobody knows is left out."""
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type=plan.card.kind,
            dataset_type="custom",
            dataset_name=plan.card.name,
            dataset_split=split,
            metric_type=_HUB_METRICS.get(name, name),
            metric_value=round(value, 4),
        )
        for split, found in scores.items()
        if split != "validation" or not run.refitted  # those are of the model before
        for name, value in found.values.items()
    ]
    data = ModelCardData(
        language=_languages(plan),
        license=plan.license,
        library_name="bertft" if run.family else "transformers",
        pipeline_tag=KINDS[plan.card.kind].pipeline or plan.card.kind,
        base_model=None if run.family else _hub_name(run.backbone),
        tags=["bertft"],
        model_name=card_title(plan),
        eval_results=results or None,
    )
    return f"---\n{data.to_yaml()}\n---\n"


def _languages(plan: Plan) -> str | list[str] | None:
    codes = plan.language.split(",") if plan.language else []
    return codes[0] if len(codes) == 1 else codes or None


def _hub_name(backbone: str) -> str | None:
    """None for a local folder, which nobody else has, and for a network that was new."""
    if Path(backbone).is_dir() or backbone.startswith(NEW):
        return None
    return "sentence-transformers/all-MiniLM-L6-v2" if backbone == "minilm" else backbone
