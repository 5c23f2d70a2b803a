"""Makes transformers' Auto classes open our own networks, in this process."""

from __future__ import annotations

from bertft.model.families import MODEL_TYPE


def register() -> None:
    """Once; again it does nothing."""
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoModelForTokenClassification

    from bertft.model.encoders.config import WordsConfig
    from bertft.model.encoders.networks import WordsForSequenceClassification, WordsForTokenClassification

    AutoConfig.register(MODEL_TYPE, WordsConfig, exist_ok=True)
    AutoModelForSequenceClassification.register(WordsConfig, WordsForSequenceClassification, exist_ok=True)
    AutoModelForTokenClassification.register(WordsConfig, WordsForTokenClassification, exist_ok=True)
