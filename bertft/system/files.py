"""Writing that survives a crash: what is written here is there whole, or it is as it was before.

Everything is written beside its place, flushed to the disk, and renamed into it. Several files that belong together land
together: a folder of them is renamed first, which is the moment that counts, and emptied into its place afterwards; whoever
opens the place later finishes what a crash cut off (`settle`)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bertft.errors import OutputError

_FILLING, _LANDED = ".landing.part", ".landing"


def write_text(path: Path, text: str) -> None:
    """The file whole, or as it was."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


@contextmanager
def fresh_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; when it is full and on the disk it takes the place of the old one."""
    beside, old = path.with_name(f".{path.name}.part"), path.with_name(f".{path.name}.old")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        _flush_files(beside)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)  # what fills the disk makes room again
        raise
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.replace(path, old)
    os.replace(beside, path)
    flush_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def last_whole(path: Path) -> Path:
    """The folder that `fresh_folder` wrote; the one before it, if the program died just between the two."""
    old = path.with_name(f".{path.name}.old")
    return old if old.is_dir() and not path.exists() else path


@contextmanager
def landing(place: Path) -> Iterator[Path]:
    """A folder to fill with files that belong into `place` together: all of them, or none."""
    filling, landed = place / _FILLING, place / _LANDED
    settle(place)
    shutil.rmtree(filling, ignore_errors=True)
    filling.mkdir(parents=True)
    try:
        yield filling
        _flush_files(filling)
    except BaseException:
        shutil.rmtree(filling, ignore_errors=True)
        raise
    os.replace(filling, landed)
    flush_folder(place)
    settle(place)


def settle(place: Path) -> None:
    """Put what has landed where it belongs, should a crash have left it on the way."""
    landed = place / _LANDED
    if not landed.is_dir():
        return
    with suppress(FileNotFoundError):  # another process may be doing the same
        for file in sorted(landed.iterdir()):
            with suppress(FileNotFoundError):
                os.replace(file, place / file.name)
        landed.rmdir()
    flush_folder(place)


def sweep(place: Path) -> None:
    """Remove what a crash left half-written. Only who holds the place may do so."""
    for entry in place.glob(".*.part"):
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def flush_file(path: Path) -> None:
    """Its content onto the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """The names in it onto the disk. Windows knows no such thing."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def explained(place: Path, advice: str) -> Iterator[None]:
    """What a disk refuses, in one line: an OutputError instead of the OSError of Python or the SafetensorError of safetensors."""
    try:
        yield
    except Exception as problem:
        if not isinstance(problem, OSError) and type(problem).__name__ != "SafetensorError":
            raise
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        raise OutputError(f"{place}: cannot be written ({reason}). {advice}") from problem


def _flush_files(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(_usual_mode())
        flush_file(file)
    flush_folder(folder)


def _usual_mode() -> int:
    """Of a new file: safetensors makes its files readable by their owner alone, but a run folder gets shared."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
