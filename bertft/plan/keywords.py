"""Settings as keywords of Python functions: the names that flags have, with underscores, and the values that a program gives."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_type_hints

from bertft.errors import UsageError
from bertft.plan.settings import has_type, settings_of, takes_several, wanted_type


def keywords_of(*sections: Any, only: Sequence[str] = (), leave_out: Sequence[str] = ()) -> dict[str, tuple[str, Any]]:
    """Every name of a declared setting -> its keyword and type; `only` names fields."""
    found: dict[str, tuple[str, Any]] = {}
    for section in sections:
        hints = get_type_hints(section)
        for field, one in settings_of(section).items():
            if field not in leave_out and (not only or field in only):
                spelt = [
                    name.split("/")[0].lstrip("-").replace("-", "_")
                    for name in one.names(field)
                    if name.startswith("--")
                ]
                found |= dict.fromkeys(spelt, (one.keyword(field), hints[field]))
    return found


def checked_keywords(settings: Mapping[str, Any], known: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """The settings by their keywords; UsageError for one that is not known, or has another type."""
    found = {}
    for name, value in settings.items():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise UsageError(f"There is no setting '{name}' here.{hint} There are: {', '.join(known)}.")
        keyword, hint = known[name]
        value = _plain(value, several=takes_several(hint))
        if value is not None and not has_type(value, hint):
            raise UsageError(f"{name} is {value!r}: {wanted_type(hint)} is wanted.")
        found[keyword] = value
    return found


def _plain(value: Any, *, several: bool) -> Any:
    """A setting as a plan.toml would have it: paths as strings, numpy's numbers as Python's, and `several` strings as a list."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "item"):
        return value.item()
    if several and isinstance(value, str | tuple):
        return [value] if isinstance(value, str) else list(value)
    return value
