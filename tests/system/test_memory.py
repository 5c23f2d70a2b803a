"""Memory that was used once is there again without the system clearing it, and is not looked through again and again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

COUNT = """
import resource, sys
from bertft.system.memory import keep_memory
if sys.argv[1] == "kept":
    keep_memory()
import numpy as np
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.full(4_000_000, 1.0, dtype=np.float32)  # 16 MB: 4,000 pages
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the settings are glibc's")
def test_memory_is_kept() -> None:
    found = {}
    for how in ("kept", "as it comes"):
        done = subprocess.run([sys.executable, "-c", COUNT, how], check=True, capture_output=True, text=True)
        found[how] = int(done.stdout)
    assert found["kept"] < 100
    assert found["as it comes"] > 5 * max(found["kept"], 1)


LOOK = """
import gc, sys
from bertft.system.memory import keep_memory
if sys.argv[1] == "kept":
    keep_memory()
before = gc.get_stats()[0]["collections"]
stays = [[] for _ in range(50_000)]
print(gc.get_stats()[0]["collections"] - before)
"""


def test_what_libraries_make_is_seldom_looked_through() -> None:
    found = {}
    for how in ("kept", "as it comes"):
        done = subprocess.run([sys.executable, "-c", LOOK, how], check=True, capture_output=True, text=True)
        found[how] = int(done.stdout)
    assert found["kept"] <= 1
    assert found["as it comes"] > 20
