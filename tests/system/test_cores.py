"""How many cores a process may use, from made-up files of the system, and when threads will have to wait for one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bertft.system import cores
from bertft.system.cores import (
    Usage,
    cgroup_quota,
    crowded,
    physical_cores,
    processors_busy,
    usable_cores,
    used_by_others,
)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def quota(folder: Path, membership: str, files: dict[str, str]) -> float | None:
    """Of a process with that /proc/self/cgroup, where the control groups hold those files."""
    for name, text in files.items():
        write(folder / "mounted" / name, text)
    return cgroup_quota(write(folder / "membership", membership), folder / "mounted")


V1 = "cpu.cfs_quota_us", "cpu.cfs_period_us"


def v1(group: str, cpus: float) -> dict[str, str]:
    return {f"{group}/{V1[0]}": f"{int(cpus * 100_000)}\n", f"{group}/{V1[1]}": "100000\n"}


@pytest.mark.parametrize(
    ("membership", "files", "wanted"),
    [
        ("0::/\n", {"cpu.max": "250000 100000\n"}, 2.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/\n", {}, None),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "150000 50000\n"}, 3),
        ("0::/a/b\n", {"a/b/cpu.max": "100000 100000\n", "a/cpu.max": "800000 100000\n"}, 1),
        ("0::/a\n", {"b/cpu.max": "100000 100000\n"}, None),
        ("0::/host/only\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/../..\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/a\n", {"cpu.max": "nonsense\n"}, None),
        ("3:cpuset:/x\n1:cpu:/x\n0::/\n", v1("cpu/x", 4), 4),
        ("1:cpu:/x\n", v1("cpu/x", 4) | v1("cpu", 2), 2),
        ("4:cpu,cpuacct:/docker/1f\n", v1("cpu,cpuacct", 1.5), 1.5),
        ("4:cpu,cpuacct:/docker/1f\n", v1("cpu/docker/1f", 0.5), 0.5),
        ("1:cpu:/\n", {f"cpu/{V1[0]}": "-1\n", f"cpu/{V1[1]}": "100000\n"}, None),
        ("1:cpuset:/\n", v1("cpuset", 1), None),
        ("1:name=systemd:/\n0::/a\n", {"unified/a/cpu.max": "300000 100000\n"}, 3),
        ("garbage", {"cpu.max": "100000 100000"}, None),
    ],
)
def test_the_strictest_group_of_the_process_counts(
    tmp_path: Path, membership: str, files: dict[str, str], wanted: float | None
) -> None:
    assert quota(tmp_path, membership, files) == wanted


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert cgroup_quota(tmp_path / "none", tmp_path / "neither") is None


def test_two_processors_of_one_core_count_once(tmp_path: Path) -> None:
    for cpu in range(8):
        write(tmp_path / f"cpu{cpu}" / "topology" / "thread_siblings_list", f"{cpu % 4},{cpu % 4 + 4}\n")
    assert physical_cores(range(8), tmp_path) == 4
    assert physical_cores({0, 1, 4}, tmp_path) == 2
    assert physical_cores(range(8), tmp_path / "none") == 8
    assert physical_cores((), tmp_path) == 1


@pytest.mark.parametrize(("limit", "wanted"), [("max", 4), ("900000", 4), ("250000", 2), ("199999", 1), ("10000", 1)])
def test_a_container_gets_whole_cores_and_at_least_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, wanted: int
) -> None:
    write(tmp_path / "self" / "cgroup", "0::/\n")
    write(tmp_path / "groups" / "cpu.max", f"{limit} 100000\n")
    monkeypatch.setattr(cores, "_PROC", tmp_path)
    monkeypatch.setattr(cores, "_CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(cores, "_CPUS", tmp_path / "cpus")
    monkeypatch.setattr(cores, "allowed_cpus", lambda: {0, 1, 2, 3})
    assert usable_cores() == wanted


STAT = """cpu  99 99 99 99 99 99 99 99 99 99
cpu0 10 1 5 1000 70 2 3 4 0 0
cpu1 20 0 0 2000 0 0 0 0 0 0
cpu10 500 0 0 0 0 0 0 0 0 0
intr 1 2 3
"""


def test_busy_is_all_but_idling_and_waiting_for_a_disk_on_the_processors_of_the_process() -> None:
    assert processors_busy(STAT, {0}) == 10 + 1 + 5 + 2 + 3 + 4
    assert processors_busy(STAT, {0, 1}) == 45
    assert processors_busy(STAT, {0, 1, 2}) is None
    assert processors_busy("", {0}) is None
    assert processors_busy("cpu0 1 2\n", {0}) is None


def test_others_are_what_is_busy_without_our_own_time(tmp_path: Path) -> None:
    before = Usage(elapsed=100, busy=50, own=3)
    assert used_by_others(before, Usage(elapsed=104, busy=58, own=5)) == 1.5
    assert used_by_others(before, Usage(elapsed=104, busy=51, own=5)) == 0
    assert used_by_others(before, Usage(elapsed=100.1, busy=51, own=3)) is None
    assert used_by_others(None, before) is None
    assert cores.usage(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("threads", "available", "others", "word"),
    [
        (2, 2, None, ""),
        (2, 2, 0.4, ""),
        (2, 4, 2.0, ""),
        (1, 2, 1.2, ""),
        (8, 2, None, "8 threads on 2 cores wait for each other: --threads 2 is faster."),
        (2, 1, 0.0, "2 threads on 1 core wait for each other: --threads 1 is faster."),
        (2, 2, 1.3, "Other programs keep 1.3 of 2 cores busy, so this takes longer. --threads 1 may be faster"),
        (16, 16, 4.2, "--threads 12 may be faster"),
    ],
)
def test_a_word_is_said_where_cores_are_short(threads: int, available: int, others: float | None, word: str) -> None:
    said = crowded(threads, available, others)
    assert word in said
    assert bool(said) == bool(word)


def test_no_fewer_threads_are_advised_than_one() -> None:
    assert crowded(1, 1, 0.9).endswith("so this takes longer.")


WAITING = (
    "from bertft.system.cores import sleep_while_waiting as s; s(); import os; print(os.environ.get('GOMP_SPINCOUNT'))"
)


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [({}, "1000"), ({"OMP_WAIT_POLICY": "active"}, "None"), ({"GOMP_SPINCOUNT": "9"}, "9")],
)
def test_threads_sleep_while_they_wait_unless_told_otherwise(setting: dict[str, str], wanted: str) -> None:
    plain = {name: value for name, value in os.environ.items() if name not in cores.SPIN_SETTINGS}
    done = subprocess.run(
        [sys.executable, "-c", WAITING], env={**plain, **setting}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == wanted


def test_openmp_is_told_before_torch_wakes() -> None:
    """A stand-in for torch's place: whoever wakes it finds the setting there."""
    script = (
        "import sys, os\n"
        "sys.argv = ['bertft', '--version']\n"
        "from bertft.commands.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('torch' in sys.modules, os.environ['GOMP_SPINCOUNT'])"
    )
    plain = {name: value for name, value in os.environ.items() if name not in cores.SPIN_SETTINGS}
    done = subprocess.run([sys.executable, "-c", script], env=plain, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False 1000"


@pytest.mark.parametrize(
    ("openmp", "mkl", "threads"),
    [("2", "", 2), ("2", "1", 1), ("1", "2", 2), ("8", "", 4), ("3,2", "", 3), ("0", "", None), ("many", "", None)],
)
def test_threads_of_the_environment_are_those_of_torch(
    monkeypatch: pytest.MonkeyPatch, openmp: str, mkl: str, threads: int | None
) -> None:
    """MKL's number wins, and there are no more than cores."""
    for name, value in (("OMP_NUM_THREADS", openmp), ("MKL_NUM_THREADS", mkl)):
        monkeypatch.setenv(name, value)
        if not value:
            monkeypatch.delenv(name)
    monkeypatch.setattr(cores, "usable_cores", lambda: 4)
    assert cores.threads_of_environment() == threads
