"""Compressed files are read whatever they are called; what breaks off, is damaged or swells is refused, never read in part."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import zstandard

from bertft.errors import DataError
from bertft.reading import open_source, read_table, unzipped

ROWS = [("some text, that is row " + str(number), str(number % 3)) for number in range(3000)]
PLAIN = b"text,label\n" + b"".join(f'"{text}",{label}\n'.encode() for text, label in ROWS)
PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda content: gzip.compress(content, mtime=0),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def rows(path: Path) -> list[tuple[object, ...]]:
    return [tuple(row.fields.values()) for row in open_source(str(path)).rows()]


def complaint(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_table(str(path))
    return str(caught.value)


@pytest.mark.parametrize("ending", PACK)
def test_a_compressed_file_is_the_file_whatever_its_name(tmp_path: Path, ending: str) -> None:
    packed = PACK[ending](PLAIN)
    for name in (f"t.csv{ending}", "t.csv", "t.csv.gz"):
        (tmp_path / name).write_bytes(packed)
        assert rows(tmp_path / name) == ROWS
    assert len(read_table(str(tmp_path / "t.csv"))) == len(ROWS)


@pytest.mark.parametrize("ending", PACK)
def test_files_put_together_are_read_to_the_end(tmp_path: Path, ending: str) -> None:
    half = PLAIN.index(b"\n", len(PLAIN) // 2) + 1
    (tmp_path / "t.csv").write_bytes(PACK[ending](PLAIN[:half]) + PACK[ending](PLAIN[half:]))
    assert rows(tmp_path / "t.csv") == ROWS


@pytest.mark.parametrize("ending", PACK)
def test_standard_input_may_be_compressed(monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(PACK[ending](PLAIN))))
    assert [tuple(row.fields.values()) for row in open_source("-").rows()] == ROWS


@pytest.mark.parametrize("ending", PACK)
def test_no_part_of_a_file_that_breaks_off_is_taken_for_the_whole(tmp_path: Path, ending: str) -> None:
    packed = PACK[ending](PLAIN)
    for length in (len(packed) - 1, len(packed) - 12, len(packed) // 2, 40):
        (tmp_path / "t.csv").write_bytes(packed[:length])
        assert "breaks off before its end" in complaint(tmp_path / "t.csv")


@pytest.mark.parametrize("ending", PACK)
def test_damage_is_told(tmp_path: Path, ending: str) -> None:
    packed = bytearray(PACK[ending](PLAIN))
    for place in range(len(packed) // 2, len(packed) // 2 + 40):
        packed[place] ^= 0xFF
    (tmp_path / "t.csv").write_bytes(packed)
    assert "Copy or download it again" in complaint(tmp_path / "t.csv")


@pytest.mark.parametrize("ending", PACK)
def test_what_swells_beyond_reason_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr(unzipped, "NOT_JUDGED_BELOW", 1 << 20)
    (tmp_path / "t.csv").write_bytes(PACK[ending](b"text,label\n" + b"good,pos\n" * 300_000))
    assert "swells to more than 200 times its size" in complaint(tmp_path / "t.csv")


@pytest.mark.parametrize("ending", PACK)
def test_compressed_nothing_is_an_empty_file(tmp_path: Path, ending: str) -> None:
    (tmp_path / "t.csv").write_bytes(PACK[ending](b""))
    assert "the file is empty" in complaint(tmp_path / "t.csv")


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv.zst").write_bytes(PACK[".zst"](PLAIN))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert "t.csv.zst: compressed by zstd, which needs a package: pip install 'bertft[zstd]'." in complaint(
        tmp_path / "t.csv.zst"
    )
