"""Similar: a file of texts, or of vectors that `embed` wrote, and queries in; the rows whose vectors are nearest out."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from bertft import console
from bertft.embedding.embedder import Embedder
from bertft.embedding.encoding import TextInput, inputs_of
from bertft.embedding.opening import open_embedder
from bertft.engine.meter import Meter
from bertft.errors import DataError, UsageError
from bertft.gold.cells import joined_text, no_text_in
from bertft.jobs.embedding.embed import opened_texts
from bertft.jobs.embedding.embedding_columns import embedded_columns, one_text
from bertft.jobs.embedding.embedding_notes import About, about_path, hashes_of_model, read_about
from bertft.jobs.hub.pull import run_or_model
from bertft.jobs.requests import SimilarRequest
from bertft.jobs.splits import flags_of_reading, read_options, reading_plan
from bertft.plan.embed_plan import NONE, EmbedPlan
from bertft.plan.plan import merge
from bertft.plan.sections import MachinePlan
from bertft.plan.settings import settings_of
from bertft.reading import open_source
from bertft.reading.digests import sha256_of
from bertft.rows.fields import Fields
from bertft.rows.row import Row
from bertft.wording import counted

_AT_ONCE = 4096

Vectors = np.ndarray[Any, Any]
Known = Iterator[tuple[Row, Vectors | None]]
"""Rows, each with its vector (D,); None where it has none."""


@dataclass(frozen=True)
class Neighbour:
    """A row that is near to a query."""

    similarity: float
    """Cosine, from -1 to 1."""
    origin: str
    """File and line."""
    text: str


@dataclass(frozen=True)
class Nearest:
    """Of one query the nearest rows, the nearest first; of equals the earlier one."""

    query: str
    rows: Sequence[Neighbour]


def similar(request: SimilarRequest) -> list[Nearest]:
    """One for each query."""
    _check(request)
    embedder, fields, known = _of_vectors(request) if is_vector_file(request.file) else _of_texts(request)
    queries = _query_vectors(embedder, request.queries)
    best: list[list[tuple[float, int, str, str]]] = [[] for _ in request.queries]
    seen = without = 0
    while chunk := list(islice(known, _AT_ONCE)):
        rows, vectors = _with_length([(row, vector) for row, vector in chunk if vector is not None])
        for found, similarities in zip(best, queries @ vectors.T if rows else [], strict=bool(rows)):
            _keep(found, rows, similarities, request.top_k, fields)
        seen, without = seen + len(chunk), without + len(chunk) - len(rows)
    if seen == without:
        raise DataError(f"{request.file}: no row has a vector.")
    if without:
        console.warn(f"{request.file}: {without:,} of {counted(seen, 'row')} have no vector and are left out.")
    return [_nearest(query, found) for query, found in zip(request.queries, best, strict=True)]


def is_vector_file(path: str) -> bool:
    """Whether `embed` wrote it, by what lies beside it; an array cannot be anything else."""
    return path.lower().endswith(".npy") or about_path(path).is_file()


def _check(request: SimilarRequest) -> None:
    if request.top_k < 1:
        raise UsageError(f"--top-k is {request.top_k}: 1 or more is wanted.")
    if any(not query.strip() for query in request.queries):
        raise UsageError("--query is empty: a text is wanted.")
    plan = merge(EmbedPlan, request.embedding)
    if plan.words or plan.pool == NONE:
        raise UsageError("--words and --pool none give many vectors a row; rows are compared by one. Leave them out.")


def _of_texts(request: SimilarRequest) -> tuple[Embedder, Fields, Known]:
    if request.model is None:
        raise UsageError(f"{request.file} holds texts: name what embeds them, such as --model minilm.")
    plan, model = merge(EmbedPlan, request.embedding), run_or_model(request.model)
    source = opened_texts(model, request.file, request.columns, request.reading, plan)
    embedder = open_embedder(model, plan, merge(MachinePlan, request.machine))
    fields, rows = embedded_columns(embedder, source, request.columns)
    windows = embedder.windows(inputs_of(rows, fields, words=False), Meter(), label="Embedding")
    return embedder, fields, ((one.given.row, one.vectors) for window in windows for one in window)


def _of_vectors(request: SimilarRequest) -> tuple[Embedder, Fields, Known]:
    """DataError where the file, its texts or its model are not those that were embedded."""
    about = read_about(request.file)
    _refuse_flags(request)
    plan = EmbedPlan(**about.embedding)
    if plan.pool == NONE:
        raise DataError(f"{request.file}: holds many vectors a row; embed with one for each text to compare rows.")
    embedder = open_embedder(about.model, plan, merge(MachinePlan, request.machine))
    if hashes_of_model(embedder) != about.model_files:
        raise DataError(f"{request.file}: the model {about.model} has changed since. Embed the texts again.")
    fields = Fields.from_dict(dict(about.fields))
    return (
        embedder,
        fields,
        (_array_rows if request.file.lower().endswith(".npy") else _table_rows)(request.file, about),
    )


def _refuse_flags(request: SimilarRequest) -> None:
    """All is known of a file of vectors."""
    flags = [settings_of(EmbedPlan)[name].names(name)[0].split("/")[0] for name in request.embedding]
    flags += [*(["--model"] if request.model else []), *flags_of_reading(request.columns, request.reading)]
    if flags:
        raise UsageError(f"{request.file} says itself how its vectors were made. Leave out {', '.join(flags)}.")


def _array_rows(file: str, about: About) -> Known:
    """An array beside the rows that it was made of."""
    try:
        vectors = open_memmap(file, mode="r")
    except (OSError, ValueError) as problem:
        raise DataError(f"{file}: no array of numpy ({problem}).") from None
    if vectors.shape != (about.rows, about.dimension):
        raise DataError(f"{file}: has the shape {vectors.shape}, wanted {(about.rows, about.dimension)}.")
    if about.sha256 is None:
        raise DataError(
            f"{file}: was made of a stream, whose texts are gone. Embed a file, or write .jsonl or .parquet."
        )
    try:
        same = sha256_of(about.input) == about.sha256
    except OSError:
        same = False
    if not same:
        raise DataError(f"{file}: its texts, {about.input}, are missing or have changed. Embed them again.")
    wanted = one_text(about.model, {"text": about.fields["text"]}, words=False)
    source = open_source(about.input, read_options(reading_plan(about.input, about.reading)), one_text=wanted)
    for row, vector in zip(source.rows(), vectors, strict=True):
        yield row, None if np.isnan(vector).any() else vector


def _table_rows(file: str, about: About) -> Known:
    for row in open_source(file).rows():
        cell = row.fields.get(about.names["vector"])
        if cell is None:
            yield row, None
            continue
        vector = np.asarray(cell, dtype=np.float32) if isinstance(cell, list) and cell else np.empty(0)
        if vector.shape != (about.dimension,) or not np.isfinite(vector).all():
            raise DataError(
                f"{row.origin}: column '{about.names['vector']}' holds no vector of {about.dimension} numbers."
            )
        yield row, vector


def _query_vectors(embedder: Embedder, queries: Sequence[str]) -> Vectors:
    """(Q, D) of length 1."""
    given = [TextInput(Row(place, f"--query {query!r}", {}), (query,)) for place, query in enumerate(queries)]
    found = embedder.embedded(given, Meter())
    for one in found:
        if one.vectors is None:
            raise UsageError(f"{one.given.row.origin}: {one.reason}.")
        if one.truncated:
            console.warn(f"{one.given.row.origin[:60]}: longer than {embedder.encoder.max_length:,} tokens and cut.")
    return _with_length([(one.given.row, one.vectors) for one in found])[1]


def _with_length(found: Iterable[tuple[Row, Any]]) -> tuple[list[Row], Vectors]:
    """Rows, and their vectors (N, D) scaled to length 1; without those that have no direction."""
    pairs = [(row, np.asarray(vector, dtype=np.float64)) for row, vector in found]
    pairs = [(row, vector / length) for row, vector in pairs if (length := np.linalg.norm(vector)) > 0]
    return [row for row, _ in pairs], np.stack([vector for _, vector in pairs]) if pairs else np.empty((0, 0))


def _keep(
    best: list[tuple[float, int, str, str]], rows: Sequence[Row], similarities: Vectors, top_k: int, fields: Fields
) -> None:
    """The `top_k` best of all so far stay, in a heap whose first is the worst."""
    for place in np.argsort(-similarities, kind="stable")[:top_k]:
        row = rows[place]
        entry = (float(similarities[place]), -row.index, row.origin, shown_text(row, fields))
        if len(best) < top_k:
            heapq.heappush(best, entry)
        else:
            heapq.heappushpop(best, entry)


def shown_text(row: Row, fields: Fields) -> str:
    """What was embedded of the row."""
    cell = row.fields.get(fields.text)
    if isinstance(cell, list):
        return " ".join(map(str, cell))
    parts: list[tuple[str, ...]] = [fields.texts, *([(fields.text_pair,)] if fields.text_pair else [])]
    return " / ".join(joined_text(columns, row) for columns in parts if not no_text_in("text", columns, row))


def _nearest(query: str, found: Sequence[tuple[float, int, str, str]]) -> Nearest:
    return Nearest(
        query, [Neighbour(similarity, origin, text) for similarity, _, origin, text in sorted(found, reverse=True)]
    )


def as_json(found: Sequence[Nearest]) -> Mapping[str, Any]:
    """As `--json` prints it."""
    return {"queries": [{"query": one.query, "rows": [vars(row) for row in one.rows]} for one in found]}
