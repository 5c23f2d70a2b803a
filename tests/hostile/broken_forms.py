"""Compressed files, workbooks, frames of pandas, plain lines and saved data sets: sound and broken ones."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import zipfile
from pathlib import Path

from expected import REVIEWS, ROWS, TEXTS, Answered, Broken, Planned, Refused

PLAIN = REVIEWS.encode()
LABELS = ("pos", "neg", "pos", "neg")
FASTTEXT = "".join(f"__label__{label} {text}\n" for text, label in zip(TEXTS, LABELS, strict=True)).encode()
FRAME = {
    name: dict(zip("0123", cells, strict=True)) for name, cells in (("text", list(TEXTS)), ("label", list(LABELS)))
}
SPLIT = {"columns": ["text", "label"], "data": [[*pair] for pair in zip(TEXTS, LABELS, strict=True)]}


def workbook() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for line in ("text,label", *ROWS):
        book.active.append(line.split(","))
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def changed(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with other words in one of its parts."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(sink, "w") as after:
        for name in before.namelist():
            found = before.read(name)
            after.writestr(name, found.replace(old, new) if name == part else found)
    return sink.getvalue()


def laughs(path: Path) -> None:
    """Entities within entities: a few lines that would fill the memory."""
    entities = '<!ENTITY a0 "aaaaaaaaaa">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    sheet, bomb = "xl/worksheets/sheet1.xml", f"<!DOCTYPE worksheet [{entities}]><worksheet".encode()
    path.write_bytes(changed(changed(workbook(), sheet, b"<worksheet", bomb), sheet, b"very good film", b"&a11;"))


def saved(path: Path, *, cut: bool = False) -> None:
    from datasets import Dataset

    Dataset.from_dict({"text": list(TEXTS), "label": list(LABELS)}).save_to_disk(path)
    if cut:
        (file,) = path.glob("*.arrow")
        file.write_bytes(file.read_bytes()[:-300])


FILES = (
    Broken("bzip2", "t.csv.bz2", bz2.compress(PLAIN), train=Planned(4), predict=Answered(*TEXTS)),
    Broken("xz", "t.csv.xz", lzma.compress(PLAIN), train=Planned(4), predict=Answered(*TEXTS)),
    Broken(
        "xz that breaks off",
        "cut.xz",
        lzma.compress(PLAIN)[:-9],
        train=Refused("breaks off"),
        predict=Refused("cut.xz"),
    ),
    Broken("bzip2 that breaks off", "cut.bz2", bz2.compress(PLAIN)[:-9], train=Refused("breaks off")),
    Broken("zstd with noise", "noise.zst", b"\x28\xb5\x2f\xfd" + bytes(range(256)), train=Refused("damaged zstd file")),
    Broken(
        "a workbook",
        "t.xlsx",
        lambda path: path.write_bytes(workbook()),
        train=Planned(4),
        predict=Answered(*TEXTS),
    ),
    Broken(
        "a workbook that breaks off",
        "cut.xlsx",
        lambda path: path.write_bytes(workbook()[:-100]),
        train=Refused("an Excel or zip file that is damaged"),
        predict=Refused("cut.xlsx"),
    ),
    Broken(
        "a workbook whose sheet is no XML",
        "sheet.xlsx",
        lambda path: path.write_bytes(changed(workbook(), "xl/worksheets/sheet1.xml", b"</row>", b"</cell>")),
        train=Refused("a damaged Excel file"),
        predict=Refused("a damaged Excel file"),
    ),
    Broken(
        "a workbook that names a sheet it lacks",
        "lacks.xlsx",
        lambda path: path.write_bytes(changed(workbook(), "xl/_rels/workbook.xml.rels", b"sheet1.xml", b"sheet9.xml")),
        train=Refused("lacks.xlsx"),
    ),
    Broken("a workbook of entities within entities", "bomb.xlsx", laughs, train=Refused("bomb.xlsx")),
    Broken(
        "a frame of pandas",
        "frame.json",
        json.dumps(FRAME).encode(),
        train=Planned(4, said="orient='columns'"),
        predict=Answered(*TEXTS),
    ),
    Broken(
        "a frame of which a column breaks off",
        "holes.json",
        json.dumps(FRAME | {"label": {"0": "pos"}}).encode(),
        train=Refused("holes.json"),
    ),
    Broken("a split frame", "split.json", json.dumps(SPLIT).encode(), train=Planned(4), predict=Answered(*TEXTS)),
    Broken(
        "a split frame called JSON lines",
        "split.jsonl",
        json.dumps(SPLIT).encode(),
        train=Planned(4),
        predict=Answered(*TEXTS),
    ),
    Broken(
        "a split frame with columns that are lists",
        "levels.json",
        json.dumps(SPLIT | {"columns": [["a", "text"], ["a", "label"]]}).encode(),
        train=Refused("levels.json", "orient='records'"),
    ),
    Broken("lines of fastText", "t.train", FASTTEXT, train=Planned(4), predict=Answered(*TEXTS)),
    Broken("plain lines", "t.txt", "\n".join(TEXTS).encode(), predict=Answered(*TEXTS), train=Refused("t.txt")),
    Broken("plain lines in UTF-16", "w.txt", "\n".join(TEXTS).encode("utf-16"), predict=Answered(*TEXTS)),
    Broken("a saved data set", "saved", saved, train=Planned(4), predict=Answered(*TEXTS)),
    Broken(
        "a saved data set that breaks off",
        "cut",
        lambda path: saved(path, cut=True),
        train=Refused("cut"),
        predict=Refused("cut"),
    ),
    Broken(
        "rows without column names",
        "rows.csv",
        "".join(f"{row}\n" for row in ROWS).encode(),
        train=Refused("rows.csv:1: the first line looks like data", "--no-header"),
        predict=Refused("rows.csv"),
    ),
)
