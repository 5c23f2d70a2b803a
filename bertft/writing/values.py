"""Any value comes in; what a JSON file or a CSV cell can hold goes out. Numbers of numpy and torch become Python's
own.

Floats are rounded to six decimals; NaN and infinity, which are no values, become null or an empty cell."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal

DECIMALS = 6


def to_json(value: object, decimals: int | None = DECIMALS) -> object:
    """Something `json` writes as it is. `decimals` None keeps floats to the last digit."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return _plain_float(value, decimals)
    if isinstance(value, Mapping):
        return {str(key): to_json(item, decimals) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item, decimals) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((to_json(item, decimals) for item in value), key=str)
    return _from_elsewhere(value, decimals)


def to_cell(value: object, decimals: int | None = DECIMALS) -> str:
    """The text of a CSV cell: None is empty, lists and dicts are compact JSON."""
    plain = to_json(value, decimals)
    if plain is None:
        return ""
    if isinstance(plain, str):
        return plain
    return to_json_text(plain)


def to_json_text(plain: object) -> str:
    """Compact, and readable in any language; a lone surrogate stays one and is escaped where the file is encoded."""
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _plain_float(value: float, decimals: int | None) -> float | None:
    if not math.isfinite(value):
        return None
    return float(value) if decimals is None else round(float(value), decimals) + 0.0  # no -0.0


def _from_elsewhere(value: object, decimals: int | None) -> object:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "backslashreplace")
    to_list = getattr(value, "tolist", None)  # numpy and torch, arrays and scalars
    return str(value) if to_list is None else to_json(to_list(), decimals)
