"""Loads what a command loads, then forks a child for each one that is asked for: run by `prepared`, never by itself.

It never computes: a fork after OpenMP has started its threads would hang, so it looks that it has only one."""

from __future__ import annotations

import array
import atexit
import gc
import importlib
import json
import os
import pkgutil
import resource
import signal
import socket
import sys
import threading
import types
from pathlib import Path
from typing import Any, NoReturn

STREAMS = 3
LIBRARIES = (
    "accelerate",
    "datasets",
    "evaluate",
    "pyarrow.parquet",
    "rich.console",
    "rich.progress",
    "rich.table",
    "seqeval.metrics",
    "sklearn.metrics",
    "torch._dynamo",
    "torch.nn.parallel",
    "transformers.models.bert.modeling_bert",
)
"""What every command or every training run loads, sooner or later."""


def load() -> None:
    """As `main` does: some settings are read only once, when torch is loaded."""
    from bertft.system.cores import sleep_while_waiting
    from bertft.system.memory import keep_memory

    keep_memory()
    sleep_while_waiting()
    import bertft

    ours = [found.name for found in pkgutil.walk_packages(bertft.__path__, "bertft.")]
    for name in (*LIBRARIES, *(name for name in ours if not name.endswith("__main__"))):
        importlib.import_module(name)
    build_commands_once()
    gc.collect()
    gc.freeze()


def build_commands_once() -> None:
    """Each child has a tree of commands of its own, which is a copy of this one."""
    import typer.main
    from built_once import build

    from bertft.commands.main import app

    build(app)
    typer.main.get_command = build


def threads() -> list[str]:
    """Their names; that of jemalloc, which pyarrow uses, knows what to do at a fork."""
    names = [file.read_text().strip() for file in Path("/proc/self/task").glob("*/comm")]
    return [name for name in names if name != "jemalloc_bg_thd"]


def serve(line: socket.socket) -> dict[str, Any]:
    """Comes back only in a child, with what it is to run."""
    while True:
        asked, files = receive(line)
        if asked is None:
            sys.exit(0)
        number = in_two_steps()
        if number == 0:
            line.close()
            take_place(asked, files)
            return asked
        for file in files:
            os.close(file)
        line.sendall(f"{number}\n".encode())


def receive(line: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The length of what is asked comes together with the three streams."""
    length, files, _, _ = socket.recv_fds(line, 8, STREAMS)
    if not length:
        return None, []
    wanted, parts = int.from_bytes(length, "big"), b""
    while len(parts) < wanted:
        parts += line.recv(wanted - len(parts))
    return json.loads(parts), list(array.array("i", files))


def in_two_steps() -> int:
    """0 in the child, its number here. The parent of the child ends at once: so it becomes a child of whoever runs the tests, who
    has asked the system for that."""
    ear, mouth = os.pipe()
    between = os.fork()
    if between:
        os.close(mouth)
        os.waitpid(between, 0)
        with open(ear) as file:
            return int(file.read())
    between = os.getpid()
    number = os.fork()
    if number:
        os.write(mouth, str(number).encode())
        os._exit(0)
    os.close(ear)
    os.close(mouth)
    while os.getppid() == between:
        os.sched_yield()
    return 0


def take_place(asked: dict[str, Any], files: list[int]) -> None:
    """Become the process that was asked for, as far as that is not a matter of how Python was started."""
    for stream, file in enumerate(files):
        os.dup2(file, stream)
        os.close(file)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv, sys.path[0] = asked["argv"], asked["path"]
    for name, value in asked["limits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    reopen()


def reopen() -> None:
    """Python's own three streams, made for what they now lead to: a terminal is written to line by line."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        old = getattr(sys, name)
        new = open(number, mode, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
        if name == "stderr":
            new.reconfigure(line_buffering=True)
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def leave(code: int) -> NoReturn:
    """All that was promised for the end is done, but nothing is taken apart: with so many modules that takes longer than most
    commands."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which then close the line
    load()
    if len(threads()) > 1:
        sys.exit(f"A fork would hang: threads are running, {threads()}")
    wanted = serve(socket.socket(fileno=int(sys.argv[1])))
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    try:
        exec(compile(wanted["script"], "<string>", "exec"), vars(main))
    except SystemExit as leaving:
        leave(int(leaving.code or 0))
    leave(0)
