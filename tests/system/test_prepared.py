"""Tests start most commands as prepared processes: they are what fresh ones are."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from subprocess import PIPE

import pytest
from conftest import HANGING
from prepared import begin

LOOK = """
import os, resource, signal, sys
print(sys.argv, sys.path[0], __name__, os.getcwd(), os.getppid(), os.getpgid(0), os.environ["RANK"])
print(sys.stdin.read(), [stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)], sys.stdout.encoding)
print(resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
print("said", file=sys.stderr)
"""


@pytest.mark.parametrize("as_file", [False, True])
def test_a_prepared_process_finds_what_a_fresh_one_does(tmp_path: Path, as_file: bool) -> None:
    script: str | Path = LOOK
    if as_file:
        script = tmp_path / "look.py"
        script.write_text(LOOK)
    seen = []
    for cold in (False, True):
        pipes = {"stdin": PIPE, "stdout": PIPE, "stderr": PIPE}
        more = {"env": {"RANK": "7"}, "limits": {"RLIMIT_FSIZE": 10**6}}
        process = begin("a", "b c", script=script, cold=cold, **more, **pipes)
        assert os.getpgid(process.pid) == os.getpgid(0)
        seen.append((*process.communicate("hé\n", timeout=HANGING), process.returncode))
    assert seen[0] == seen[1]
    assert str(os.getpid()) in seen[0][0]


@pytest.mark.parametrize("cold", [False, True])
def test_both_end_with_their_code_or_signal(cold: bool) -> None:
    def code_of(script: str, number: int = 0) -> int:
        process = begin(script=script, cold=cold, stdout=PIPE, stderr=PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        if number:
            process.send_signal(number)
        process.communicate(timeout=HANGING)
        return int(process.returncode)

    assert code_of("import sys; sys.exit(3)") == 3
    assert code_of("1 / 0") == 1
    assert code_of("pass") == 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        assert code_of("import signal; print('ready', flush=True); signal.pause()", number) == -number
