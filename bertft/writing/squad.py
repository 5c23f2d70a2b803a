"""Answers by id: the prediction file that SQuAD's official evaluation scripts read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bertft.errors import DataError
from bertft.writing.formulas import Disarming
from bertft.writing.part import Part
from bertft.writing.target import Target, open_target


class AnswerWriter:
    """Takes records with `id` and `predicted_answer`; no answer is an empty string."""

    def __init__(self, target: Target, *, count: int = 0) -> None:
        self._target, self._seen, self.count = target, set[str](), count
        self.disarming = Disarming(raw=True)  # JSON

    def skip(self, record: Mapping[str, object]) -> None:
        """An answer that stands elsewhere: it was written before, or belongs to another part."""
        self._seen.add(str(record["id"]))

    def end_block(self) -> Mapping[str, Any]:
        """Nothing has to be known to put other answers between."""
        return {}

    def mark(self, **notes: Any) -> None:
        """All so far can be gone on with, where the target allows it. The notes are given back then."""
        self._target.mark(self.count, notes)

    def write(self, record: Mapping[str, object]) -> None:
        """One more answer. DataError for an id that was there before: the file can hold only one of them."""
        self.count += 1
        name, answer = str(record["id"]), str(record.get("predicted_answer") or "")
        if name in self._seen:
            raise DataError(
                f"id '{name}' stands in several rows; the prediction file of SQuAD holds one answer for each id."
            )
        before = "{\n" if self.count == 1 else ",\n"
        self._seen.add(name)
        self._put(f"{before}{json.dumps(name, ensure_ascii=False)}: {json.dumps(answer, ensure_ascii=False)}")

    def close(self) -> None:
        self._put("\n}\n" if self.count else "{}\n")

    def _put(self, text: str) -> None:
        self._target.write(text.encode("utf-8", "backslashreplace"))


@contextmanager
def open_squad_writer(path: str | None, *, part: Part | None = None) -> Iterator[AnswerWriter]:
    """`path` None is standard output. On a clean end the file appears whole; on an exception the old file stays. `part` is
    gone on with, in place of `path`."""
    target: Target = part or open_target(path)
    writer = AnswerWriter(target, count=part.rows if part else 0)
    try:
        yield writer
        writer.close()
        target.keep()
    except BaseException as problem:
        target.abandon(problem)
        raise
