"""What data are known by, whatever they are called: digests of files, and of rows that are no file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from bertft.reading.joined import files_of
from bertft.rows.row import Row


def sha256_of_rows(rows: Iterable[Row]) -> str:
    """Of a table, or some of its rows, as JSON lines."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(row.fields, default=str).encode() + b"\n")
    return digest.hexdigest()


def sha256_of(path: str) -> str | None:
    """Of a file's content, or of the digests of several files; None for data that is no file."""
    digests = []
    for name in files_of(path):
        with open(name, "rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashlib.sha256("".join(digests).encode()).hexdigest() if len(digests) > 1 else next(iter(digests), None)
