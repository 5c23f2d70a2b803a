"""Rows with their vectors in, a file out that can be continued after a stop: .npy, JSON lines or Parquet, by the path's ending.

- .npy: an array (rows, D) of float32. A row without a vector is NaN. Only for one vector a row.
- .jsonl: all columns of the row, then `reason` and the vector, each number with as many digits as float32 needs.
- .parquet: the same. What is no text in JSON lines stands there as JSON text. It grows as Arrow record batches, which can be cut
  at any of their borders, and becomes Parquet at the end.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bertft.errors import OutputError
from bertft.writing.part import Part
from bertft.writing.values import to_json, to_json_text

NPY, JSONL, PARQUET = "npy", "jsonl", "parquet"
_ENDINGS = {
    ".npy": NPY,
    ".jsonl": JSONL,
    ".ndjson": JSONL,
    ".jsonl.gz": JSONL,
    ".ndjson.gz": JSONL,
    ".parquet": PARQUET,
}


@dataclass(frozen=True, slots=True)
class VectorRecord:
    """What is written of a row."""

    fields: Mapping[str, object]
    pieces: Sequence[str]
    """What the vectors are of, where there are several."""
    vectors: np.ndarray[Any, Any] | None
    """(D,) or (N, D), float32; a vector of NaN where a word has none."""
    reason: str


@dataclass(frozen=True)
class VectorNames:
    """Of the added columns."""

    vector: str
    reason: str
    pieces: str | None
    """None where each row has one vector."""

    @property
    def added(self) -> list[str]:
        return [*([self.pieces] if self.pieces else []), self.reason, self.vector]


class VectorFile(Protocol):
    """Takes rows in order."""

    def write(self, records: Sequence[VectorRecord]) -> None: ...

    def keep(self) -> None:
        """After the last row."""


def vector_format(path: str, *, ragged: bool) -> str:
    """OutputError for an ending that is none, or that cannot hold several vectors a row."""
    found = next((form for ending, form in _ENDINGS.items() if path.lower().endswith(ending)), None)
    if found is None:
        raise OutputError(f"{path}: the format follows the extension; wanted {', '.join(_ENDINGS)}.")
    if ragged and found == NPY:
        raise OutputError(f"{path}: an array cannot hold a vector for each token or word; write .jsonl or .parquet.")
    return found


def vector_file(
    form: str, part: Part, columns: Sequence[str], names: VectorNames, *, dimension: int, types: Mapping[str, Any]
) -> VectorFile:
    """`types`: pyarrow types of columns, where the input has them."""
    if form == NPY:
        return _Npy(part, dimension)
    if form == JSONL:
        return _JsonLines(part, columns, names)
    return _Parquet(part, columns, names, dimension, types)


class _Npy:
    def __init__(self, part: Part, dimension: int) -> None:
        self._part, self._dimension, self._rows = part, dimension, part.rows
        self._head = _npy_head(0, dimension)
        if not part.rows:
            part.write(self._head)

    def write(self, records: Sequence[VectorRecord]) -> None:
        empty = np.full(self._dimension, np.nan, dtype=np.float32)
        rows = [empty if one.vectors is None else one.vectors for one in records]
        self._part.write(np.ascontiguousarray(np.stack(rows), dtype="<f4").tobytes())
        self._rows += len(rows)

    def keep(self) -> None:
        head = _npy_head(self._rows, self._dimension)
        assert len(head) == len(self._head)  # numpy leaves room for longer numbers
        self._part.overwrite(head)
        self._part.keep()


def _npy_head(rows: int, dimension: int) -> bytes:
    head = io.BytesIO()
    described: Any = {"descr": "<f4", "fortran_order": False, "shape": (rows, dimension)}
    np.lib.format.write_array_header_1_0(head, described)
    return head.getvalue()


class _JsonLines:
    def __init__(self, part: Part, columns: Sequence[str], names: VectorNames) -> None:
        self._part, self._columns, self._names = part, columns, names

    def write(self, records: Sequence[VectorRecord]) -> None:
        lines = "".join(map(self._line, records))
        self._part.write(lines.encode("utf-8", "backslashreplace"))

    def _line(self, record: VectorRecord) -> str:
        """As `to_json_text` writes it, with the vectors in the shortest form that is read back as the same float32."""
        known = {**dict.fromkeys(self._columns), **record.fields, self._names.reason: record.reason or None}
        if self._names.pieces:
            known[self._names.pieces] = list(record.pieces)
        head = to_json_text({name: to_json(value, None) for name, value in known.items()})
        return f"{head[:-1]},{json.dumps(self._names.vector, ensure_ascii=False)}:{_vectors_text(record.vectors)}}}\n"

    def keep(self) -> None:
        self._part.keep()


def _vectors_text(vectors: np.ndarray[Any, Any] | None) -> str:
    if vectors is None:
        return "null"
    if vectors.ndim == 1:
        return (
            "null"
            if np.isnan(vectors).any()
            else "[" + ",".join(["%.9g"] * len(vectors)) % tuple(vectors.tolist()) + "]"
        )
    return "[" + ",".join(map(_vectors_text, vectors)) + "]"


class _Parquet:
    def __init__(
        self, part: Part, columns: Sequence[str], names: VectorNames, dimension: int, types: Mapping[str, Any]
    ) -> None:
        import pyarrow as pa

        self._part, self._columns, self._names, self._types = part, columns, names, types
        vector = pa.list_(pa.float32(), dimension)
        self._added = {names.reason: pa.string(), names.vector: pa.list_(vector) if names.pieces else vector}
        if names.pieces:
            self._added = {names.pieces: pa.list_(pa.string()), **self._added}
        known = [(name, types.get(name, pa.string())) for name in columns]
        self._schema = pa.schema([*known, *self._added.items()])
        if not part.rows:
            part.write(self._schema.serialize().to_pybytes())

    def write(self, records: Sequence[VectorRecord]) -> None:
        import pyarrow as pa

        made = [
            pa.array([self._cell(one.fields.get(name), name) for one in records], self._schema.field(name).type)
            for name in self._columns
        ]
        added = {
            self._names.pieces: [list(one.pieces) for one in records],
            self._names.reason: [one.reason or None for one in records],
            self._names.vector: [_vector_cells(one.vectors) for one in records],
        }
        made += [pa.array(added[name], kind) for name, kind in self._added.items()]
        self._part.write(pa.record_batch(made, schema=self._schema).serialize().to_pybytes())

    def _cell(self, value: object, name: str) -> object:
        if name in self._types or value is None:
            return value
        text = value if isinstance(value, str) else to_json_text(to_json(value, None))
        return text.encode("utf-8", "backslashreplace").decode()

    def keep(self) -> None:
        self._part.keep(_as_parquet)


def without_dictionaries(kind: Any) -> Any:
    """A pyarrow type with the values themselves where it has numbers of values (a pandas category): record batches that follow
    one another could not add to these."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return without_dictionaries(kind.value_type)
    if pa.types.is_struct(kind):
        return pa.struct([_field(one) for one in kind])
    if pa.types.is_map(kind):
        return pa.map_(_field(kind.key_field), _field(kind.item_field), kind.keys_sorted)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_field(kind.value_field), kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(_field(kind.value_field))
    return pa.list_(_field(kind.value_field)) if pa.types.is_list(kind) else kind


def _field(field: Any) -> Any:
    return field.with_type(without_dictionaries(field.type))


def _vector_cells(vectors: np.ndarray[Any, Any] | None) -> Any:
    """As pyarrow takes them; None for a word without a vector."""
    if vectors is None or vectors.ndim == 1:
        return vectors
    return [None if np.isnan(one).any() else one for one in vectors]


def _as_parquet(batches: Path, made: Path) -> None:
    """A stream of record batches, without its end, to a Parquet file: a row group for each batch."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        pa.OSFile(str(batches)) as source,
        pa.ipc.open_stream(source) as stream,
        pq.ParquetWriter(str(made), stream.schema) as target,
    ):
        for batch in stream:
            target.write_batch(batch)
