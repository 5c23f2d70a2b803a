"""Columns of the input and columns to be added come in; the names under which the added ones are written go out.

A file of gold spans has `entities` already, a file of predictions has all of them: no column of the input is ever lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from bertft.errors import UsageError

PREFIX = "predicted_"
OF_VECTORS = "vector_"
"""Of what is added to texts with their vectors, where nothing is predicted."""


def added_names(
    input_columns: Sequence[str], added: Sequence[str], *, prefix: str | None = None, usual: str = PREFIX
) -> dict[str, str]:
    """Each added column -> its name in the output. With a prefix all of them have it; without one those that the input has
    already have the `usual` one. UsageError for a prefix that does not help."""
    taken = set(input_columns)
    if prefix is not None:
        names = {name: f"{prefix}{name}" for name in added}
        if again := [f"'{name}'" for name in names.values() if name in taken]:
            raise UsageError(f"--prefix {prefix}: the input has {', '.join(again)} already. Choose another prefix.")
        return names
    twice = [name for name in added if name in taken or _other_end(name) in taken]
    tries = (usual if number == 1 else f"{usual}{number}_" for number in count(1))
    free = next(one for one in tries if not {*taken, *added} & {f"{one}{name}" for name in twice})
    return {name: f"{free}{name}" if name in twice else name for name in added}


def _other_end(name: str) -> str:
    """A gold start beside a predicted end would name a text that nobody meant."""
    return name.removesuffix("_end") + "_start" if name.endswith("_end") else name.removesuffix("_start") + "_end"


def told_names(names: Mapping[str, str]) -> str:
    """What to say of columns that could not keep their names; '' where all did."""
    other = {name: new for name, new in names.items() if name != new}
    if not other:
        return ""
    listed = ", ".join(f"'{name}'" for name in other)
    has = f"the column {listed}, which stays" if len(other) == 1 else f"the columns {listed}, which stay"
    return f"has {has}; what is added is called {', '.join(other.values())} (--prefix)"
