"""How many threads this process should use, and what others leave of the cores. No torch here.

The number follows from the machine alone: the physical cores that the process may run on, and the share of them that its
container allows. It does not follow the load, as another number of threads rounds differently: the same command would give
other weights on a busy day. What a busy machine costs is kept small by threads that sleep while they wait."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bertft.system.cgroups import groups_of, read_system_file

SPIN_SETTINGS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Environment variables that say how long a thread of OpenMP spins before it sleeps."""
SPINS = "1000"
"""Rounds that a thread spins before it sleeps, of 300,000 by default. On two cores a step took 206 ms by default, 221 with 1,000
and 251 with none; beside a program that kept one of them busy 608, 354 and 291."""
THREAD_SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables from which torch takes its number of threads; the last one wins."""

SHORTEST_LOOK = 0.2
"""Seconds below which the counters of the processors say too little."""
TAKEN = 0.5
"""Cores that others must take from our threads to be worth a word."""

_PROC, _CPUS, _CGROUPS = Path("/proc"), Path("/sys/devices/system/cpu"), Path("/sys/fs/cgroup")


def sleep_while_waiting() -> None:
    """Call before torch is imported: OpenMP reads its settings once. By default a thread that is done spins for others that have
    not even been given a core, and so takes it from them."""
    if not any(name in os.environ for name in SPIN_SETTINGS):
        os.environ["GOMP_SPINCOUNT"] = SPINS


def threads_of_environment() -> int | None:
    """As torch reads it at its start, and no more than there are cores; None where nothing is set, or no number."""
    given = (os.environ[name].split(",")[0].strip() for name in reversed(THREAD_SETTINGS) if name in os.environ)
    asked = next((int(one) for one in given if one.isdecimal() and int(one)), None)
    return None if asked is None else min(asked, usable_cores())


def usable_cores() -> int:
    """Physical cores that this process may use, in whole numbers: with 2.5 cores the third thread would keep two waiting."""
    quota = cgroup_quota(_PROC / "self" / "cgroup", _CGROUPS)
    cores = physical_cores(allowed_cpus(), _CPUS)
    return cores if quota is None else max(1, min(cores, int(quota)))


def allowed_cpus() -> set[int]:
    """Logical processors that the system lets this process run on."""
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def physical_cores(cpus: Iterable[int], folder: Path) -> int:
    """Distinct cores among the logical processors; each is one where the system does not say which share a core."""
    cores = set()
    for cpu in cpus:
        siblings = read_system_file(folder / f"cpu{cpu}" / "topology" / "thread_siblings_list")
        cores.add(siblings or str(cpu))
    return max(len(cores), 1)


def cgroup_quota(membership: Path, mounted: Path) -> float | None:
    """Cores that the control groups of the process allow, the strictest of them; None: as many as there are."""
    groups = groups_of("cpu", membership, mounted)
    return min((quota for group in groups if (quota := _quota(group))), default=None)


def _quota(group: Path) -> float | None:
    """Of one group: version 2 has `QUOTA PERIOD` or `max PERIOD`, version 1 a file for each, and -1 for no limit."""
    words = (read_system_file(group / "cpu.max") or "").split()
    if not words:
        words = [
            read_system_file(group / "cpu.cfs_quota_us") or "",
            read_system_file(group / "cpu.cfs_period_us") or "",
        ]
    try:
        quota, period = map(int, words)
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None


@dataclass(frozen=True)
class Usage:
    """Counters since the machine and this process began, in seconds."""

    elapsed: float
    busy: float
    """Of the processors that this process may run on, together; with what a host took from a virtual machine."""
    own: float


def usage(stat: Path = _PROC / "stat") -> Usage | None:
    """Now; None where the system does not tell."""
    cpus, tick = allowed_cpus(), 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01
    busy = processors_busy(read_system_file(stat) or "", cpus)
    if busy is None:
        return None
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    return Usage(times.elapsed, busy * tick, own)


def processors_busy(stat: str, cpus: set[int]) -> int | None:
    """Ticks in which those processors were not idle, from the text of /proc/stat; None where it does not list them all."""
    names = {f"cpu{cpu}" for cpu in cpus}
    rows = [words for line in stat.splitlines() if (words := line.split()) and words[0] in names]
    if len(rows) < len(names) or any(len(row) < 9 for row in rows):
        return None
    return sum(sum(map(int, row[1:9])) - int(row[4]) - int(row[5]) for row in rows)  # 4 idle, 5 waiting for a disk


def used_by_others(before: Usage | None, after: Usage | None) -> float | None:
    """Cores that other processes kept busy in between, on average; None where that cannot be said."""
    if before is None or after is None or after.elapsed - before.elapsed < SHORTEST_LOOK:
        return None
    others = (after.busy - before.busy) - (after.own - before.own)
    return max(0.0, others / (after.elapsed - before.elapsed))


@dataclass
class _Start:
    usage: Usage | None = None


_start = _Start()


def begin_looking() -> None:
    """The counters now, for `others_so_far`: while the libraries are loaded there is time enough to see what others do."""
    _start.usage = usage()


def others_so_far() -> float | None:
    """Cores that others kept busy since the command began. The load average would not do: it is still high from the last
    command of the same user."""
    return used_by_others(_start.usage, usage())


def crowded(threads: int, cores: int, others: float | None) -> str:
    """A word where the threads cannot all have a core; empty where they can."""
    if threads > cores:
        return f"{threads} threads on {_cores(cores)} wait for each other: --threads {cores} is faster."
    if others is not None and others + threads > cores + TAKEN:
        fewer = max(1, cores - round(others))
        advice = f" --threads {fewer} may be faster, and rounds differently." if fewer < threads else ""
        return f"Other programs keep {min(others, cores):.1f} of {_cores(cores)} busy, so this takes longer.{advice}"
    return ""


def _cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"
