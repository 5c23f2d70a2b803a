"""Values that come in several forms: `inputs` of text-embeddings-inference, which is a text, a pair or a batch; options in an
address."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bertft.plan.sections import WISHES
from bertft.serving.problems import invalid

TEXTS = (
    "model",
    "filename",
    "text_pair",
    "encoding",
    "delimiter",
    *(name for name, kind in WISHES.items() if kind is str),
)
"""What of an address is a text whatever it looks like."""


def predict_inputs(inputs: Any) -> tuple[list[Any], bool]:
    """Texts as they are, pairs as tuples. A list of strings is one pair; a list of lists is a batch."""
    if isinstance(inputs, str):
        return [inputs], False
    if not inputs:
        raise invalid("No texts: the list is empty.")
    if isinstance(inputs[0], str):
        return [_parts(inputs)], False
    return [_parts(one) for one in inputs], True


def _parts(texts: list[str]) -> Any:
    return texts[0] if len(texts) == 1 else tuple(texts)


def listed(inputs: Any) -> list[Any]:
    """One text, or several; Refused for none."""
    found = [inputs] if isinstance(inputs, str) else inputs
    if not found:
        raise invalid("No texts: the list is empty.")
    return found


def options_of(query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Options as an address has them, `top_k=3&fallback_label=other`: numbers and truth values as JSON writes them, all else a
    text. Only `text` may stand there several times: a list of columns then."""
    found: dict[str, Any] = {}
    for name, text in query:
        if name in found and name != "text":
            raise invalid(f"'{name[:100]}' stands in the address twice.")
        found[name] = [*found.get(name, ()), text] if name == "text" else text if name in TEXTS else _value(text)
    return found


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, bool | int | float) else text
