"""What a request asks of a network, and what answers it: the border between the service and everything below it.

A work is read in slices, so that a large request lets others pass; its pieces are computed in batches with those of other
requests; and it is finished with the outputs of its own pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class Piece(Protocol):
    """What a network reads at once: a text, or one window of it."""

    @property
    def input_ids(self) -> Any: ...


class Work(Protocol):
    """What one request asks."""

    @property
    def texts(self) -> int:
        """How many are asked about."""

    def slices(self) -> Iterator[Sequence[Sequence[Piece]]]:
        """The pieces of some texts, then of some more. Called by one thread at a time."""

    def finish(self, outputs: Sequence[Sequence[Any]]) -> Any:
        """The outputs of the pieces of each text -> what the request gets."""


@dataclass(frozen=True)
class Answers:
    """What a request gets, and what is to be said of it beside."""

    value: Any
    truncated: int = 0
    """Texts that were cut."""


class Served(Protocol):
    """A run that is ready to answer. Methods that do not suit it raise Refused."""

    name: str
    folder: Path

    @property
    def endpoints(self) -> Sequence[str]:
        """Names of those that it answers."""

    def about(self) -> dict[str, Any]:
        """Its entry in /info."""

    def labels(self, inputs: Sequence[Any], *, raw: bool, truncate: bool) -> Work: ...

    def entities(self, inputs: Sequence[Any]) -> Work: ...

    def answers(self, pairs: Sequence[tuple[str, str]]) -> Work: ...

    def rows(
        self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], options: Mapping[str, Any]
    ) -> Work: ...

    def vectors(
        self, path: str, texts: Sequence[str], say: Callable[[Any, int], Any], *, normalize: bool, truncate: bool
    ) -> Work:
        """`path`: that was asked. `say`: vectors (N, D) and the number of tokens -> what the request gets."""

    def explain(self, given: Any, turn: Callable[[], Any]) -> Answers:
        """The words that mattered. `turn`: a context in which the network may compute."""

    def file(self, source: Path, output: Path, options: Mapping[str, Any], ask: Callable[[Work], Any]) -> Answers:
        """Predict a file. `ask` computes a work among those of other requests."""

    def compute(self, pieces: Sequence[Any]) -> list[Any]:
        """Outputs of the network that answers, one for each piece."""

    def compute_vectors(self, pieces: Sequence[Any]) -> list[Any]:
        """The same of its encoder."""
