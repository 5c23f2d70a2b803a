"""Why a network answered as it did: a row and its answer in, the weight of each word out."""

from bertft.insight.gradients import embedding_of
from bertft.insight.marked_words import Explanation, MarkedWord, explain, neutral_token

__all__ = ["Explanation", "MarkedWord", "embedding_of", "explain", "neutral_token"]
