"""The protocol of an extra: what it is called, when it is wanted, what it computes, how it is learned and how it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Self

from torch import Tensor, nn

from bertft.plan.recipe import Recipe
from bertft.protocols import Network
from bertft.tags.chain import Legal


class Extra(nn.Module):
    """A part of an ExtendedNetwork that transformers knows nothing of. It learns at the head's learning rate."""

    name: ClassVar[str]
    """Begins the names of its weights, in the network and in files: `crf.transitions`."""
    setting: ClassVar[str | None] = None
    """Of the recipe that asks for it; it is only for the kinds of task that take this setting. None: for all."""
    decays: ClassVar[bool] = True
    """Whether weight decay applies to its matrices."""
    feeds_classifier: bool = False
    """Whether the classifier reads what it computes: then no fit on the frozen backbone can start the head."""
    computes: ClassVar[bool] = True
    """Whether it takes part in the computation; else it only adds to the outputs."""
    freezes: ClassVar[bool] = False
    """Whether the network below learns nothing and drops nothing; then it learns at the run's rate, as no other part does."""

    @classmethod
    def wanted(cls, network: Network, recipe: Recipe, legal: Legal | None) -> Self | None:
        """A new one for a network of transformers, if the recipe asks for it; seed torch first. `legal`: of a tagger, which tags
        may follow which."""
        raise NotImplementedError

    @classmethod
    def stored(cls, network: Network, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Self | None:
        """One in which the stored `tensors` find their places, which are filled afterwards; None if none was stored. KeyError,
        ValueError or RuntimeError if they are damaged or do not fit the network."""
        raise NotImplementedError

    @classmethod
    def metadata(cls, present: Self | None) -> dict[str, str]:
        """What `stored` needs to know that no tensor tells, also when none is `present`."""
        return {}

    def around(self, network: Network, inputs: Mapping[str, Tensor]) -> AbstractContextManager[Any]:
        """What it changes in the network of transformers while that computes a batch."""
        return nullcontext()

    @property
    def decides(self) -> nn.Linear | None:
        """The linear layer that gives the logits, where that is its own; None where the network's does."""
        return None

    def replaces(self, network: Network, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
        """All outputs of a batch, where it answers in place of the network of transformers; else None."""
        return None

    def outputs(self) -> dict[str, Tensor]:
        """What it adds to the network's outputs, for the loss and the decoder. An export keeps the scores of a chain
        (tags/chain.py) and refuses others: say in graph/network.py what they are."""
        return {}
