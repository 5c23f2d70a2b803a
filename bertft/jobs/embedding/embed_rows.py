"""Embed for a program: rows or a file in, an array out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bertft.embedding.encoding import inputs_of
from bertft.embedding.opening import open_embedder
from bertft.engine.meter import Meter
from bertft.jobs.embedding.embed import RowCounts, opened_texts, tell_rows
from bertft.jobs.embedding.embedding_columns import embedded_columns
from bertft.jobs.hub.pull import run_or_model
from bertft.plan.embed_plan import EmbedPlan
from bertft.plan.plan import merge
from bertft.plan.sections import MEMORY, MachinePlan
from bertft.reading.memory import table_of_rows


def vectors_of(
    model: str,
    data: Any,
    *,
    embedding: Mapping[str, Any],
    columns: Mapping[str, Any],
    reading: Mapping[str, Any],
    machine: Mapping[str, Any],
) -> Any:
    """(N, D) float32, NaN where a row has no text; or a list of (tokens or words, D), empty there."""
    plan, model = merge(EmbedPlan, embedding), run_or_model(model)
    if isinstance(data, str):
        source: Any = opened_texts(model, data, columns, reading, plan)
    else:
        source = table_of_rows(data, f"{MEMORY}data")
    embedder = open_embedder(model, plan, merge(MachinePlan, machine))
    fields, rows = embedded_columns(embedder, source, columns)
    found, counts = [], RowCounts()
    for window in embedder.windows(inputs_of(rows, fields, words=plan.words), Meter()):
        counts.add(window)
        found += [one.vectors for one in window]
    tell_rows(source.name, counts, embedder.encoder.max_length, "empty" if embedder.recipe.is_ragged else "NaN")
    shape = (0, embedder.dimension) if embedder.recipe.is_ragged else (embedder.dimension,)
    none = np.full(shape, np.nan, dtype=np.float32)
    filled = [none if vectors is None else vectors for vectors in found]
    if embedder.recipe.is_ragged:
        return filled
    return np.stack(filled) if filled else np.empty((0, embedder.dimension), dtype=np.float32)
