"""A network of transformers with extras, and how to tell the two apart."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib import import_module
from typing import Any, Self

from torch import Tensor, nn

from bertft.kinds import takes
from bertft.model.extras.extra import Extra
from bertft.plan.recipe import Recipe
from bertft.protocols import Network
from bertft.tags.chain import Legal


class ExtendedNetwork(nn.Module):
    """A network of transformers and its extras, each under its own name."""

    def __init__(self, network: Any, extras: Sequence[Extra]) -> None:
        super().__init__()
        self.network, self.config = network, network.config
        for extra in extras:
            self.add_module(extra.name, extra)

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        """The outputs of transformers' network, such as `logits` (B, T, K), and those that extras add."""
        extras = extras_of(self)
        with ExitStack() as stack:
            for extra in extras:
                stack.enter_context(extra.around(self.network, inputs))
            replaced = [found for extra in extras if (found := extra.replaces(self.network, inputs)) is not None]
            outputs: dict[str, Tensor] = replaced[0] if replaced else dict(self.network(**inputs))
        for extra in extras:
            outputs |= extra.outputs()
        return outputs

    def train(self, mode: bool = True) -> Self:
        """What an extra freezes drops nothing either."""
        super().train(mode)
        if any(extra.freezes for extra in extras_of(self)):
            self.network.eval()
        return self


def kinds_of_extras() -> Iterator[type[Extra]]:
    """All that there are: the classes that the files of this folder define, by the files' names."""
    folder = import_module(__package__ or "")
    for file in sorted(pkgutil.iter_modules(folder.__path__), key=lambda file: file.name):
        module = import_module(f"{__package__}.{file.name}")
        own = (value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__)
        yield from (
            value for value in own if isinstance(value, type) and issubclass(value, Extra) and value is not Extra
        )


def kinds_for(kind: str) -> list[type[Extra]]:
    """Those that mean something to a kind of task."""
    return [one for one in kinds_of_extras() if one.setting is None or takes(one.setting, kind)]


def add_extras(network: Any, kind: str, recipe: Recipe, legal: Legal | None) -> Network:
    """A new network of transformers for a kind of task with the extras that the recipe asks for; the network itself if none."""
    extras = [extra for one in kinds_for(kind) if (extra := one.wanted(network, recipe, legal)) is not None]
    return ExtendedNetwork(network, extras) if extras else network


def extras_of(network: Network) -> list[Extra]:
    """Those that stand on a network; none on one of transformers."""
    parts = network.children() if isinstance(network, ExtendedNetwork) else ()
    return [part for part in parts if isinstance(part, Extra)]


def extra_of(network: Network, parameter: str) -> Extra | None:
    """The extra that a parameter of this name belongs to; None if transformers made it."""
    return next((extra for extra in extras_of(network) if parameter.startswith(f"{extra.name}.")), None)


def transformers_part(network: Network) -> Any:
    """What transformers saves and loads: an extended network's inner one, any other network itself."""
    return network.network if isinstance(network, ExtendedNetwork) else network
