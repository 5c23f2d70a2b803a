"""A file of rows in the body of a request, and the same file with answers: in a folder that is gone afterwards. No path ever
comes from the client: of its file's name only the ending counts."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft.serving.aside import GivenUp
from bertft.serving.problems import OVERLOADED, Refused, invalid, too_large
from bertft.serving.work import Answers, Served, Work

TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".jsonl": "application/jsonl",
    ".json": "application/json",
}
_OTHER_TYPES = {"application/x-ndjson": ".jsonl", "application/ndjson": ".jsonl", "application/csv": ".csv"}
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"PAR1", b"ARROW1", b"FEA1")
"""What files begin with that would have to be unpacked, to any size."""
MOST_COLUMNS = 1000
_PAUSE = 0.02
"""Seconds between two tries, while too much waits already."""


def ending_of(file_name: str | None, content_type: str) -> str:
    """Of a body; Refused for what is no file of rows."""
    kind = content_type.partition(";")[0].strip().lower()
    ending = Path(file_name).suffix.lower() if file_name else ""
    found = ending or {one: name for name, one in TYPES.items()}.get(kind) or _OTHER_TYPES.get(kind)
    if found not in TYPES:
        wanted = ", ".join(TYPES.values())
        raise invalid(f"Wanted a file of rows: Content-Type {wanted}, or ?filename= with {', '.join(TYPES)}.", 415)
    return found


def check_content(body: bytes, ending: str) -> None:
    """Refused for a body that is packed, or empty, or has too many columns to look at each."""
    if not body:
        raise invalid("The body is empty, wanted a file of rows.")
    if body.startswith(_PACKED):
        raise invalid("The file is compressed or binary; send plain CSV, TSV, JSON or JSONL.", 415)
    line = body.partition(b"\n")[0]
    if ending in (".csv", ".tsv") and max(map(line.count, (b",", b";", b"\t", b"|"))) >= MOST_COLUMNS:
        raise too_large(f"The first line has more than {MOST_COLUMNS:,} columns. Leave out those that are not needed.")


@dataclass(frozen=True)
class FileAsked:
    """One file on its way."""

    body: bytes
    ending: str
    options: Mapping[str, Any]
    submit: Callable[[Work], Future[Any]]
    seconds: float
    given_up: GivenUp
    folders: set[str]
    """Of all files on their way: their threads may be left behind, their texts must not."""

    def answered(self, served: Served) -> tuple[bytes, Answers]:
        """For a thread of its own."""
        until = time.monotonic() + self.seconds
        with self._folder() as folder:
            source, output = Path(folder, f"rows{self.ending}"), Path(folder, f"answers{self.ending}")
            source.write_bytes(self.body)
            said = served.file(source, output, self.options, lambda work: self._ask(work, until))
            return output.read_bytes(), said

    @contextmanager
    def _folder(self) -> Iterator[str]:
        folder = ""
        try:
            with tempfile.TemporaryDirectory(prefix="bertft-serve-", ignore_cleanup_errors=True) as folder:
                self.folders.add(folder)
                yield folder
        finally:
            self.folders.discard(folder)  # now that it is gone

    def _ask(self, work: Work, until: float) -> Any:
        while not self.given_up.is_set():
            try:
                future = self.submit(work)
            except Refused as problem:
                if problem.error_type != OVERLOADED or time.monotonic() > until:
                    raise
                self.given_up.wait(_PAUSE)
                continue
            try:
                return future.result(timeout=max(until - time.monotonic(), 0))
            except TooLate:
                future.cancel()
                raise
        raise TimeoutError
