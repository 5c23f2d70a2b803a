"""How much memory this process can still have: what the machine has left, and what its container allows."""

from __future__ import annotations

from pathlib import Path

from bertft.system.cgroups import groups_of, read_system_file

FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Of control groups of version 2 and 1: the limit, what is in use, and what of that, in memory.stat, is given up at once."""


def free_memory(proc: Path = Path("/proc"), mounted: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes; None where the system does not tell."""
    left = [_left_in(group) for group in groups_of("memory", proc / "self" / "cgroup", mounted)]
    known = [bytes_ for bytes_ in (_of_machine(proc / "meminfo"), *left) if bytes_ is not None]
    return min(known, default=None)


def _of_machine(meminfo: Path) -> int | None:
    found = _number_after("MemAvailable:", meminfo)
    return None if found is None else 1024 * found


def _left_in(group: Path) -> int | None:
    for limit, usage, cache in FILES:
        found = [read_system_file(group / name) or "" for name in (limit, usage)]
        if all(number.isdigit() for number in found):
            most, used = map(int, found)
            return max(0, most - used + (_number_after(cache, group / "memory.stat") or 0))
    return None


def _number_after(name: str, file: Path) -> int | None:
    rows = (line.split() for line in (read_system_file(file) or "").splitlines())
    return next((int(words[1]) for words in rows if words[:1] == [name] and words[1:] and words[1].isdigit()), None)
