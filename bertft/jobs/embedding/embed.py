"""Embed: rows in, the same rows in the same order with their vectors out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from bertft import console
from bertft.embedding.embedder import EmbeddedRow, Embedder
from bertft.embedding.encoding import inputs_of
from bertft.embedding.opening import open_embedder
from bertft.engine.device import decided_by_main, describe
from bertft.engine.meter import Meter, rates
from bertft.errors import DataError, UsageError
from bertft.jobs.embedding.embedding_columns import embedded_columns, is_run, one_text
from bertft.jobs.embedding.embedding_notes import about_path, identity, write_about
from bertft.jobs.hub.pull import run_or_model
from bertft.jobs.predicting.predict import names_in_output
from bertft.jobs.predicting.prediction_file import tell_beginning, told_how_to_go_on
from bertft.jobs.requests import EmbedRequest
from bertft.jobs.run_times import note_time
from bertft.jobs.splits import read_options, reading_plan, refuse_same_file
from bertft.plan.embed_plan import NONE, EmbedPlan
from bertft.plan.plan import merge
from bertft.plan.sections import MachinePlan
from bertft.reading import Source, open_source
from bertft.rows.fields import Fields
from bertft.system.locks import locked_file
from bertft.wording import counted
from bertft.writing import Part, anchor, is_special, make_room
from bertft.writing.columns import OF_VECTORS
from bertft.writing.vectors import (
    NPY,
    VectorFile,
    VectorNames,
    VectorRecord,
    vector_file,
    vector_format,
    without_dictionaries,
)


@dataclass(frozen=True)
class EmbeddedFile:
    """What `embed` did."""

    output: str
    rows: int
    without: int
    """Rows of these that have no vector; their `reason` says why."""
    dimension: int
    timings: Mapping[str, float]


@dataclass
class RowCounts:
    """What became of the rows so far."""

    rows: int = 0
    without: int = 0
    truncated: int = 0
    words_without: int = 0
    first: str = ""
    """The first row without a vector, and why."""

    def add(self, window: Sequence[EmbeddedRow]) -> None:
        for one in window:
            self.rows += 1
            self.truncated += one.truncated
            if one.vectors is None:
                self.without += 1
                self.first = self.first or f"{one.given.row.origin}: {one.reason}"
            elif one.vectors.ndim == 2:
                self.words_without += int((one.vectors[:, 0] != one.vectors[:, 0]).sum())  # NaN

    def state(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "rows"}


def embed(request: EmbedRequest) -> EmbeddedFile:
    """Open the model, read, embed, write."""
    refuse_same_file(request.input, request.output)
    request = replace(request, model=run_or_model(request.model))
    plan = merge(EmbedPlan, request.embedding)
    form = vector_format(request.output, ragged=plan.words or plan.pool == NONE)
    _check_output(request)
    source = opened_texts(request.model, request.input, request.columns, request.reading, plan)
    embedder = open_embedder(request.model, plan, merge(MachinePlan, request.machine))
    fields, rows = embedded_columns(embedder, source, request.columns)
    names = _names(source, embedder, request.prefix if form != NPY else None, is_array=form == NPY)
    meter = Meter()
    with _vector_file(request, form, source, embedder, names) as file:
        inputs = inputs_of(islice(rows, file.counts.rows, None), fields, words=plan.words)
        for window in embedder.windows(inputs, meter, done=file.counts.rows, label="Embedding"):
            file.add(window, is_whole=len(window) == embedder.window)
    tell_rows(source.name, file.counts, embedder.encoder.max_length, "NaN" if form == NPY else "null")
    numbers, rate = f"{embedder.dimension:,} numbers each", rates(meter.timings())
    console.note(f"{counted(file.counts.rows, 'row')}, {numbers}, in {meter.seconds:.1f} s, {rate}. {request.output}")
    if embedder.accelerator.is_main_process:
        _note_down(request, source, fields, embedder, names, file.counts, meter)
    return EmbeddedFile(request.output, file.counts.rows, file.counts.without, embedder.dimension, meter.timings())


def opened_texts(
    model: str, path: str, columns: Mapping[str, Any], reading: Mapping[str, Any], plan: EmbedPlan
) -> Source:
    """A file of texts, and what was found out about it."""
    options = read_options(reading_plan(path, reading))
    source = open_source(path, options, one_text=one_text(model, columns, words=plan.words))
    for note in source.notes:
        console.note(f"{source.name}: {note}")
    return source


def _check_output(request: EmbedRequest) -> None:
    """UsageError for what is no file."""
    if is_special(request.output):
        raise UsageError(f"{request.output}: vectors are written to a file; name one with -o.")
    if is_special(request.input) and request.resume:
        raise UsageError("--resume needs files: a stream as input cannot be gone on with.")


def _names(source: Source, embedder: Embedder, prefix: str | None, *, is_array: bool) -> VectorNames:
    """Of the columns that are added; an array has none."""
    recipe = embedder.recipe
    pieces = ("words" if recipe.words else "tokens") if recipe.is_ragged else None
    vector = "embeddings" if pieces else "embedding"
    if is_array:
        return VectorNames(vector, "reason", None)
    found = names_in_output(source, [*([pieces] if pieces else []), "reason", vector], prefix, usual=OF_VECTORS)
    return VectorNames(found[vector], found["reason"], found[pieces] if pieces else None)


@dataclass
class _Growing:
    """A file of vectors that is being written."""

    part: Part | None
    """None in all processes but the main one; the same for the file."""
    file: VectorFile | None
    counts: RowCounts = field(default_factory=RowCounts)

    def add(self, window: Sequence[EmbeddedRow], *, is_whole: bool) -> None:
        """After a whole window the file can be gone on with."""
        self.counts.add(window)
        if self.part is None or self.file is None:
            return
        self.file.write([VectorRecord(one.given.row.fields, one.pieces, one.vectors, one.reason) for one in window])
        if is_whole:
            self.part.mark(self.counts.rows, self.counts.state())


@contextmanager
def _vector_file(
    request: EmbedRequest, form: str, source: Source, embedder: Embedder, names: VectorNames
) -> Iterator[_Growing]:
    """Whole at the end. What stops short of it can be gone on with, which is said."""
    parts: list[Part] = []
    growing = _Growing(None, None)
    with ExitStack() as held, told_how_to_go_on(parts, request.command):

        def open_it() -> str:
            make_room(request.output)
            held.enter_context(locked_file(anchor(request.output)))
            options = {"columns": dict(request.columns), "reading": dict(request.reading), "names": names.added}
            part = Part(request.output, lambda: identity(embedder, request.input, options), resume=request.resume)
            parts.append(part)
            growing.part = part
            growing.file = vector_file(
                form, part, source.columns, names, dimension=embedder.dimension, types=_types(source)
            )
            return str(part.rows)

        done = int(decided_by_main(embedder.accelerator, open_it))
        growing.counts = RowCounts(rows=done, **(parts[0].state if parts else {}))
        tell_beginning(request.output, parts, done, resume=request.resume)
        try:
            yield growing
            if not growing.counts.rows:
                raise DataError(f"{source.name}: no row below the column names.")
            if growing.file is not None:
                about_path(request.output).unlink(missing_ok=True)
                growing.file.keep()
        except BaseException as problem:
            for part in parts:
                part.abandon(problem)
            raise


def _types(source: Source) -> dict[str, Any]:
    """pyarrow types of the input's columns, where it has them."""
    schema = source.body.arrow.schema if source.body.arrow is not None else None
    if schema is None:
        return {}
    return {name: without_dictionaries(schema.field(name).type) for name in source.columns if name in schema.names}


def tell_rows(name: str, counts: RowCounts, limit: int, nothing: str) -> None:
    """What is special about the rows. `nothing`: what stands where a vector is missing."""
    if counts.truncated:
        share = counts.truncated / (counts.rows - counts.without)
        console.warn(f"{name}: {share:.1%} of the texts are longer than {limit:,} tokens and cut (--max-length).")
    if counts.words_without:
        console.warn(f"{name}: {counted(counts.words_without, 'word')} without a vector: cut off, or of no token.")
    if counts.without:
        rows = counted(counts.without, "row")
        console.warn(f"{name}: {rows} without a vector ({nothing}), the first {counts.first}.")


def _note_down(
    request: EmbedRequest,
    source: Source,
    fields: Fields,
    embedder: Embedder,
    names: VectorNames,
    counts: RowCounts,
    meter: Meter,
) -> None:
    """Beside the vectors, and in the run that made them."""
    write_about(
        request.output,
        embedder,
        source=request.input,
        fields=fields,
        reading=request.reading,
        names={"vector": names.vector, "reason": names.reason},
        counts=(counts.rows, counts.without),
        timings=meter.timings(),
    )
    if is_run(embedder.model.path):
        note_time(embedder.model.path, "embed", meter.timings(), describe(embedder.accelerator))
