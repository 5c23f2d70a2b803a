"""Starts the command as a process that has loaded its libraries already, which is most of what a command on few rows takes.

It is a process of its own: with a number, arguments, folder, environment, streams, signals and an exit code. It differs from a
fresh one in what Python and the libraries take in when they start, and the number of its hash seed is that of all others. Tests
that are about this (the installed script, imports, settings that are read once, peaks of memory) ask for `cold`. At its end
modules are not taken apart. Where the system cannot give processes away to another parent, and with a GPU, which outlives no
fork, all are cold."""

from __future__ import annotations

import atexit
import ctypes
import functools
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BERTFT = str(Path(sys.executable).with_name("bertft"))
INSTALLED = "import sys\nfrom bertft.commands.main import main\nsys.exit(main())\n"
READ_LATE = {"BERTFT_DEBUG"}
READ_LATE |= {"RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}
"""Environment variables that nothing has read when the libraries are loaded. Others that are asked for need a server of their
own; what a command has set in this process does not."""
SERVER = Path(__file__).with_name("server.py")
PR_SET_CHILD_SUBREAPER = 36
PIPES = slice(9, 15)
"""Of the arguments of Popen._execute_child after the first: both ends of stdin, stdout and stderr."""


def begin(
    *words: object,
    script: str | Path = "",
    cold: bool = False,
    env: Mapping[str, str] | None = None,
    limits: Mapping[str, int] | None = None,
    **streams: Any,
) -> subprocess.Popen[str]:
    """`bertft WORDS`, or a script (its source, or its file) with these words. `limits`: names and values for setrlimit. Ctrl-C
    works as on a terminal, whoever runs the tests."""
    command = [*_door(script), *map(str, words)]
    if cold or not sys.platform.startswith("linux") or os.environ.get("CUDA_VISIBLE_DEVICES"):
        return _cold(command, env, limits or {}, streams)
    return Prepared(command, script, env or {}, limits or {}, streams)


def _door(script: str | Path) -> list[str]:
    if isinstance(script, Path):
        return [sys.executable, str(script)]
    return [sys.executable, "-c", script] if script else [BERTFT]


def _cold(
    command: Sequence[str], env: Mapping[str, str] | None, limits: Mapping[str, int], streams: Mapping[str, Any]
) -> subprocess.Popen[str]:
    def before() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, name), (value, value))

    whole = {**os.environ, **(env or {})}
    return subprocess.Popen(command, env=whole, text=True, preexec_fn=before, **streams)


class Prepared(subprocess.Popen[str]):
    """A process that the server has forked, and given to this one as a child."""

    def __init__(
        self,
        command: Sequence[str],
        script: str | Path,
        env: Mapping[str, str],
        limits: Mapping[str, int],
        streams: Mapping[str, Any],
    ) -> None:
        door = len(_door(script))
        named = command[door - 1] if isinstance(script, Path) else "-c" if script else BERTFT
        self.asked = {
            "argv": [named, *command[door:]],
            "path": str(Path(named).parent) if named != "-c" else "",
            "script": script.read_text() if isinstance(script, Path) else script or INSTALLED,
            "env": {**os.environ, **env},
            "limits": dict(limits),
            "cwd": os.getcwd(),
        }
        other = env.items() - os.environ.items()
        self.early = frozenset((name, value) for name, value in other if name not in READ_LATE)
        super().__init__(command, text=True, **streams)

    def _execute_child(self, _command: object, *more: Any) -> None:
        pipes = more[PIPES]
        files = [number if given == -1 else given for number, given in enumerate((pipes[0], pipes[3], pipes[5]))]
        self.pid = server(self.early).fork(self.asked, files)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


class Server:
    """One for all tests of this process, as long as they ask for no other environment."""

    def __init__(self, env: Mapping[str, str]) -> None:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.line, theirs = socket.socketpair()
        command = [sys.executable, SERVER, str(theirs.fileno())]
        nothing = subprocess.DEVNULL
        self.process = subprocess.Popen(command, env=env, pass_fds=[theirs.fileno()], stdin=nothing, stdout=nothing)
        theirs.close()

    def fork(self, asked: dict[str, Any], files: Sequence[int]) -> int:
        """The number of the child."""
        words = json.dumps(asked).encode()
        socket.send_fds(self.line, [len(words).to_bytes(8, "big")], files)
        self.line.sendall(words)
        said = self.line.recv(64)
        assert said, "the server of processes has ended"
        return int(said)

    def close(self) -> None:
        self.line.close()
        self.process.wait()


@functools.cache
def server(early: frozenset[tuple[str, str]]) -> Server:
    made = Server({**os.environ, **dict(early)})
    atexit.register(made.close)
    return made
