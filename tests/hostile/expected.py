"""What must come of a broken file: a right result, said exactly, or one plain message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Refused:
    """Exit code 2 and one message that holds all of these."""

    parts: tuple[str, ...]

    def __init__(self, *parts: str) -> None:
        object.__setattr__(self, "parts", parts)


@dataclass(frozen=True)
class Planned:
    """`train --dry-run` finds these columns and this many rows."""

    rows: int
    text: str = "text"
    label: str = "label"
    task: str = "single-label"
    """The kind of problem, or of task."""
    said: str = ""
    """What is to be told besides."""


@dataclass(frozen=True)
class Answered:
    """`predict` gives back these texts in this order; those that are blank with a reason, all others with an answer."""

    texts: tuple[str, ...]

    def __init__(self, *texts: str) -> None:
        object.__setattr__(self, "texts", texts)


@dataclass(frozen=True)
class Turned:
    """`convert` gives these words and tags, as `Paris B-LOC | is O`, sentence by sentence."""

    sentences: tuple[str, ...]

    def __init__(self, *sentences: str) -> None:
        object.__setattr__(self, "sentences", sentences)


Expected = Refused | Planned | Answered | Turned | None
CLASSES, TAGS, QUESTIONS = "classes", "tags", "questions"


@dataclass(frozen=True)
class Broken:
    """A file that is not as it should be, and what each command does with it."""

    what: str
    name: str
    content: bytes | Callable[[Path], object]
    """The bytes, or a function that makes the file."""
    train: Expected = None
    predict: Expected = None
    eval: Expected = None
    convert: Expected = None
    run: str = CLASSES
    """Which small model predicts and is scored."""
    flags: str = ""

    def build(self, folder: Path) -> Path:
        path = folder / self.name
        if isinstance(self.content, bytes):
            path.write_bytes(self.content)
        else:
            self.content(path)
        return path

    def ends(self) -> Iterator[tuple[str, Expected]]:
        """The commands that are tried on it."""
        for command in ("train", "predict", "eval", "convert"):
            if (expected := getattr(self, command)) is not None:
                yield command, expected


ROWS = ("very good film,pos", "really bad slow book,neg", "quite fine warm song,pos", "not great cold dish,neg")
REVIEWS = "text,label\n" + "".join(f"{row}\n" for row in ROWS)
TEXTS = ("very good film", "really bad slow book", "quite fine warm song", "not great cold dish")


def csv_of(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
