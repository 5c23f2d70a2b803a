"""Files that are large, endless or swollen end in little memory: measured from outside, in a process of their own."""

from __future__ import annotations

import gzip
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import HANGING, Said, read_csv
from prepared import begin

LITTLE = 1024
"""MiB, of which torch itself takes a third."""
MILLION = 1_000_000


@dataclass(frozen=True)
class Measured:
    """A command that has ended."""

    code: int
    said: str
    peak: float
    """MiB."""


WATCHED = """
import atexit, pathlib, resource, sys

def leave():
    status = pathlib.Path("/proc/self/status")  # there, unlike in getrusage, the memory of the parent has no part
    lines = status.read_text().splitlines() if status.exists() else []
    peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    pathlib.Path("peak").write_text(str(peaks[0] if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))

atexit.register(leave)
from bertft.commands.main import main
main()
"""


def measured(*words: object, cold: bool = True) -> Measured:
    """The peak of a fresh process is its own alone."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with begin(*words, script=WATCHED, cold=cold, **pipes) as process:
        said, _ = process.communicate(timeout=HANGING)
    peak = int(Path("peak").read_text()) / 2**10
    return Measured(process.returncode, said, peak)


def long_line(path: Path) -> None:
    path.write_bytes(b"text,label\n" + b"good film " * (10 * MILLION) + b",pos\nbad book,neg\n")


def endless_text(path: Path) -> None:
    path.write_bytes(b'[{"text": "' + b"good film " * (30 * MILLION))


def open_quote(path: Path) -> None:
    path.write_bytes(b'text,label\n"' + b"good film,pos\n" * (5 * MILLION))


def zeros(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(bytes(2**20))


def same_rows(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(b"text,label\n")
        for _ in range(300):
            file.write(b"good film,pos\n" * (2**20 // 14))


@pytest.mark.parametrize(
    ("name", "make", "wanted"),
    [
        ("line.csv", long_line, "line.csv:2: a line of more than 64 million characters"),
        ("text.json", endless_text, "text.json:1: not JSON: found a value of more than 256 million characters"),
        ("quote.csv", open_quote, "quote.csv:2: a cell longer than 64 MiB"),
        ("zeros.csv.gz", zeros, "swells to more than 200 times its size"),
        ("rows.csv.gz", same_rows, "swells to more than 200 times its size"),
    ],
    ids=[
        "a line of 100 MB",
        "a text of 300 MB",
        "a quote over 70 MB",
        "300 MB of zeros, zipped",
        "300 MB of rows, zipped",
    ],
)
def test_a_large_file_is_refused_in_little_memory(
    tmp_path: Path, name: str, make: Callable[[Path], None], wanted: str
) -> None:
    make(tmp_path / name)
    found = measured("convert", name, "-o", "out.jsonl")
    assert found.code == 2, found.said
    assert wanted in found.said
    assert found.said.count("Error: ") == 1
    assert found.peak < (2 * LITTLE if name == "text.json" else LITTLE)


def test_a_thousand_columns_are_read_and_listed_in_brief(run: Callable[..., Said], tmp_path: Path, tiny: str) -> None:
    names = [f"name{n}" for n in range(998)]
    rows = [f"{','.join(['7'] * len(names))},good {n} film,{'pos' if n % 2 else 'neg'}" for n in range(4)]
    (tmp_path / "wide.csv").write_text("\n".join([",".join([*names, "text", "label"]), *rows]) + "\n")
    found = measured("train", "wide.csv", "--model", tiny, "--dry-run")
    assert found.code == 0, found.said
    assert 'text = "text"' in found.said
    assert found.peak < LITTLE
    said = run("train", "wide.csv", "--text", "nowhere", ok=2)
    assert "and 970 more" in said.err
    assert len(said.err) < 2000


def test_a_pipe_is_read_as_it_comes(tmp_path: Path, trained: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    content = "text\n" + "good film\n" * 3000
    writer = threading.Thread(target=(tmp_path / "pipe.csv").write_text, args=(content,))
    writer.start()
    found = measured("predict", trained, "pipe.csv", "-o", "out.csv", "--precision", "fp32", cold=False)
    writer.join()
    assert found.code == 0, found.said
    assert [row["text"] for row in read_csv(tmp_path / "out.csv")] == ["good film"] * 3000


def test_a_pipe_that_closes_without_a_word_is_an_empty_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    writer = threading.Thread(target=(tmp_path / "pipe.csv").write_text, args=("",))
    writer.start()
    found = measured("convert", "pipe.csv", "-o", "out.jsonl", cold=False)
    writer.join()
    assert (found.code, "pipe.csv: the file is empty" in found.said) == (2, True)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no endless file on this system")
def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    found = measured("convert", "/dev/zero", "-o", "out.jsonl", "--format", "csv")
    assert (found.code, "a line of more than 64 million characters" in found.said) == (2, True), found.said
    assert found.peak < LITTLE
