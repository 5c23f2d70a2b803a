"""Every door leads to the same command: installed, from a checkout, as a module, and through Accelerate's launcher."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import HANGING

from bertft import __version__

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "door",
    [
        [BIN / "bertft"],
        [sys.executable, "-m", "bertft"],
        [sys.executable, ROOT / "cli.py"],
        [BIN / "accelerate", "launch", "--cpu", "--num_processes", "1", ROOT / "cli.py"],
    ],
    ids=["bertft", "python -m bertft", "python cli.py", "accelerate launch cli.py"],
)
def test_every_door_leads_to_the_same_command(door: list[object]) -> None:
    done = subprocess.run([*map(str, door), "--version"], capture_output=True, text=True, timeout=HANGING)
    assert (done.returncode, done.stdout) == (0, f"bertft {__version__}\n"), done.stderr
