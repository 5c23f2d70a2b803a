"""A Parquet or Arrow file comes in; records go out with their own Python types. Missing is None, and so is NaN."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from bertft.errors import DataError
from bertft.reading.body import ArrowContent, Body, CellStorage, Place
from bertft.reading.class_names import Names, class_names, named_batch, named_schema, note_of
from bertft.reading.intake import Intake, reading_explained, spooled
from bertft.rows.surrogates import shown

ARROW_FILE_MAGIC = b"ARROW1"
ARROW_STREAM_MAGIC = b"\xff\xff\xff\xff"
PARQUET_MAGIC = b"PAR1"
OLD_FEATHER_MAGIC = b"FEA1"
_BATCH_ROWS = 1000

Opened = tuple[Any, Callable[[], Iterator[Any]]]
"""The Arrow schema, and how to walk through the record batches."""


def open_columnar(intake: Intake, format: str) -> Body:
    """`format` is parquet or arrow; the bytes are copied to a temporary file where they cannot be read at random."""
    intake = spooled(intake)
    opened = partial(_parquet if format == "parquet" else _arrow, intake)
    with opened() as (schema, _):
        columns, names = list(schema.names), class_names(schema)
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise DataError(f"{intake.name}: column names must differ, found twice: {', '.join(twice)}.")
    batches = partial(_named_batches, opened, names, intake.name)
    arrow = ArrowContent(named_schema(schema, names), batches)
    return Body(columns, partial(_read, batches), Place.ROW, CellStorage.NATIVE, notes=note_of(names), arrow=arrow)


def without_nan(value: Any) -> Any:
    """NaN is no value, however deep it lies."""
    if isinstance(value, float):
        return None if value != value else value
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    return value


def _read(batches: Callable[[], Iterator[Any]]) -> Iterator[tuple[int, dict[str, object]]]:
    number = 0
    for batch in batches():
        for number, record in enumerate(batch.to_pylist(), number + 1):  # noqa: B020  counts on across batches
            yield number, without_nan(record)


def _named_batches(opened: Callable[[], AbstractContextManager[Opened]], names: Names, file: str) -> Iterator[Any]:
    for batch in _batches(opened):
        yield named_batch(batch, names, file=file) if names else batch


def _batches(opened: Callable[[], AbstractContextManager[Opened]]) -> Iterator[Any]:
    with opened() as (_, batches):
        for batch in batches():
            batch.validate(full=True)  # a damaged Arrow file would be read beyond its buffers, which ends the process
            _check_dates(batch)
            yield from (batch.slice(start, _BATCH_ROWS) for start in range(0, batch.num_rows, _BATCH_ROWS))


def _check_dates(batch: Any) -> None:
    """ValueError for a date that Python cannot hold."""
    for column, values in zip(batch.schema.names, batch.columns, strict=True):
        if any(kind in str(values.type) for kind in ("timestamp", "date", "duration")):
            try:
                values.to_pylist()
            except (OverflowError, ValueError) as error:
                raise ValueError(f"column '{shown(column)}': {error}") from None


@contextmanager
def _parquet(intake: Intake) -> Iterator[Opened]:
    import pyarrow.parquet

    with _damage_explained(intake, "Parquet"), intake.open() as stream, pyarrow.parquet.ParquetFile(stream) as file:
        yield file.schema_arrow, partial(file.iter_batches, batch_size=_BATCH_ROWS)


@contextmanager
def _arrow(intake: Intake) -> Iterator[Opened]:
    import pyarrow.ipc

    if intake.head.startswith(OLD_FEATHER_MAGIC):
        raise DataError(
            f"{intake.name}: a Feather file of version 1, wanted version 2 (Arrow). Write it again as Parquet."
        )
    with _damage_explained(intake, "Arrow"), intake.open() as stream:
        if not intake.head.startswith(ARROW_FILE_MAGIC):
            reader = pyarrow.ipc.open_stream(stream)
            yield reader.schema, partial(iter, reader)
            return
        file = pyarrow.ipc.open_file(stream)
        yield file.schema, lambda: (file.get_batch(number) for number in range(file.num_record_batches))


@contextmanager
def _damage_explained(intake: Intake, format: str) -> Iterator[None]:
    import pyarrow

    try:
        with reading_explained(intake.name):
            yield
    except (pyarrow.ArrowException, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0][:200]
        raise DataError(
            f"{intake.name}: not a readable {format} file ({reason}). Pass --format if it is something else."
        ) from None
