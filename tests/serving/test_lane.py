"""The lane: batches across works, turns for all, one work's fault its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bertft.serving.lane import Closed, Lane
from bertft.serving.problems import Refused
from bertft.serving.turns import Turns


@dataclass(frozen=True)
class Token:
    """A piece of some tokens."""

    name: str
    size: int = 1

    @property
    def input_ids(self) -> range:
        return range(self.size)


@dataclass
class Words:
    """A work whose texts are words; they are answered in capitals."""

    names: Sequence[str]
    size: int = 1
    slice: int = 2
    fault: Exception | None = None

    @property
    def texts(self) -> int:
        return len(self.names)

    def slices(self) -> Iterator[list[list[Token]]]:
        for start in range(0, len(self.names), self.slice):
            yield [[Token(name, self.size)] for name in self.names[start : start + self.slice]]
        if self.fault:
            raise self.fault

    def finish(self, outputs: Sequence[Sequence[Any]]) -> list[str]:
        return [one for text in outputs for one in text]


@dataclass
class Network:
    """Computes when it is let go; remembers its batches."""

    batches: list[list[str]] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def compute(self, pieces: Sequence[Token]) -> list[str]:
        self.batches.append([piece.name for piece in pieces])
        self.begun.release()
        assert self.go.wait(60)
        if any(piece.name == "bad" for piece in pieces):
            raise ValueError("bad")
        return [piece.name.upper() for piece in pieces]

    def batched(self, **counts: Any) -> None:
        pass


@contextmanager
def lane_of(network: Network, *, max_tokens: int = 4, max_queue: int = 100) -> Iterator[Lane]:
    lane = Lane("t", network.compute, Turns(), network, max_tokens=max_tokens, max_wait=0.0, max_queue=max_queue)
    yield lane
    network.go.set()
    lane.close()
    lane.join()


def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        threading.Event().wait(0.001)


def all_read(lane: Lane) -> bool:
    with lane._lock:
        return not lane._unread and not lane._reading


def held(lane: Lane, network: Network) -> Future[Any]:
    """A work that is being computed until the network is let go."""
    first = lane.submit(Words(["first"]))
    assert network.begun.acquire(timeout=60)
    return first


def test_works_share_a_batch() -> None:
    network = Network()
    with lane_of(network) as lane:
        held(lane, network)
        works = [lane.submit(Words([name])) for name in "abc"]
        until(lambda: all_read(lane))
        network.go.set()
        assert [work.result(60) for work in works] == [["A"], ["B"], ["C"]]
    assert network.batches == [["first"], ["a", "b", "c"]]


def test_a_small_work_does_not_wait_for_the_whole_of_a_large_one() -> None:
    network = Network()
    with lane_of(network, max_tokens=2) as lane:
        held(lane, network)
        large = lane.submit(Words([f"l{number}" for number in range(20)]))
        small = lane.submit(Words(["s"]))
        until(lambda: all_read(lane))
        network.go.set()
        assert small.result(60) == ["S"]
        assert large.result(60) == [f"L{number}" for number in range(20)]
    assert "s" in network.batches[1]


def test_a_batch_keeps_to_its_tokens_and_a_piece_beyond_them_goes_alone() -> None:
    network = Network()
    with lane_of(network, max_tokens=4) as lane:
        held(lane, network)
        works = [lane.submit(Words(["a", "b"], size=2)), lane.submit(Words(["huge"], size=9))]
        until(lambda: all_read(lane))
        network.go.set()
        assert [work.result(60) for work in works] == [["A", "B"], ["HUGE"]]
    assert sorted(map(tuple, network.batches[1:])) == [("a",), ("b",), ("huge",)] or ["a", "b"] in network.batches


def test_a_work_that_fails_harms_only_itself() -> None:
    network = Network()
    with lane_of(network) as lane:
        held(lane, network)
        works = [lane.submit(Words([name])) for name in ("good", "bad", "fine")]
        unread = lane.submit(Words(["x"], fault=Refused(422, "validation", "no")))
        until(lambda: all_read(lane))
        network.go.set()
        assert works[0].result(60) == ["GOOD"]
        assert works[2].result(60) == ["FINE"]
        with pytest.raises(ValueError, match="bad"):
            works[1].result(60)
        with pytest.raises(Refused):
            unread.result(60)
        assert lane.waiting == 0


def test_beyond_the_queue_a_work_is_refused_but_never_where_nothing_waits() -> None:
    network = Network()
    with lane_of(network, max_queue=3) as lane:
        held(lane, network)
        lane.submit(Words(["a", "b"]))
        with pytest.raises(Refused) as refused:
            lane.submit(Words(["c"]))
        assert refused.value.status == 429
        network.go.set()
        until(lambda: not lane.waiting)
        assert lane.submit(Words(list("abcdef"))).result(60) == list("ABCDEF")


def test_a_work_that_nobody_waits_for_is_dropped() -> None:
    network = Network()
    with lane_of(network) as lane:
        held(lane, network)
        dropped, kept = lane.submit(Words(["dropped"])), lane.submit(Words(["kept"]))
        until(lambda: all_read(lane))
        assert dropped.cancel()
        network.go.set()
        assert kept.result(60) == ["KEPT"]
    assert network.batches == [["first"], ["kept"]]


def test_a_closed_lane_answers_what_it_has_accepted() -> None:
    network = Network()
    with lane_of(network) as lane:
        first = held(lane, network)
        second = lane.submit(Words(["a", "b", "c", "d", "e"]))
        lane.close()
        with pytest.raises(Closed):
            lane.submit(Words(["late"]))
        network.go.set()
        assert first.result(60) == ["FIRST"]
        assert second.result(60) == ["A", "B", "C", "D", "E"]


def test_a_work_without_pieces_is_finished() -> None:
    with lane_of(Network()) as lane:
        assert lane.submit(Words([])).result(60) == []


def test_turns_go_round() -> None:
    turns, order = Turns(), []
    waits = [threading.Event() for _ in range(3)]

    def take(number: int) -> None:
        with turns.turn():
            order.append(number)

    with turns.turn():
        threads = []
        for number, _ in enumerate(waits):
            threads.append(threading.Thread(target=take, args=(number,)))
            threads[-1].start()
            until(lambda: len(turns._waiting) == len(threads))
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2]
