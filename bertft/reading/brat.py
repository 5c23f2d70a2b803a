"""brat's standoff files come in: a text beside a file of marks, `a.txt` and `a.ann`, or a folder of them; a row for each text
goes out, with its spans as `entities`. Relations, events and notes are left out, and entities of several pieces; all are counted.

The marks are T lines: a number, a type with its places, and the words: `T1<TAB>Person 0 4<TAB>Anna`."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from bertft.errors import DataError
from bertft.reading.body import Body, CellStorage, Place
from bertft.reading.encoding import find_encoding
from bertft.reading.intake import take_in
from bertft.reading.lines import text_lines, text_pieces

ENDING = ".ann"
_Fields = dict[str, object]
_KINDS = {"R": "relations", "E": "events", "A": "attributes", "M": "attributes", "N": "normalisations", "#": "notes"}
_KINDS["*"] = "equivalences"
_PIECES = "entities of several pieces"


def brat_files(path: str) -> list[str]:
    """The file of marks, or those in a folder, however deep, in the order of their names; none of anything else."""
    if not os.path.isdir(path):
        return [path] if path.lower().endswith(ENDING) and os.path.isfile(path) else []
    return sorted(str(found) for found in Path(path).rglob(f"*{ENDING}"))


def open_brat(path: str, files: Sequence[str], encoding: str | None) -> Body:
    """Reads all of them once, so that what is wrong is found before any work is done."""
    left_out = Counter[str]()
    deque(_rows(path, files, encoding, left_out), maxlen=0)
    notes = [f"rows are texts with marks of brat ({len(files):,})"]
    notes += [f"{many:,} {kind} left out" for kind, many in sorted(left_out.items())]
    read = partial(_rows, path, files, encoding, Counter[str]())
    return Body(["document", "text", "entities"], read, Place.ROW, CellStorage.JSON, "utf-8", notes=notes)


def _rows(
    path: str, files: Sequence[str], encoding: str | None, left_out: Counter[str]
) -> Iterator[tuple[int, _Fields]]:
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    for number, marks in enumerate(files, 1):
        text = f"{marks[: -len(ENDING)]}.txt"
        if not os.path.isfile(text):
            raise DataError(f"{marks}: no text beside it, wanted {os.path.basename(text)} in the same folder.")
        document = os.path.relpath(marks, folder)[: -len(ENDING)]
        entities = list(_entities(marks, encoding, left_out))
        yield number, {"document": document, "text": "".join(_read(text, encoding)), "entities": entities}


def _read(path: str, encoding: str | None, *, lines: bool = False) -> Iterator[str]:
    intake = take_in(path)
    return (text_lines if lines else text_pieces)(intake, encoding or find_encoding(intake))


def _entities(path: str, encoding: str | None, left_out: Counter[str]) -> Iterator[_Fields]:
    for number, line in enumerate(_read(path, encoding, lines=True), 1):
        mark, _, rest = line.rstrip("\r\n").partition("\t")
        if not mark.startswith("T"):
            left_out.update([_KINDS[mark[0]]] if mark[:1] in _KINDS else [])
            continue
        said, _, covered = rest.partition("\t")
        label, *places = said.replace(";", " ").split(" ")
        if not label or len(places) < 2 or len(places) % 2 or not all(map(str.isdecimal, places)):
            raise DataError(
                f"{path}:{number}: `{line.strip()[:80]}` is no mark, wanted a type and its places, as `Person 0 4`."
            )
        if len(places) > 2:
            left_out[_PIECES] += 1
            continue
        yield {"start": int(places[0]), "end": int(places[1]), "label": label, "text": covered}
