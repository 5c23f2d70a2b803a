"""curl for the commands that pages show: the machine's own or, where it has none, as much of it as these commands use."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.request import Request, urlopen


def with_curl(folder: Path) -> dict[str, str]:
    """The environment for a shell that shall find curl. `folder`: where to put the stand-in."""
    if shutil.which("curl"):
        return dict(os.environ)
    return {**os.environ, "PATH": f"{stand_in(folder)}{os.pathsep}{os.environ['PATH']}"}


def stand_in(folder: Path) -> Path:
    """A folder for PATH, with a curl in it that is this file."""
    command = folder / "curl"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


def main(words: Sequence[str]) -> None:
    """Ask, and print the answer; an error of the service ends it with a traceback."""
    headers, data, address = dict[str, str](), None, ""
    rest = iter(words)
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word in ("-d", "--data-binary"):
            data = content(next(rest))
        elif not word.startswith("-"):
            address = word
    with urlopen(Request(address, data, headers)) as answer:
        sys.stdout.buffer.write(answer.read())


def content(word: str) -> bytes:
    """As it stands, or of the file that it names."""
    if word == "@-":
        return sys.stdin.buffer.read()
    return Path(word[1:]).read_bytes() if word.startswith("@") else word.encode()


if __name__ == "__main__":
    main(sys.argv[1:])
