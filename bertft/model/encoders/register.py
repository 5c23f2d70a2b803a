"""Makes transformers' Auto classes open our own networks, in this process."""

from __future__ import annotations

from bertft.model.families import LANGUAGE_MODEL, MODEL_TYPE


def register() -> None:
    """Once; again it does nothing."""
    from transformers import (
        AutoConfig,
        AutoModel,
        AutoModelForPreTraining,
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
    )

    from bertft.model.encoders import language_model as lm
    from bertft.model.encoders.config import WordsConfig
    from bertft.model.encoders.networks import WordsForSequenceClassification, WordsForTokenClassification

    texts, words = AutoModelForSequenceClassification, AutoModelForTokenClassification
    AutoConfig.register(MODEL_TYPE, WordsConfig, exist_ok=True)
    texts.register(WordsConfig, WordsForSequenceClassification, exist_ok=True)
    words.register(WordsConfig, WordsForTokenClassification, exist_ok=True)
    AutoConfig.register(LANGUAGE_MODEL, lm.LanguageModelConfig, exist_ok=True)
    AutoModel.register(lm.LanguageModelConfig, lm.LanguageModel, exist_ok=True)
    AutoModelForPreTraining.register(lm.LanguageModelConfig, lm.LanguageModelForPreTraining, exist_ok=True)
    texts.register(lm.LanguageModelConfig, lm.LanguageModelForSequenceClassification, exist_ok=True)
    words.register(lm.LanguageModelConfig, lm.LanguageModelForTokenClassification, exist_ok=True)
