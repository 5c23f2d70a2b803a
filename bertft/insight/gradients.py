"""Integrated gradients of a sum of logits over the word embeddings (Sundararajan et al. 2017): tokens in, the weight of each out.

The path leads straight from a baseline of other tokens to the text. Only the output of the embedding layer moves along it;
positions, segments and mask stay those of the text, so it works with every family. The points are Gauss and Legendre's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from bertft.arrays import Array
from bertft.errors import InternalError
from bertft.model.extras import transformers_part
from bertft.protocols import Network

FEWEST_STEPS, MOST_STEPS = 32, 512
TOLERANCE = 0.02
"""Completeness error with which more steps are not tried."""

_MOST_TOKENS = 4096
"""Computed together."""

Turn = Callable[[], AbstractContextManager[Any]]
"""Gives a context in which the network may compute: where others use it too, they have their turns in between."""


@dataclass(frozen=True)
class Attribution:
    """Of one sequence of tokens."""

    weights: Array
    """(T,) what each token adds to the sum of logits; 0 where the baseline has the same token."""
    gained: float
    """The sum of logits of the text less that of the baseline: what the weights should add up to."""
    steps: int

    @property
    def error(self) -> float:
        """Completeness error: how far the weights are from adding up, as a share of what they should."""
        return completeness_error(float(self.weights.sum()), self.gained)


def completeness_error(found: float, gained: float) -> float:
    return abs(found - gained) / max(abs(gained), 1e-9)


def attribute(
    network: Network,
    inputs: Mapping[str, Tensor],
    baseline: Tensor,
    direction: Tensor,
    *,
    steps: int | None = None,
    turn: Turn = nullcontext,
) -> Attribution:
    """`inputs` (1, T) each, as the adapter collates them; `baseline` (1, T) tokens; `direction` (K,) is what each logit counts in
    the sum. Without `steps` they are doubled until the weights add up."""
    path = _Path(network, inputs, baseline, direction, turn)
    if steps is not None:
        return path.integrated(steps)
    found = path.integrated(FEWEST_STEPS)
    while found.error > TOLERANCE and found.steps < MOST_STEPS:
        found = path.integrated(2 * found.steps)
    return found


class _Path:
    """From the embeddings of the baseline to those of the text."""

    def __init__(
        self, network: Network, inputs: Mapping[str, Tensor], baseline: Tensor, direction: Tensor, turn: Turn
    ) -> None:
        network.eval()
        self.turn = turn
        self.network, self.inputs, self.direction = network, inputs, direction
        embedding = embedding_of(network)
        if embedding is None:
            raise InternalError("a network without word embeddings was asked for the weights of its words")
        self.embedding = embedding
        with turn(), torch.no_grad():
            self.start, self.end = (self.embedding(ids).float() for ids in (baseline, inputs["input_ids"]))  # (1, T, H)
            ends = self._sums(torch.cat([self.start, self.end])).double()
        self.gained = float(ends[1] - ends[0])

    def integrated(self, steps: int) -> Attribution:
        points, shares = np.polynomial.legendre.leggauss(steps)
        along = torch.tensor((points + 1) / 2, dtype=torch.float32, device=self.start.device)
        gradient = torch.zeros(self.start.shape[1:], dtype=torch.float64, device=self.start.device)  # (T, H)
        size = max(_MOST_TOKENS // self.start.shape[1], 1)
        counted = torch.tensor(shares / 2, device=gradient.device)
        for first in range(0, steps, size):
            part = slice(first, first + size)
            gradient += torch.einsum("s,sth->th", counted[part], self._gradients(along[part]).double())
        weights = (gradient * (self.end - self.start)[0].double()).sum(1)
        return Attribution(weights.cpu().numpy(), self.gained, steps)

    def _gradients(self, along: Tensor) -> Tensor:
        """At points (S,) of the path, (S, T, H)."""
        vectors = (self.start + along[:, None, None] * (self.end - self.start)).requires_grad_()
        with self.turn(), torch.enable_grad():
            found: Tensor = torch.autograd.grad(self._sums(vectors).sum(), vectors)[0]
        return found

    def _sums(self, vectors: Tensor) -> Tensor:
        """The sums of logits (S,) of embeddings (S, T, H). `forward` of the class is exact: what accelerate puts before it rounds
        to half precision."""
        inputs = {name: value.expand(len(vectors), -1) for name, value in self.inputs.items()}
        with _embedded(self.embedding, vectors):
            logits: Tensor = type(self.network).forward(self.network, **inputs)["logits"]  # type: ignore[attr-defined]
        return logits.float() @ self.direction


def embedding_of(network: Network) -> nn.Module | None:
    """What turns token ids into vectors; None where that is no layer of the network, and in XLNet, which asks it column-wise."""
    part = transformers_part(network)
    if isinstance(part, PreTrainedModel) and part.config.model_type == "xlnet":
        return None
    try:
        found = part.get_input_embeddings()
    except (AttributeError, NotImplementedError):
        return None
    return found if isinstance(found, nn.Module) else None


@contextmanager
def _embedded(embedding: nn.Module, vectors: Tensor) -> Iterator[None]:
    """Inside, the embedding layer gives these vectors whatever it is asked; InternalError where nobody asks it."""
    asked = []

    def replace(*_: Any) -> Tensor:
        asked.append(True)
        return vectors

    handle = embedding.register_forward_hook(replace)
    try:
        yield
    finally:
        handle.remove()
    if not asked:
        raise InternalError("the network reads its texts past its embedding layer")
