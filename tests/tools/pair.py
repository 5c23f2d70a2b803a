"""The command in two processes, numbered as torchrun numbers them, but prepared: without torchrun's own start and theirs."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from conftest import HANGING
from prepared import begin

CLI = Path(__file__).parents[2] / "cli.py"
SIZE = 2
ONE_THREAD = {"OMP_NUM_THREADS": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def torchrun(*words: object, launch: Sequence[object] = (), port: int | None = None) -> subprocess.Popen[str]:
    """The real one, which starts two fresh processes; it alone is prepared."""
    places = ("--master_addr", "127.0.0.1", "--master_port", port or free_port())
    return launched("torch.distributed.run", *(launch or ("--nproc_per_node", SIZE)), *places, CLI, *words)


def launched(module: str, *words: object) -> subprocess.Popen[str]:
    """A launcher: what `main` of the module starts."""
    script = f"from {module} import main\nmain()\n"
    return begin(*words, script=script, env=ONE_THREAD, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def pair(*words: object, script: Path = CLI) -> list[subprocess.Popen[str]]:
    """Both, begun."""
    port, pipes = free_port(), {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return [begin(*words, script=script, env=numbers(rank, port), **pipes) for rank in range(SIZE)]


def together(*words: object, script: Path = CLI, ok: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Both to their end; the first exit code that is not 0, and what both said."""
    begun = pair(*words, script=script)
    with ThreadPoolExecutor() as waiting:
        said = list(waiting.map(lambda process: ended(process, begun), begun))
    code = next((process.returncode for process in begun if process.returncode), 0)
    out, err = ("".join(parts) for parts in zip(*said, strict=True))
    assert ok is None or code == ok, err[-3000:]
    return subprocess.CompletedProcess(list(words), code, out, err)


def ended(process: subprocess.Popen[str], begun: Sequence[subprocess.Popen[str]]) -> tuple[str, str]:
    """What it said. As with torchrun, one that fails ends the others."""
    said = process.communicate(timeout=HANGING)
    if process.returncode:
        for other in begun:
            other.terminate()
    return said


def numbers(rank: int, port: int) -> dict[str, str]:
    sizes = {"WORLD_SIZE": str(SIZE), "LOCAL_WORLD_SIZE": str(SIZE)}
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return {**ONE_THREAD, "RANK": str(rank), "LOCAL_RANK": str(rank), **sizes, **place}
