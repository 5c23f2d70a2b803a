"""Why a network answered as it did: a row and its answer in, the weight of each word out."""

from bertft.insight.marked_words import Explanation, MarkedWord, explain

__all__ = ["Explanation", "MarkedWord", "explain"]
