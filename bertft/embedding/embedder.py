"""An encoder that is ready to embed: rows in, their vectors out, in order and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from bertft import console
from bertft.adapters import Batch, Feature
from bertft.embedding.encoding import Encoded, TextEncoder, TextInput, by_word
from bertft.embedding.recipe import VectorRecipe
from bertft.engine.eval_loop import model_outputs, stop_together
from bertft.engine.meter import Meter
from bertft.model.backbone import Backbone
from bertft.protocols import Device, Network

WINDOW = 4096
"""Rows that are sorted by length and embedded together, at most."""
_MOST_BYTES = 1 << 28
"""Of the vectors of a window."""

NOTHING = "the tokenizer finds no token in the text"

Vectors = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class EmbeddedRow:
    """A row with its vector."""

    given: TextInput
    vectors: Vectors | None
    """(D,) of the text, or (N, D) of its tokens or words, fp32; None where there is nothing to embed."""
    pieces: Sequence[str]
    """The tokens or words that the vectors are of; empty where one vector is for them all."""
    reason: str
    """Why there are no vectors; '' where there are."""
    truncated: bool


@dataclass(frozen=True)
class Embedder:
    """A network that gives `vectors`, on its device, with the tokenizer that belongs to it."""

    network: Network
    encoder: TextEncoder
    recipe: VectorRecipe
    accelerator: Device
    dimension: int
    model: Backbone

    @property
    def window(self) -> int:
        """Rows at once: fewer where each has many vectors. The same rows stand together whenever a file is embedded, so its
        vectors are the same to the last bit."""
        vectors = self.encoder.max_length if self.recipe.is_ragged else 1
        return max(min(WINDOW, _MOST_BYTES // (4 * self.dimension * vectors)), 1)

    def windows(
        self, rows: Iterator[TextInput], meter: Meter, *, done: int = 0, label: str = ""
    ) -> Iterator[list[EmbeddedRow]]:
        """All rows in order, a window at a time. `done`: rows before, to count on from; `label`: of the progress bar."""
        with console.progress(label, None) as bar:
            while window := list(islice(rows, self.window)):
                yield self.embedded(window, meter)
                stop_together(self.accelerator)
                done += len(window)
                bar.update(done, str(meter))

    def embedded(self, window: Sequence[TextInput], meter: Meter) -> list[EmbeddedRow]:
        """One for each row."""
        asked = [one for one in window if not one.reason]
        encoded = dict(zip(map(id, asked), self.encoder.encode(asked), strict=True))
        readable = [found for found in encoded.values() if not found.is_blank]
        meter.truncated += sum(found.feature.truncated for found in readable)
        features = [found.feature for found in readable]
        with console.progress("", None) as bar:
            outputs = model_outputs(self.network, self, features, self.accelerator, meter, bar) if features else []
        vectors = dict(zip(map(id, readable), outputs, strict=True))
        return [self._row(one, encoded.get(id(one)), vectors) for one in window]

    def _row(self, given: TextInput, encoded: Encoded | None, vectors: Mapping[int, Vectors]) -> EmbeddedRow:
        if encoded is None or encoded.is_blank:
            return EmbeddedRow(given, None, (), given.reason or NOTHING, False)
        found = vectors[id(encoded)]
        found = by_word(found, encoded) if self.recipe.words else found
        return EmbeddedRow(given, found, encoded.pieces, "", encoded.feature.truncated)

    def collate(self, features: Sequence[Feature]) -> Batch:
        return self.encoder.collate(features)

    def outputs_of(self, outputs: Mapping[str, Vectors], features: Sequence[Feature]) -> list[Vectors]:
        """The vectors of each, without those of padding."""
        found = outputs["vectors"]
        if not self.recipe.is_ragged:
            return [*found]
        return [vectors[: len(feature.input_ids)].copy() for vectors, feature in zip(found, features, strict=True)]
