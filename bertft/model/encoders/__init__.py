"""Encoders of our own, from before BERT, as models that transformers saves and opens. `register` makes it know them."""

from bertft.model.encoders.config import WordsConfig
from bertft.model.encoders.register import register

__all__ = ["WordsConfig", "register"]
