"""Names of integer classes that a data set carries in its own file: `datasets` writes them into the Arrow schema as ClassLabel.
A schema and record batches come in; the same go out with names in place of numbers. -1, as in hidden test labels, is no value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bertft.errors import DataError
from bertft.rows.surrogates import shown

Names = Mapping[str, list[str]]
"""Column -> names of its classes."""


def class_names(schema: Any) -> Names:
    """Of the columns of integers, or of lists of them, as tags have them."""
    import pyarrow as pa

    named = {column: names for column, kind in _features(schema).items() if (names := _names_in(kind))}
    types = {field.name: field.type for field in schema}
    return {
        column: names
        for column, names in named.items()
        if column in types and pa.types.is_integer(_item_type(types[column]))
    }


def named_schema(schema: Any, names: Names) -> Any:
    """The schema of `named_batch`."""
    import pyarrow as pa

    for place, field in enumerate(schema):
        if field.name in names:
            text = pa.string() if pa.types.is_integer(field.type) else pa.list_(pa.string())
            schema = schema.set(place, pa.field(field.name, text))
    return schema


def named_batch(batch: Any, names: Names, *, file: str) -> Any:
    """The batch with names for numbers. DataError for a number that has none."""
    import pyarrow as pa

    columns = [
        _named(column, name, names[name], file) if name in names else column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=named_schema(batch.schema, names))


def note_of(names: Names) -> list[str]:
    """What is to be said of them."""
    return [
        f"classes of '{shown(column)}' are called as in the file: {', '.join(shown(name) for name in listed[:5])}"
        + (f" and {len(listed) - 5:,} more" if len(listed) > 5 else "")
        for column, listed in names.items()
    ]


def _named(values: Any, column: str, names: list[str], file: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(values.type):
        return pa.array(_named_lists(values.to_pylist(), column, names, file), pa.list_(pa.string()))
    if (most := pc.max(values).as_py()) is not None and most >= len(names):
        raise _unnamed(file, column, most, names)
    return pa.array(names, pa.string()).take(pc.if_else(pc.less(values, 0), None, values))


def _named_lists(lists: list[Any], column: str, names: list[str], file: str) -> list[Any]:
    if wrong := [code for codes in lists for code in codes or () if code is not None and code >= len(names)]:
        raise _unnamed(file, column, wrong[0], names)
    return [codes and [None if code is None or code < 0 else names[code] for code in codes] for codes in lists]


def _unnamed(file: str, column: str, code: int, names: list[str]) -> DataError:
    return DataError(
        f"{file}: column '{shown(column)}' holds the class {code}, but the file names only {len(names)} (from 0). "
        f"Write the file again with all names, or without them."
    )


def _item_type(kind: Any) -> Any:
    import pyarrow as pa

    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return kind.value_type if any(is_list(kind) for is_list in lists) else kind


def _features(schema: Any) -> Mapping[str, Any]:
    """As `datasets` stores them; nothing where it did not, or where they are damaged."""
    try:
        found = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _names_in(kind: Any) -> list[str]:
    inner = kind.get("feature", kind) if isinstance(kind, dict) else kind
    inner = inner[0] if isinstance(inner, list) and inner else inner
    if not isinstance(inner, dict) or inner.get("_type") != "ClassLabel":
        return []
    names = inner.get("names")
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []
