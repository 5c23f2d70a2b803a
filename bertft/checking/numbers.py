"""Numbers that stand for what a row holds, so that a million rows can be compared without keeping their texts."""

from __future__ import annotations

import unicodedata
from typing import Any

from bertft.gold import Example
from bertft.gold.example import QuestionExample, TextExample, WordExample


def texts_of(example: Example) -> tuple[str, ...]:
    """What a model reads of a row."""
    if isinstance(example, TextExample):
        return example.texts
    if isinstance(example, WordExample):
        return (example.words.text,)
    if isinstance(example, QuestionExample):
        return (example.question, example.context)
    return ()


def normal(text: str) -> str:
    """Without its case, its kinds of space and its Unicode form."""
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split())


def text_number(example: Example) -> int:
    """The same, in this process, for rows whose texts are the same but for case, kinds of space and Unicode form."""
    return hash(tuple(normal(text) for text in texts_of(example)))


def gold_number(gold: Any) -> int:
    """The same, in this process, for gold values that are the same."""
    return hash(gold.tobytes() if hasattr(gold, "tobytes") else gold)
