"""Memory that is left, from made-up files of the system."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertft.system.free_memory import free_memory

MACHINE = "MemTotal: 16 kB\nMemFree: 1 kB\nMemAvailable: 9 kB\n"


@pytest.mark.parametrize(
    ("membership", "files", "wanted"),
    [
        ("0::/", {}, 9 * 1024),
        ("0::/", {"memory.max": "max", "memory.current": "3000"}, 9 * 1024),
        ("0::/", {"memory.max": "5000", "memory.current": "3000"}, 2000),
        (
            "0::/a",
            {"a/memory.max": "5000", "a/memory.current": "3000", "memory.max": "900", "memory.current": "100"},
            800,
        ),
        ("0::/", {"memory.max": "5", "memory.current": "3", "memory.stat": "anon 1\ninactive_file 2\n"}, 4),
        ("0::/", {"memory.max": "5", "memory.current": "7"}, 0),
        ("0::/", {"memory.max": "5"}, 9 * 1024),
        ("4:memory:/x", {"memory/x/memory.limit_in_bytes": "50", "memory/x/memory.usage_in_bytes": "20"}, 30),
        ("4:cpu:/x", {"cpu/x/memory.limit_in_bytes": "50", "cpu/x/memory.usage_in_bytes": "20"}, 9 * 1024),
    ],
)
def test_the_machine_and_the_container_both_limit(
    tmp_path: Path, membership: str, files: dict[str, str], wanted: int
) -> None:
    for name, text in {"proc/meminfo": MACHINE, "proc/self/cgroup": membership, **files}.items():
        path = tmp_path / ("" if name.startswith("proc") else "mounted") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert free_memory(tmp_path / "proc", tmp_path / "mounted") == wanted


def test_a_system_that_does_not_tell_is_not_guessed(tmp_path: Path) -> None:
    assert free_memory(tmp_path / "none", tmp_path / "neither") is None
