"""The Python function that makes vectors: embed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from bertft.api.keywords import columns_of, roles
from bertft.errors import UsageError
from bertft.jobs.from_program import called_from_program, folder_of
from bertft.plan.embed_plan import EmbedPlan
from bertft.plan.keywords import checked_keywords, keywords_of
from bertft.plan.sections import READS, DataPlan, MachinePlan
from bertft.plan.settings import typed
from bertft.system.signals import as_keyboard_interrupt

_OF_A_FILE: dict[str, tuple[str, Any]] = {"prefix": ("prefix", str), "resume": ("resume", bool)}


def embed(model: Any, data: Any, *, output: Any = None, quiet: bool = True, **settings: Any) -> Any:
    """An array (rows, numbers) of float32, in which a row without text is NaN; with `words` or `pool="none"` a list of arrays,
    each (tokens or words, numbers). `model` is a run or what `bertft embed` takes; `data` a file, rows, or a list of texts or
    of pairs as tuples. With `output` a file is written, as by the command, and the result counts its rows. `settings`: the
    command's flags."""
    known = {
        **roles("text", "text_pair"),
        **keywords_of(EmbedPlan),
        **keywords_of(DataPlan, only=READS),
        **keywords_of(MachinePlan),
    }
    settings = checked_keywords(settings, {**known, **(_OF_A_FILE if output is not None else {})})
    is_file = isinstance(data, str | os.PathLike)
    sections: dict[str, Any] = {
        "embedding": typed(EmbedPlan, settings),
        "columns": columns_of(settings),
        "reading": typed(DataPlan, settings),
        "machine": typed(MachinePlan, settings),
    }
    with called_from_program(quiet), as_keyboard_interrupt():
        if output is not None:
            return _to_file(model, data, str(output), settings, sections, is_file=is_file)
        if sections["reading"] and not is_file:
            raise UsageError(f"{', '.join(sections['reading'])}: only for files; these are rows of a program.")
        from bertft.jobs.embedding.embed_rows import vectors_of

        rows, own = (str(data), {}) if is_file else _rows(data, sections["columns"])
        return vectors_of(folder_of(model), rows, **{**sections, "columns": {**sections["columns"], **own}})


def _to_file(
    model: Any, data: Any, output: str, settings: Mapping[str, Any], sections: Mapping[str, Any], *, is_file: bool
) -> Any:
    if not is_file:
        raise UsageError("output is for the vectors of a file; leave it out to get an array.")
    from bertft.jobs.embedding.embed import embed as embed_file
    from bertft.jobs.requests import EmbedRequest

    prefix, resume = settings.get("prefix"), bool(settings.get("resume"))
    asked = EmbedRequest(
        model=folder_of(model), input=str(data), output=output, prefix=prefix, resume=resume, **sections
    )
    return embed_file(asked)


def _rows(data: Any, columns: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Rows, and the columns of those that are made of texts or pairs."""
    data = data.tolist() if hasattr(data, "tolist") else data
    if not isinstance(data, list) or not data or not all(one is None or isinstance(one, str | tuple) for one in data):
        return data, {}
    if columns:
        raise UsageError(f"{', '.join(columns)}: only for rows with columns; these are texts.")
    parts: Sequence[tuple[Any, ...]] = [one if isinstance(one, tuple) else (one,) for one in data]
    width = max(map(len, parts))
    if width > 2 or any(len(one) != width for one in parts if one != (None,)):
        raise UsageError("data: texts, or tuples of two texts, are wanted; not both, and no other number of them.")
    names = ("text", "text_pair")[:width]
    return [dict(zip(names, one, strict=False)) for one in parts], {name: name for name in names}
