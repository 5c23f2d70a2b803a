"""How the state of a network in training is stored and taken up again, whether or not only a part of its vocabulary is trained.

Weights are stored whole. What the optimizer knows is stored of the trained rows, with the numbers of these rows as one more
tensor; it can be taken up by a network that trains others, or all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from bertft.fast.vocabulary import cut_of, widened
from bertft.protocols import Network

_ROWS, _DECAYED = "pieces", "decayed"
"""In the files of a state."""

Memory = dict[str, Tensor]
"""What an optimizer knows of one parameter, by name."""


class Storage:
    """Between a network's parameters and what is stored of them."""

    def __init__(self, network: Network) -> None:
        self._network, self._cut = network, cut_of(network)

    def counters(self) -> dict[str, float | None]:
        """What has to be stored besides tensors."""
        return {_DECAYED: None if self._cut is None else self._cut.decayed}

    def whole_weight(self, parameter: Tensor) -> Tensor:
        """All of what a parameter of the network is trained for."""
        return self._cut.whole() if self._cut is not None and self._is_cut(parameter) else parameter

    def stored_memory(self, parameter: Tensor, memory: Mapping[str, Tensor]) -> Memory:
        """What is stored of an optimizer's memory of a parameter."""
        rows = {_ROWS: self._cut.pieces} if self._cut is not None and self._is_cut(parameter) else {}
        return {**memory, **rows}

    def take_up(self, weights: Mapping[str, Tensor], counters: Mapping[str, Any]) -> dict[str, Tensor]:
        """The network's own parameters by name, from what was stored. KeyError where one is missing."""
        own = dict(weights)
        if self._cut is not None:
            name = next(name for name, parameter in self._network.named_parameters() if self._is_cut(parameter))
            self._cut.go_on_from(own[name], counters.get(_DECAYED))
            own[name] = own[name][self._cut.pieces]
        return own

    def own_memory(self, parameter: Tensor, stored: Mapping[str, Tensor]) -> Memory:
        """The optimizer's memory of a parameter, from what was stored: other rows may have been trained then."""
        rows = stored.get(_ROWS)
        return {name: self._own_rows(parameter, value, rows) for name, value in stored.items() if name != _ROWS}

    def _own_rows(self, parameter: Tensor, value: Tensor, rows: Tensor | None) -> Tensor:
        """value (P, H), of these `rows` (P,) or of all; a count (), which has none, as it is."""
        if value.ndim != 2:
            return value
        cut = self._cut if self._is_cut(parameter) else None
        if rows is not None:
            value = widened(value, rows, len(parameter) if cut is None else len(cut.start))
        return value if cut is None else value[cut.pieces]

    def _is_cut(self, parameter: Tensor) -> bool:
        return self._cut is not None and parameter is self._cut.weight
