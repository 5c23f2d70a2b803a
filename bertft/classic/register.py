"""Tells transformers of the networks of this room, once, before a run folder is opened."""

from __future__ import annotations

from functools import cache


@cache
def register_classics() -> None:
    """Let the Auto classes of transformers know them."""
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoModelForTokenClassification

    from bertft.classic.network import GramsConfig, GramsForSequenceClassification, GramsForTokenClassification

    AutoConfig.register(GramsConfig.model_type, GramsConfig)
    AutoModelForSequenceClassification.register(GramsConfig, GramsForSequenceClassification)
    AutoModelForTokenClassification.register(GramsConfig, GramsForTokenClassification)
