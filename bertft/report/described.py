"""What `info` found: a model's parts, its memory and operations, and of a run what it learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bertft.counting import Memory, Saving


@dataclass(frozen=True)
class DescribedPart:
    """A row of the table of parameters; without formulas where the network was counted by building it."""

    name: str
    parameters: int
    trainable: int
    formula: str = ""
    numbers: str = ""


@dataclass(frozen=True)
class DescribedMemory:
    """Bytes of a training, and what they are of."""

    parts: Memory
    batch_size: int
    length: int
    precision: str
    layers: str
    """Whose."""
    used_tokens: int | None


@dataclass(frozen=True)
class DescribedOperations:
    """Of a forward pass; a multiplication and an addition are two."""

    length: int
    per_text: int

    @property
    def per_token(self) -> float:
        return self.per_text / self.length


@dataclass(frozen=True)
class DescribedRun:
    """What a run learned from, and what came of it."""

    task: str
    backbone: str
    labels: Sequence[str]
    rows: Mapping[str, int]
    data: Mapping[str, str]
    """Path of the file by split."""
    seed: int
    steps: int
    finished: str
    seconds: float | None
    scores: Mapping[str, Mapping[str, Any]]
    """Main metric and value by split or file."""


@dataclass(frozen=True)
class Described:
    """All of it. A part that is not known is None, and a note says why."""

    model: str
    family: str
    head: str
    labels: int
    counted_by: str
    """`formula`, `building` the network, or the `weights` of a run."""
    parts: Sequence[DescribedPart]
    memory: DescribedMemory | None
    operations: DescribedOperations | None
    savings: Sequence[Saving]
    run: DescribedRun | None
    notes: Sequence[str]

    @property
    def parameters(self) -> int:
        return sum(part.parameters for part in self.parts)

    @property
    def trainable(self) -> int:
        return sum(part.trainable for part in self.parts)

    def as_dict(self) -> dict[str, Any]:
        memory = None
        if (found := self.memory) is not None:
            memory = {**asdict(found), "parts": None, **found.parts.as_dict()}
            del memory["parts"]
        operations = self.operations and {**asdict(self.operations), "per_token": self.operations.per_token}
        return {
            "model": self.model,
            "family": self.family,
            "head": self.head,
            "labels": self.labels,
            "counted_by": self.counted_by,
            "parameters": self.parameters,
            "trainable": self.trainable,
            "parts": [asdict(part) for part in self.parts],
            "memory": memory,
            "operations": operations,
            "savings": [asdict(saving) for saving in self.savings],
            "run": self.run and asdict(self.run),
            "notes": list(self.notes),
        }
