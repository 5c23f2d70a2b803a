"""A part of a network and the formula of its parameters. The formula is the only statement: its number is computed from it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

_SYMBOL = re.compile(r"[A-Z]")
_SQUARED = "²"


@dataclass(frozen=True)
class CountedPart:
    """So many parameters in each of some layers. Layer 0 is the embeddings, those of the encoder are 1 to L, and L + 1 is all
    above: as `model/layers.py` has them."""

    name: str
    formula: str
    """A sum of products of numbers and symbols, such as `4·H² + 4·H`."""
    values: Mapping[str, int]
    """Of the symbols."""
    layers: range
    """Those that have it."""

    @property
    def each(self) -> int:
        """Parameters in one of its layers."""
        return sum(math.prod(map(self._factor, term.split("·"))) for term in self.formula.split(" + "))

    @property
    def count(self) -> int:
        return self.each * len(self.layers)

    def trainable(self, deepest: int) -> int:
        """Parameters that still learn where layers up to this one are frozen; -1: none is."""
        return self.each * sum(layer > deepest for layer in self.layers)

    @property
    def symbols(self) -> str:
        """`V·H`, or `6 × (4·H² + 4·H)` of several layers."""
        return self._repeated(self.formula)

    @property
    def numbers(self) -> str:
        """The same with the values: `30,522·384`."""
        return self._repeated(_SYMBOL.sub(lambda found: f"{self.values[found.group()]:,}", self.formula))

    def _repeated(self, words: str) -> str:
        return words if len(self.layers) == 1 else f"{len(self.layers)} × ({words})"

    def _factor(self, factor: str) -> int:
        found = factor.removesuffix(_SQUARED)
        value = self.values[found] if found in self.values else int(found)
        return value**2 if factor.endswith(_SQUARED) else value
