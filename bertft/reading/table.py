"""A path comes in; a Table goes out: the same rows as a memory-mapped `datasets.Dataset`, open to random access.

The Arrow file lies in a private temporary folder and loses its name as soon as it is mapped. Nothing is found again by
its path, so nothing stale is ever read. CSV cells are stored as strings, JSON values as JSON text (their
types may differ from row to row), Parquet and Arrow as they are."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from itertools import islice
from typing import Any

from bertft.errors import DataError
from bertft.reading.body import ArrowContent, Body, CellStorage, Place
from bertft.reading.columnar import without_nan
from bertft.reading.jsonlines import decoder
from bertft.reading.options import ReadOptions
from bertft.reading.source import Source, open_source
from bertft.rows.nested import Cells, holder_of, nested_value
from bertft.rows.row import Row
from bertft.rows.surrogates import shown

_BATCH_ROWS = 1000
_Batch = tuple[list[int], list[Mapping[str, object]]]


class Table:
    """Rows on disk, mapped into memory: any of them at once, or one column without the others."""

    def __init__(
        self, dataset: Any, name: str, *, storage: CellStorage, place: Place, numbers: str | None, source: Source | None
    ) -> None:
        self.dataset = dataset
        """The `datasets.Dataset` underneath, with values as they are stored."""
        self.name = name
        self.source = source
        """Where the rows came from; None for a data set that was handed over."""
        self.columns: list[str] = [column for column in dataset.column_names if column != numbers]
        self.storage, self.place = storage, place
        self._decode = _decoder_of(storage)
        self._whole = dataset
        self._numbers = numbers
        """The column that holds line numbers, if there is one."""
        self._places: Sequence[int] = range(len(dataset))
        """Where each row stands in its file, from 0."""

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Row:
        place = range(len(self))[index]
        return self._row(place, self.dataset[place])

    def __iter__(self) -> Iterator[Row]:
        index = 0
        for batch in self.dataset.iter(_BATCH_ROWS):
            for values in zip(*batch.values(), strict=True):
                yield self._row(index, dict(zip(batch, values, strict=True)))
                index += 1

    def rows(self) -> Iterator[Row]:
        """All of them, in order."""
        return iter(self)

    def column(self, name: str) -> Iterator[object]:
        """One column's values in order; the others are not touched."""
        if (
            name not in self.columns
            and (holder := holder_of(name, self.columns))
            and self.storage is not CellStorage.TEXT
        ):
            yield from (nested_value({holder: value}, name) for value in self.column(holder))
            return
        if name not in self.columns:
            raise DataError(f"{self.name}: no column '{name}' (there are: {', '.join(self.columns)}).")
        for values in self._stored(name):
            yield from map(self._decode, values)

    def _stored(self, name: str) -> Iterator[list[Any]]:
        """Batches of a column as they are stored. `select_columns` copies the description of every other column, which takes
        an hour where there are thousands; only rows that were put into another order have to go that way."""
        if self.dataset._indices is not None:
            yield from (batch[name] for batch in self.dataset.select_columns([name]).iter(_BATCH_ROWS))
            return
        whole = self.dataset.data.column(name)
        yield from (whole.slice(start, _BATCH_ROWS).to_pylist() for start in range(0, len(whole), _BATCH_ROWS))

    def first(self, count: int) -> Table:
        """A table of the first rows only."""
        return self.only(range(min(count, len(self))))

    def only(self, positions: Sequence[int]) -> Table:
        """A table of the rows at the positions, in that order; each is still called by its place in the file."""
        part = copy(self)
        part.dataset = self.dataset.select(positions)
        part._places = [self._places[position] for position in positions]
        part._whole = self.dataset  # its file goes when it does
        return part

    def _row(self, index: int, stored: dict[str, Any]) -> Row:
        number = None if self._numbers is None else stored.pop(self._numbers)
        origin = self._origin(self._places[index], number)
        cells = {name: self._decode(value) for name, value in stored.items()}
        return Row(index, origin, cells if self.storage is CellStorage.TEXT else Cells(cells))

    def _origin(self, place: int, number: int | None) -> str:
        """What the row at that place of the file is called; `number`: its line, None in formats without lines."""
        return f"{self.name}{self.place.value}{place + 1 if number is None else number}"


def read_table(path: str, options: ReadOptions | None = None) -> Table:
    """Reads the whole file into a table; `-` is standard input."""
    return table_from(open_source(path, options))


def table_from(source: Source) -> Table:
    """The rows of a source that was opened already."""
    numbers = _free_name(source.columns) if source.body.place is Place.LINE else None
    dataset = _mapped(source, numbers)
    storage, place = source.body.storage, source.body.place
    return Table(dataset, source.name, storage=storage, place=place, numbers=numbers, source=source)


def table_of(dataset: Any, name: str) -> Table:
    """An existing `datasets.Dataset`, as from the Hub, with its own types; rows are called `name#1`, `name#2` ..."""
    if not hasattr(dataset, "select_columns") or isinstance(dataset, dict):
        raise DataError(
            f"{name}: a {type(dataset).__name__}, wanted one split of a data set. Name the split, as train."
        )
    plain = dataset.with_format(None)
    return Table(plain, name, storage=CellStorage.NATIVE, place=Place.ROW, numbers=None, source=None)


def _mapped(source: Source, numbers: str | None) -> Any:
    """The file loses its name as soon as it is mapped, so that nothing stays behind, even of a process that is killed.
    Where a mapped file keeps its name (Windows), it goes with the data set."""
    from datasets import Dataset

    folder = tempfile.mkdtemp(prefix="bertft-")
    try:
        dataset = Dataset.from_file(_write(os.path.join(folder, "rows.arrow"), source, numbers))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if os.path.exists(folder):
        weakref.finalize(dataset, shutil.rmtree, folder, ignore_errors=True)
    return dataset


def _free_name(columns: Sequence[str]) -> str:
    name = "line"
    while name in columns:
        name = "_" + name
    return name


def _decoder_of(storage: CellStorage) -> Callable[[Any], object]:
    if storage is CellStorage.TEXT:
        return _as_is
    return _from_json if storage is CellStorage.JSON else without_nan


def _as_is(value: Any) -> object:
    return value


_decode_json = decoder().decode


def _from_json(value: str | None) -> object:
    return None if value is None else _decode_json(value)


def _write(path: str, source: Source, numbers: str | None) -> str:
    """Batch by batch into an Arrow stream file; returns its path."""
    import pyarrow as pa

    if source.body.arrow is not None:
        _check_types(source.name, source.body.arrow.schema)
    try:
        with pa.OSFile(path, "wb") as sink:
            _write_batches(sink, source.body, numbers)
    except OSError as error:
        folder, reason = os.path.dirname(path), error.strerror or error
        raise DataError(
            f"{source.name}: its rows cannot be kept in the temporary folder {folder} ({reason}). "
            f"Free some space, or set TMPDIR to a folder with room."
        ) from None
    except UnicodeEncodeError:  # utf-7 and the like can write lone surrogates
        raise DataError(
            f"{source.name}: half characters (lone surrogates) in it. Pass --encoding with the file's own encoding."
        ) from None
    return path


def _write_batches(sink: Any, body: Body, numbers: str | None) -> None:
    import pyarrow as pa

    if body.arrow is not None:
        _write_native(sink, body.arrow)
        return
    names = body.columns if numbers is None else [*body.columns, numbers]
    types = [pa.string()] * len(body.columns) + ([] if numbers is None else [pa.int64()])
    schema = pa.schema(list(zip(names, types, strict=True)))
    encode = _as_is if body.storage is CellStorage.TEXT else _to_json
    with pa.ipc.new_stream(sink, schema) as writer:
        for places, records in _batches(body):
            columns: list[Any] = [[encode(record[name]) for record in records] for name in body.columns]
            columns += [] if numbers is None else [places]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _write_native(sink: Any, arrow: ArrowContent) -> None:
    import pyarrow as pa

    with pa.ipc.new_stream(sink, arrow.schema.remove_metadata()) as writer:
        for batch in arrow.batches():
            writer.write_batch(batch.replace_schema_metadata(None))


def _check_types(name: str, schema: Any) -> None:
    """DataError for Arrow's types that a `datasets.Dataset` cannot hold, such as maps."""
    import pyarrow as pa
    from datasets import Features

    for field in schema:
        try:
            Features.from_arrow_schema(pa.schema([field.remove_metadata()]))
        except (ValueError, TypeError):
            raise DataError(
                f"{name}: column '{shown(field.name)}' has the Arrow type {shown(field.type)}, which cannot be read here. "
                f"Drop it, or write the file as JSON lines."
            ) from None


def _batches(body: Body) -> Iterator[_Batch]:
    records = body.read()
    while batch := list(islice(records, _BATCH_ROWS)):
        places, fields = zip(*batch, strict=True)
        yield list(places), list(fields)


def _to_json(value: object) -> str | None:
    """Escaped to ASCII only where a lone surrogate stands, which Arrow cannot hold."""
    if value is None:
        return None
    text = _encode_json(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


_encode_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
