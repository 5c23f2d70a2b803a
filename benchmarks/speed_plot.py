"""The curves as a picture: cost against the rows of a file, and against the length of its texts. Needs matplotlib, which
bertft does not."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

Points = Sequence[Mapping[str, Any]]
"""Each a speed_curves.Point as a dict."""
COLORS = {"train": "tab:orange", "predict": "tab:blue"}


def check_matplotlib() -> None:
    """Before anything is measured."""
    if importlib.util.find_spec("matplotlib") is None:
        sys.exit(f"--plot needs matplotlib, which is not installed: {sys.executable} -m pip install matplotlib")


def draw(path: str, rows: Points, lengths: Points, title: str) -> None:
    """Two panels: by rows, by length. Solid: an example; dashed: a token."""
    import_module("matplotlib").use("Agg")
    pyplot = import_module("matplotlib.pyplot")
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2))
    draw_panel(left, rows, "rows", "rows of the file")
    draw_panel(right, lengths, "tokens_per_text", "tokens of each text")
    figure.suptitle(title, fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=150)


def draw_panel(axes: Any, points: Points, size: str, words: str) -> None:
    for what in dict.fromkeys(one["what"] for one in points):
        these = [one for one in points if one["what"] == what]
        sizes = [one[size] for one in these]
        for style, per in (("o-", "example"), ("s--", "token")):
            costs = [one[f"us_per_{per}"] for one in these]
            axes.plot(sizes, costs, style, color=COLORS[what], label=f"{what}, per {per}")
    axes.set(xscale="log", yscale="log", xlabel=words, ylabel="microseconds")
    if size == "tokens_per_text":
        axes.set_xticks([one[size] for one in points], [f"{one[size]:.0f}" for one in points])
        axes.minorticks_off()
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize=8)
