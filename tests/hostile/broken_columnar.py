"""Parquet and Arrow files: cut off, damaged, or of types that only data bases write."""

from __future__ import annotations

import io
from typing import Any

from expected import TEXTS, Answered, Broken, Planned, Refused

NOISE = bytes(range(256)) * 20


def parquet(columns: dict[str, Any], **changes: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet

    sink = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), sink, **changes)
    return sink.getvalue()


def arrow(columns: dict[str, Any]) -> bytes:
    import pyarrow as pa

    sink, table = io.BytesIO(), pa.table(columns)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def sound() -> dict[str, Any]:
    return {"text": list(TEXTS), "label": ["pos", "neg", "pos", "neg"]}


def not_utf8() -> dict[str, Any]:
    import pyarrow as pa

    raw = pa.array([b"good", b"b\xffd"])
    return {"text": pa.Array.from_buffers(pa.string(), 2, raw.buffers())}


def twice() -> bytes:
    import pyarrow as pa

    sink = io.BytesIO()
    table = pa.Table.from_arrays([pa.array(["good"]), pa.array(["bad"])], names=["text", "text"])
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def offsets_beyond() -> bytes:
    """An Arrow file whose second text ends far beyond the buffer."""
    whole, wanted = arrow({"text": ["good film"] * 3}), b"".join(n.to_bytes(4, "little") for n in (0, 9, 18, 27))
    assert whole.count(wanted) == 1
    return whole.replace(wanted, b"".join(n.to_bytes(4, "little") for n in (0, 9, 2**30, 2**30 + 9)))


def odd_types() -> dict[str, Any]:
    """What data bases write and few readers expect."""
    import datetime
    import decimal

    import pyarrow as pa

    return {
        "text": pa.array(["good", "bad"]).dictionary_encode(),
        "large": pa.array(["a", None], pa.large_string()),
        "bytes": pa.array([b"\xff\x00", None]),
        "date": [datetime.date(1, 1, 1), None],
        "late": pa.array([2**62, None], pa.timestamp("ns", tz="Europe/Berlin")),
        "span": pa.array([1, None], pa.duration("us")),
        "time": pa.array([1, None], pa.time64("ns")),
        "exact": [decimal.Decimal("1e30"), None],
        "nothing": pa.nulls(2),
        "deep": [[[{"a": [float("nan")]}]], None],
    }


def pairs() -> dict[str, Any]:
    import pyarrow as pa

    return {"pairs": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64()))}


def far() -> dict[str, Any]:
    import pyarrow as pa

    return {"far": pa.array([2**62, None], pa.timestamp("us"))}


FILES = (
    Broken(
        "Parquet that breaks off",
        "cut.parquet",
        lambda path: path.write_bytes(parquet(sound())[:-100]),
        train=Refused("not a readable Parquet file"),
        predict=Refused("not a readable Parquet file"),
    ),
    Broken(
        "Parquet with damage inside",
        "damaged.parquet",
        lambda path: path.write_bytes(parquet(sound(), compression="gzip").replace(b"\x1f\x8b\x08", b"\x1f\x8b\x09")),
        train=Refused("damaged.parquet"),
        predict=Refused("damaged.parquet"),
    ),
    Broken(
        "Parquet without a row",
        "no_rows.parquet",
        lambda path: path.write_bytes(parquet({"text": [], "label": []})),
        train=Refused("no row below the column names (text, label)"),
        predict=Answered(),
    ),
    Broken(
        "Parquet without a column",
        "no_columns.parquet",
        lambda path: path.write_bytes(parquet({})),
        train=Refused("no_columns.parquet"),
        predict=Refused("no column 'text'"),
    ),
    Broken(
        "Parquet with texts that are not UTF-8",
        "not_utf8.parquet",
        lambda path: path.write_bytes(parquet(not_utf8())),
        train=Refused("Invalid UTF8"),
        predict=Refused("Invalid UTF8"),
    ),
    Broken(
        "Parquet with odd types",
        "odd.parquet",
        lambda path: path.write_bytes(parquet(odd_types())),
        predict=Answered("good", "bad"),
        eval=Refused("no column 'label'"),
        train=Refused("no column looks like a label"),
    ),
    Broken(
        "Parquet with a map",
        "map.parquet",
        lambda path: path.write_bytes(parquet({"text": ["good", "bad"], **pairs()})),
        predict=Answered("good", "bad"),
        train=Refused("column 'pairs' has the Arrow type map<string, int64", "Drop it"),
    ),
    Broken(
        "Parquet with a date beyond all years",
        "far.parquet",
        lambda path: path.write_bytes(parquet({"text": ["good", "bad"], **far()})),
        predict=Refused("column 'far'", "out of range"),
        train=Refused("column 'far'", "out of range"),
    ),
    Broken(
        "Parquet called CSV",
        "named.csv",
        lambda path: path.write_bytes(parquet(sound())),
        train=Planned(4),
        predict=Answered(*TEXTS),
    ),
    Broken(
        "Arrow that breaks off",
        "cut.arrow",
        lambda path: path.write_bytes(arrow(sound())[:-300]),
        train=Refused("not a readable Arrow file"),
        predict=Refused("not a readable Arrow file"),
    ),
    Broken(
        "Arrow with texts beyond its buffers",
        "beyond.arrow",
        lambda path: path.write_bytes(offsets_beyond()),
        train=Refused("not a readable Arrow file"),
        predict=Refused("not a readable Arrow file"),
    ),
    Broken(
        "Arrow with a column twice",
        "twice.arrow",
        lambda path: path.write_bytes(twice()),
        train=Refused("found twice: text"),
        predict=Refused("found twice: text"),
    ),
    Broken(
        "the old Feather",
        "old.feather",
        b"FEA1" + NOISE,
        train=Refused("Feather file of version 1"),
        predict=Refused("Feather file of version 1"),
    ),
)
