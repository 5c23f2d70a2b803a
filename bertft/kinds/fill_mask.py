"""Filling masks: what a backbone is pre-trained with. Cards know it; this version does not train it."""

from __future__ import annotations

from bertft.kinds.kind import Kind, Problem

MASKS = Problem(name="fill-mask", metrics=("accuracy", "perplexity"), usual_metrics=("accuracy", "perplexity"))

FILL_MASK = Kind(
    name="fill-mask",
    alias="mlm",
    problems=(MASKS,),
    columns={"text": ("text",)},
    needed=("text",),
    auto_class="AutoModelForMaskedLM",
)
