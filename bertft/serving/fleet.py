"""The runs of a service, by name, each with its lanes. A run whose folder is replaced is opened beside the old one, which answers
until the new one is ready and then finishes what it has accepted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bertft import console
from bertft.serving.lane import Closed, Lane
from bertft.serving.metrics import Metrics
from bertft.serving.problems import NOT_FOUND, Refused, stopping
from bertft.serving.turns import Turns
from bertft.serving.work import Served, Work
from bertft.system.memory import collect_all

LOOKS = 1.0
"""Seconds between two looks at the folders."""

Opener = Callable[[str, Path], Served]


@dataclass(frozen=True)
class LaneSizes:
    """As `Lane` has them."""

    max_tokens: int
    max_wait: float
    max_queue: int


class Station:
    """A run and its lanes, until it is replaced."""

    def __init__(self, served: Served, turns: Turns, metrics: Metrics, sizes: LaneSizes) -> None:
        self.served, self._turns, self._sizes = served, turns, sizes
        self._texts = metrics.texts.labels(served.name)
        self._watcher = metrics.watch(served.name, lambda: sum(lane.waiting for lane in self.lanes))
        self.lanes: list[Lane] = [self._lane("answers", served.compute), self._lane("vectors", served.compute_vectors)]

    def _lane(self, part: str, compute: Callable[[Sequence[Any]], list[Any]]) -> Lane:
        sizes = vars(self._sizes)
        return Lane(f"{self.served.name}-{part}", compute, self._turns, self._watcher, **sizes)

    def submit(self, work: Work, *, vectors: bool = False) -> Future[Any]:
        """Closed where this run was replaced."""
        future = self.lanes[vectors].submit(work)
        self._texts.inc(work.texts)
        return future

    def close(self) -> None:
        for lane in self.lanes:
            lane.close()

    def join(self) -> None:
        for lane in self.lanes:
            lane.join()

    @property
    def is_working(self) -> bool:
        """Whether it answers something, or may have to."""
        return any(lane.is_working for lane in self.lanes)


@dataclass
class Fleet:
    """All runs, the first of which answers where none is named."""

    open: Opener
    metrics: Metrics
    sizes: LaneSizes
    turns: Turns = field(default_factory=Turns)
    stations: dict[str, Station] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    """Name -> why its new folder could not be opened."""
    _replaced: list[Station] = field(default_factory=list)
    """That still answer what they have accepted."""
    _stamps: dict[str, Any] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def add(self, name: str, folder: Path) -> None:
        self._stamps[name] = stamp_of(folder)
        self.stations[name] = self._opened(self.open(name, folder))

    def _opened(self, served: Served) -> Station:
        return Station(served, self.turns, self.metrics, self.sizes)

    def served(self, name: str | None) -> Served:
        return self.station(name).served

    def station(self, name: str | None) -> Station:
        if name is None:
            return next(iter(self.stations.values()))
        if name not in self.stations:
            known = ", ".join(self.stations)
            raise Refused(404, NOT_FOUND, f"No run '{name[:100]}' is served here; known: {known}.")
        return self.stations[name]

    def submit(self, name: str | None, make: Callable[[Served], Work], *, vectors: bool = False) -> Future[Any]:
        """`make`: the work, of the run that answers now."""
        while True:
            station = self.station(name)
            try:
                return station.submit(make(station.served), vectors=vectors)
            except Closed:
                if station is self.station(name):
                    raise stopping() from None

    def watch(self) -> threading.Thread:
        """Look after the folders from now on."""
        thread = threading.Thread(target=self._look_after, name="reload", daemon=True)
        thread.start()
        return thread

    def _look_after(self) -> None:
        seen: dict[str, Any] = {}
        while not self._stop.wait(LOOKS):
            for name in list(self.stations):
                self.look(name, seen)
            self.let_go()

    def look(self, name: str, seen: dict[str, Any]) -> None:
        """Open a run again whose files differ from those that were opened, and change no more. `seen`: at the last look."""
        station = self.stations[name]
        now = stamp_of(station.served.folder)
        if now and now != self._stamps[name] and now == seen.get(name):
            self._stamps[name] = now
            self._replace(name, station)
        seen[name] = now

    def let_go(self) -> None:
        """Free what replaced runs hold that have answered all: networks refer to themselves, so Python alone would be late."""
        staying = [station for station in self._replaced if station.is_working]
        if len(staying) < len(self._replaced):
            self._replaced = staying
            collect_all()

    def _replace(self, name: str, old: Station) -> None:
        try:
            self.stations[name] = self._opened(self.open(name, old.served.folder))
        except Exception as problem:
            self.faults[name] = f"{problem}" if hasattr(problem, "exit_code") else type(problem).__name__
            self.metrics.reloads.labels(name, "failed").inc()
            console.warn(
                f"{name}: its folder has changed and cannot be opened; the old run goes on. {self.faults[name]}"
            )
            return
        self.faults.pop(name, None)
        self.metrics.reloads.labels(name, "done").inc()
        old.close()
        self._replaced.append(old)
        console.note(f"{name}: its folder has changed; the new run answers from now on.")

    def close(self, until: float) -> bool:
        """Answer what was accepted, until then by `time.monotonic`. Whether all of it is."""
        self._stop.set()
        for station in self.stations.values():
            station.close()
        ends = [threading.Thread(target=station.join, daemon=True) for station in self.stations.values()]
        for thread in ends:
            thread.start()
        for thread in ends:
            thread.join(max(until - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in ends)


def stamp_of(folder: Path) -> Any:
    """What tells that files were replaced, without reading them; None while some are missing or being moved."""
    try:
        files = sorted(
            file for file in folder.iterdir() if file.suffix in (".json", ".safetensors", ".onnx", ".txt", ".model")
        )
        stats = [(file.name, file.stat()) for file in files if file.name not in ("run.json",)]
    except OSError:
        return None
    if not any(name == "bertft.json" for name, _ in stats):
        return None
    return tuple((name, one.st_ino, one.st_size, one.st_mtime_ns) for name, one in stats)
