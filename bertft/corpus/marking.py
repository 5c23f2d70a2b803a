"""What a strategy of masking wants to know of each token of a corpus: a sentence and its encoding come in, marks go out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertft.corpus.entities import Entities
from bertft.corpus.word_list import Place
from bertft.masking.marks import Marks, marks_of


@dataclass(frozen=True)
class Marker:
    """Marks the tokens of a sentence."""

    words: Callable[[str], list[Place]]
    entities: Entities | None = None

    def __call__(self, sentence: str, encoding: Any) -> Marks:
        """(T,). `encoding`: the sentence's, of the tokenizers library."""
        entities = self.entities.places(sentence) if self.entities else ()
        return marks_of(_array(encoding.offsets), _array(self.words(sentence)), entities)


def _array(places: list[Place]) -> NDArray[np.int64]:
    return np.asarray(places, dtype=np.int64).reshape(-1, 2)
