"""Which layers of an encoder are read, and how several become one: the settings that `embed` and `train --features` share."""

from __future__ import annotations

import re
from typing import Any

from bertft.plan.settings import RECIPE, one_of, setting

COMBINE = ("concat", "sum", "mean")

_LAYERS = re.compile(r"-?\d{1,4}(,-?\d{1,4})*")


def layers_setting(*, panel: str = RECIPE) -> Any:
    """A field of a settings class: numbers with commas."""
    return setting(
        None,
        "Layers to read, several with commas: 0 for the token embeddings, 1, 2 … from the input, -1, -2 … from the output.",
        "LAYERS",
        panel=panel,
        check=((lambda value: bool(_LAYERS.fullmatch(value))), "whole numbers with commas are wanted, such as -1,-2"),
        otherwise="-1, the last",
    )


def combine_setting(*more: str, panel: str = RECIPE) -> Any:
    """A field of a settings class: one of COMBINE, or of some `more`."""
    known = (*COMBINE, *more)
    return setting(
        None,
        f"How several layers become one: {', '.join(known[:-1])} or {known[-1]}.",
        "NAME",
        panel=panel,
        check=one_of(known),
        otherwise="concat",
    )
