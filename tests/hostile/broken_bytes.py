"""Files that break before a row is read: encodings, archives, damage, wrong names, and what is no file at all."""

from __future__ import annotations

import gzip
import os
import socket
import stat
from pathlib import Path

from expected import REVIEWS, ROWS, TEXTS, Answered, Broken, Planned, Refused, csv_of

CHINESE = "text,label\n" + "这家餐厅的服务非常好，菜也很好吃,好\n酒店的房间很小，而且不干净,坏\n" * 2
GERMAN = (
    "text,label\n"
    + "Das Essen war für uns köstlich,gut\nEine schöne Überraschung für alle,gut\nDas Zimmer war schäbig,schlecht\n"
)
ZIPPED = gzip.compress(REVIEWS.encode(), mtime=0)
DAMAGED = ZIPPED[:30] + b"\xff\xff\xff" + ZIPPED[33:]
WRONG_SUM = ZIPPED[:-8] + bytes(8)
NOISE = bytes(range(256)) * 20


def unreadable(path: Path) -> None:
    path.write_text(REVIEWS)
    path.chmod(stat.S_IWUSR)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    path.symlink_to("gone.csv")


def bound_socket(path: Path) -> None:
    """A path of a socket is short: it is bound from within its folder."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as found:
            found.bind(path.name)
    finally:
        os.chdir(before)


def nothing(path: Path) -> None:
    """Only the name is typed."""


FILES = (
    Broken(
        "an empty file",
        "empty.csv",
        b"",
        train=Refused("the file is empty"),
        predict=Refused("the file is empty"),
        eval=Refused("the file is empty"),
        convert=Refused("the file is empty"),
    ),
    Broken(
        "only a byte order mark", "mark.csv", b"\xef\xbb\xbf", train=Refused("mark.csv"), predict=Refused("mark.csv")
    ),
    Broken(
        "only a byte order mark of UTF-16",
        "mark16.jsonl",
        b"\xff\xfe",
        train=Refused("mark16.jsonl"),
        predict=Refused("mark16.jsonl"),
    ),
    Broken(
        "UTF-8 with a byte order mark",
        "bom.csv",
        b"\xef\xbb\xbf" + REVIEWS.encode(),
        train=Planned(4),
        predict=Answered(*TEXTS),
    ),
    Broken(
        "UTF-16",
        "wide.csv",
        REVIEWS.encode("utf-16"),
        train=Planned(4, said="encoding UTF-16"),
        predict=Answered(*TEXTS),
    ),
    Broken(
        "UTF-16 that breaks off within a character",
        "odd.csv",
        REVIEWS.encode("utf-16")[:-1],
        train=Refused("odd.csv:", "--encoding"),
        predict=Refused("odd.csv:"),
    ),
    Broken(
        "UTF-32 with garbage",
        "wider.csv",
        REVIEWS.encode("utf-32") + b"\xff\xff\xff\xff",
        train=Refused("wider.csv:6"),
        predict=Refused("wider.csv:6"),
    ),
    Broken("GB18030", "chinese.csv", CHINESE.encode("gb18030"), train=Planned(4, said="encoding GB18030")),
    Broken("Windows-1252", "german.csv", GERMAN.encode("cp1252"), train=Planned(3, said="encoding cp1252")),
    Broken(
        "UTF-8 with a line of Latin-1",
        "two.csv",
        (GERMAN * 3).encode() + "Ein Müll,gut\n".encode("latin-1"),
        train=Refused("two.csv:13: bytes that are not UTF-8"),
        predict=Refused("two.csv:13"),
    ),
    Broken(
        "Cyrillic in Windows-1251",
        "cyrillic.csv",
        "text,label\nСовсем не то,плохо\n".encode("cp1251"),
        train=Refused("--encoding"),
        predict=Refused("--encoding"),
    ),
    Broken(
        "zero bytes among the text",
        "zero.csv",
        b"text,label\ngood\0film,pos\nbad,neg\n",
        train=Refused("zero.csv:2: a zero byte"),
        predict=Refused("zero.csv:2: a zero byte"),
    ),
    Broken("only zero bytes", "zeros.csv", bytes(5000), train=Refused("a zero byte"), predict=Refused("a zero byte")),
    Broken(
        "noise called CSV",
        "noise.csv",
        NOISE,
        train=Refused("noise.csv"),
        predict=Refused("noise.csv"),
        convert=Refused("noise.csv"),
    ),
    Broken("noise called JSON", "noise.json", NOISE, train=Refused("noise.json"), predict=Refused("noise.json")),
    Broken("noise called CoNLL", "noise.conll", NOISE, train=Refused("noise.conll"), convert=Refused("noise.conll")),
    Broken(
        "noise called Parquet",
        "noise.parquet",
        NOISE,
        train=Refused("noise.parquet:2: not UTF-8"),
        predict=Refused("not UTF-8"),
    ),
    Broken("noise without an ending", "noise", NOISE, train=Refused("noise:"), predict=Refused("noise:")),
    Broken(
        "bytes of another codec that yield half characters",
        "seven.csv",
        b"text,label\ngood +2AA- film,pos\nbad slow book,neg\n",
        train=Refused("half characters"),
        flags="--encoding utf-7",
    ),
    Broken("gzip", "zipped.csv.gz", ZIPPED, train=Planned(4), predict=Answered(*TEXTS)),
    Broken("gzip called CSV", "zipped.csv", ZIPPED, train=Planned(4), predict=Answered(*TEXTS)),
    Broken("CSV called gzip", "plain.csv.gz", REVIEWS.encode(), train=Planned(4), predict=Answered(*TEXTS)),
    Broken(
        "gzip that breaks off",
        "cut.csv.gz",
        ZIPPED[:-20],
        train=Refused("breaks off before its end"),
        predict=Refused("breaks off before its end"),
    ),
    Broken(
        "gzip that breaks off in its head",
        "head.csv.gz",
        ZIPPED[:5],
        train=Refused("breaks off before its end"),
        predict=Refused("breaks off"),
    ),
    Broken(
        "gzip with damage inside",
        "damaged.csv.gz",
        DAMAGED,
        train=Refused("damaged gzip file"),
        predict=Refused("damaged gzip file"),
    ),
    Broken(
        "gzip whose sum is wrong",
        "sum.csv.gz",
        WRONG_SUM,
        train=Refused("damaged gzip file", "CRC"),
        predict=Refused("damaged gzip file"),
    ),
    Broken(
        "gzip with garbage after its end",
        "after.csv.gz",
        ZIPPED + b"garbage",
        train=Refused("damaged gzip file"),
        predict=Refused("damaged gzip file"),
    ),
    Broken(
        "gzip within gzip",
        "double.csv.gz",
        gzip.compress(ZIPPED, mtime=0),
        train=Refused("double.csv.gz"),
        predict=Refused("double.csv.gz"),
    ),
    Broken(
        "gzip of nothing",
        "nothing.csv.gz",
        gzip.compress(b"", mtime=0),
        train=Refused("the file is empty"),
        predict=Refused("the file is empty"),
    ),
    Broken(
        "a zip archive or an Excel sheet",
        "sheet.csv",
        b"PK\x03\x04" + NOISE,
        train=Refused("an Excel or zip file", "Save the sheet as CSV"),
        predict=Refused("an Excel or zip file"),
    ),
    Broken(
        "an xz archive",
        "data.csv.xz",
        b"\xfd7zXZ\x00" + NOISE,
        train=Refused("data.csv.xz"),
        predict=Refused("data.csv.xz"),
    ),
    Broken(
        "a picture",
        "photo.csv",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + NOISE,
        train=Refused("photo.csv"),
        predict=Refused("photo.csv"),
    ),
    Broken("a pickle", "frame.csv", b"\x80\x04\x95" + NOISE, train=Refused("frame.csv"), predict=Refused("frame.csv")),
    Broken(
        "a folder",
        "folder.csv",
        lambda path: path.mkdir(),
        train=Refused("a folder, wanted a file"),
        predict=Refused("a folder, wanted a file"),
        eval=Refused("a folder"),
        convert=Refused("a folder"),
    ),
    Broken(
        "a name that is not there",
        "rewiews.csv",
        nothing,
        train=Refused("rewiews.csv: no such file"),
        predict=Refused("no such file"),
    ),
    Broken("a link to nowhere", "link.csv", dangling, train=Refused("no such file"), predict=Refused("no such file")),
    Broken("a link to itself", "loop.csv", loop, train=Refused("loop.csv"), predict=Refused("loop.csv")),
    Broken(
        "a name too long for the system",
        "n" * 300 + ".csv",
        nothing,
        train=Refused("no such file"),
        predict=Refused("no such file"),
    ),
    Broken(
        "a socket",
        "socket.csv",
        bound_socket,
        train=Refused("socket.csv: cannot be read"),
        predict=Refused("socket.csv: cannot be read"),
    ),
    Broken(
        "no permission to read",
        "closed.csv",
        unreadable,
        train=Refused("no permission to read it", "chmod u+r"),
        predict=Refused("no permission to read it"),
    ),
    Broken(
        "a name that is not UTF-8",
        os.fsdecode(b"caf\xe9.csv"),
        REVIEWS.encode(),
        train=Refused("not UTF-8", "Rename"),
        predict=Answered(*TEXTS),
    ),
    Broken(
        "an ending that says nothing",
        "data.xyz",
        csv_of("text,label", *ROWS),
        train=Planned(4),
        predict=Answered(*TEXTS),
    ),
    Broken(
        "prose without an ending",
        "prose",
        b"This is prose, with a comma.\nAnd none here\n",
        train=Refused("neither its name nor its contents tell the format"),
    ),
)
