"""Train only the tokens that occur in the training texts.

No other token ever gets a gradient. AdamW changes its weights by the decay alone: each step multiplies them by 1 - rate * decay.
So they are left out of the training, and multiplied by the product of all steps when they are needed: in an evaluation, whose
texts may contain them, and in what is saved.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bertft.protocols import Network

WORTH_IT = 0.9
"""Share of the matrix above which it is trained whole."""


class CutEmbedding(nn.Embedding):
    """An embedding matrix (V, H) of which only the rows of some pieces are a parameter, (P, H)."""

    pieces: Tensor
    place: Tensor
    start: Tensor

    def __init__(self, whole: nn.Embedding, pieces: Tensor) -> None:
        """`pieces` (P,) in ascending order; the padding's is one of them."""
        place = torch.full((whole.num_embeddings,), -1).index_copy_(0, pieces, torch.arange(len(pieces)))
        padding = None if whole.padding_idx is None else int(place[whole.padding_idx])
        super().__init__(len(pieces), whole.embedding_dim, padding, _weight=whole.weight.detach()[pieces].clone())
        self.pieces, self.place = pieces, place  # no buffers: DDP would send them around
        self.start = whole.weight.detach()  # no copy: what is mapped from a file stays mapped as a whole
        self.decayed = 1.0
        """What all steps so far have multiplied the other rows by."""
        self._whole: Tensor | None = None
        self._of: object = None
        self.train(whole.training)

    def forward(self, input: Tensor) -> Tensor:
        """Any pieces in an evaluation; in training those that are trained."""
        if self.training:
            self._whole = None
            return super().forward(self.place[input])
        return functional.embedding(input, self.whole())

    def whole(self) -> Tensor:
        """(V, H) as it is now."""
        now = (self.weight.data_ptr(), self.weight._version, self.decayed)
        if self._whole is None or self._of != now:
            with torch.inference_mode(False), torch.no_grad():
                self._whole = torch.mul(self.start, self.decayed).index_copy_(0, self.pieces, self.weight)
            self._of = now
        return self._whole

    def go_on_from(self, whole: Tensor, decayed: float | None) -> None:
        """Take up the weights (V, H) of an earlier state. `decayed` is None where that was trained whole. Where the product does
        not lead there, the state's own rows are the new start: it was begun otherwise, or with another backbone."""
        self.decayed = 1.0 if decayed is None else decayed
        with torch.no_grad():
            self.weight.copy_(whole[self.pieces])
            if not torch.equal(self.whole(), whole):
                self.start.copy_(whole)
                self.decayed, self._whole = 1.0, None

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        destination[prefix + "weight"] = self.whole()


def widened(part: Tensor, pieces: Tensor, vocabulary: int) -> Tensor:
    """What AdamW knows of some pieces (P, H), as it would of all, (V, H): the others, which never had a gradient, have zeros."""
    return part.new_zeros(vocabulary, part.shape[1]).index_copy_(0, pieces, part)


def cut_of(network: Network) -> CutEmbedding | None:
    """The one in a network, if there is one."""
    return next((module for module in network.modules() if isinstance(module, CutEmbedding)), None)


def cut_vocabulary(network: Any, texts: Iterable[np.ndarray[Any, Any]], *, padding: int | None) -> CutEmbedding | None:
    """Put a CutEmbedding into a network of transformers, for texts of these pieces, filled up with `padding`; None where there is
    nothing to gain, or where the matrix is frozen or used for something else too."""
    base = network.base_model
    try:
        whole = base.get_input_embeddings()
    except NotImplementedError:
        return None
    if type(whole) is not nn.Embedding or not whole.weight.requires_grad or whole.max_norm is not None:
        return None
    if sum(weight is whole.weight for module in network.modules() for weight in module._parameters.values()) > 1:
        return None
    seen = np.zeros(whole.num_embeddings, dtype=bool)
    seen[[piece for piece in (padding, whole.padding_idx) if piece is not None]] = True
    for pieces in texts:
        seen[pieces] = True
    if seen.mean() > WORTH_IT:
        return None
    cut = CutEmbedding(whole, torch.from_numpy(np.flatnonzero(seen)))
    base.set_input_embeddings(cut)
    return cut
