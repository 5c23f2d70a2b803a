"""What a frozen backbone says of each training and validation row, computed once and kept on the disk while a head learns.

It lies in the run folder, mapped into memory, so a file may be larger than memory; it is removed when the head has learned.
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from bertft import console, fast
from bertft.adapters import Adapter, Batch, Feature
from bertft.arrays import Array
from bertft.engine.device import cuts_up
from bertft.engine.eval_loop import model_outputs
from bertft.engine.examples import Examples
from bertft.engine.meter import Meter
from bertft.engine.resume import checksum_of_frozen
from bertft.errors import UsageError
from bertft.model.extras import extras_of, transformers_part
from bertft.model.extras.features import Features, size_of
from bertft.protocols import Device, Network
from bertft.runs import VECTORS
from bertft.system.files import explained, write_text

_NUMBERS, _DONE = "vectors.f32", "done.json"


class VectorsOf(nn.Module):
    """The frozen part of a network, whose output is what the head reads."""

    def __init__(self, network: Any, head: Features) -> None:
        super().__init__()
        self.network, self.head = transformers_part(network), head
        self.config = network.config

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        return {"vectors": self.head.vectors_of(self.network, inputs)}


@dataclass(frozen=True)
class Writer:
    """Takes the place of an adapter: what is computed of a feature goes where its vectors stand."""

    adapter: Adapter

    def collate(self, features: Sequence[Feature]) -> Batch:
        return self.adapter.collate([replace(feature, vectors=None) for feature in features])

    def outputs_of(self, outputs: Mapping[str, Array], features: Sequence[Feature]) -> list[Any]:
        for row, feature in zip(outputs["vectors"], features, strict=True):
            assert feature.vectors is not None
            feature.vectors[:] = row[: len(feature.vectors)]
        return [None] * len(features)


@contextmanager
def frozen_outputs(
    build: Callable[[], Network],
    folder: Path,
    adapter: Adapter,
    rows: Sequence[Examples],
    accelerator: Device,
    *,
    resume: bool,
) -> Iterator[tuple[list[Examples], Mapping[str, float]]]:
    """The rows with what the frozen part of a network says of them, and how long that took. `build` makes the network, which is
    gone afterwards. An error leaves the numbers there, for a resumed run."""
    if cuts_up(accelerator):
        raise UsageError(
            "--features: FSDP cuts the backbone up among processes, and a head needs none. Train without FSDP."
        )
    network = build()
    (head,) = (extra for extra in extras_of(network) if isinstance(extra, Features))
    place, store = folder / VECTORS, Store.of(network, head, [one for part in rows for one in part.features])
    known = resume and store.stands_in(place)
    with explained(
        folder, "The vectors of a frozen backbone lie there while its head learns; make room, or choose -o."
    ):
        if accelerator.is_main_process and not known:
            store.make(place)
        accelerator.wait_for_everyone()
        numbers = store.open(place)
    found = [_with_vectors(part, vectors) for part, vectors in zip(rows, store.parted(numbers, rows), strict=True)]
    timings = store.timings(place) if known else {}
    if not known:
        meter = Meter()
        store.fill(network, head, adapter, [one for part in found for one in part.features], accelerator, meter)
        numbers.flush()
        accelerator.wait_for_everyone()
        timings = meter.timings()
        if accelerator.is_main_process:
            write_text(place / _DONE, json.dumps({**store.facts(), "timings": timings}))
    del network, head
    yield found, timings
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        shutil.rmtree(place, ignore_errors=True)


@dataclass(frozen=True)
class Store:
    """The numbers of all features, one feature behind the other."""

    lengths: list[int]
    """Vectors of each feature."""
    width: int
    """Numbers of a vector."""
    what: str
    """Is read of the backbone, in words."""
    checksums: Sequence[int | None] = ()
    """Of the backbone, and of all that it reads."""

    @classmethod
    def of(cls, network: Any, head: Features, features: Sequence[Feature]) -> Store:
        plan = head.plan
        lengths = [len(feature.input_ids) if plan.reads_tokens else 1 for feature in features]
        checksums = (checksum_of_frozen(network), _checksum(features))
        return cls(lengths, plan.reading.width(size_of(network)), repr((plan.reading, plan.pool)), checksums)

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(self.lengths) * self.width * 4

    def facts(self) -> dict[str, Any]:
        sizes = {"vectors": sum(self.lengths), "width": self.width}
        return {**sizes, "what": self.what, "checksums": list(self.checksums)}

    def stands_in(self, place: Path) -> bool:
        """Whether a run that was cut off has left exactly these numbers there."""
        try:
            told = json.loads((place / _DONE).read_text(encoding="utf-8"))
            same = {**told, "timings": None} == {**self.facts(), "timings": None}
            return same and (place / _NUMBERS).stat().st_size == self.size
        except (OSError, ValueError, TypeError):
            return False

    def timings(self, place: Path) -> Mapping[str, float]:
        """How long it took to compute what stands there."""
        found: Mapping[str, float] = json.loads((place / _DONE).read_text(encoding="utf-8")).get("timings", {})
        return found

    def make(self, place: Path) -> None:
        """A file of the right size, all of which is on the disk: where there is no room is told now."""
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        with (place / _NUMBERS).open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, self.size)
            file.truncate(self.size)
        console.note(
            f"Features: {sum(self.lengths):,} vectors of {self.width:,} numbers are computed once; they take "
            f"{self.size / 1e6:,.0f} MB in {place} until the head has learned."
        )

    def open(self, place: Path) -> np.memmap[Any, Any]:
        return np.memmap(place / _NUMBERS, np.float32, "r+", shape=(sum(self.lengths), self.width))

    def parted(self, numbers: Array, rows: Sequence[Examples]) -> Iterator[list[Array]]:
        """For each of the rows' parts the vectors of its features."""
        ends = np.cumsum(self.lengths)
        plain = np.asarray(numbers)  # a view of a memmap costs a kilobyte
        views = (plain[end - length : end] for end, length in zip(ends, self.lengths, strict=True))
        for part in rows:
            yield [next(views) for _ in part.features]

    def fill(
        self,
        network: Any,
        head: Features,
        adapter: Adapter,
        features: Sequence[Feature],
        accelerator: Device,
        meter: Meter,
    ) -> None:
        network.to(accelerator.device)
        fast.speed_up(network, accelerator.device)
        writer: Any = Writer(adapter)
        with console.progress("Features", len(features)) as bar:
            model_outputs(VectorsOf(network, head), writer, features, accelerator, meter, bar)


def _checksum(features: Sequence[Feature]) -> int:
    found = 0
    for feature in features:
        segments = b"" if feature.segments is None else feature.segments.tobytes()
        found = zlib.crc32(b"%d " % len(feature.input_ids) + feature.input_ids.tobytes() + segments, found)
    return found


def _with_vectors(rows: Examples, vectors: Sequence[Array]) -> Examples:
    found = iter(vectors)
    windows = [[replace(feature, vectors=next(found)) for feature in row] for row in rows.windows]
    return replace(rows, windows=windows)
