"""The control groups of this process, as Linux and containers set them: what they allow is less than the machine has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def groups_of(controller: str, membership: Path, mounted: Path) -> Iterator[Path]:
    """Folders of the groups that limit `cpu` or `memory`. `membership` is /proc/self/cgroup. Inside a container the path may be
    the host's, of which only the upper end is mounted."""
    for line in (read_system_file(membership) or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            folders = [mounted, mounted / "unified"]
        elif controller in controllers.split(","):
            folders = [mounted / controllers, mounted / controller]
        else:
            continue
        yield from (group for folder in folders for group in _upwards(folder, path))


def _upwards(folder: Path, path: str) -> Iterator[Path]:
    """The group and all those that it lies in, which limit it too."""
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for depth in range(len(parts), -1, -1):
        yield folder.joinpath(*parts[:depth])


def read_system_file(path: Path) -> str | None:
    """Its text; None where the system has none."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
