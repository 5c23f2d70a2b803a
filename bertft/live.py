"""The live display on a terminal: a bar with what is left, and below it how the run stands. What is printed meanwhile
stands above it, and its last state stays on the screen. rich draws it REFRESHES times a second."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bertft.console import plain

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

REFRESHES = 2
BAR_WIDTH = 20


class LiveBar:
    """What is drawn; it may be told more often than it is drawn."""

    def __init__(self, label: str, total: int) -> None:
        self.label, self.total = label, max(total, 1)
        self.done, self.beside, self.below = 0, "", ""

    def tell(self, done: int, beside: str, below: str) -> None:
        """`done` of all steps, what stands beside the bar, and the line below it."""
        self.done, self.beside, self.below = done, beside, below

    def draw(self) -> Group:
        """Two lines, as wide as the terminal at most: of what is too long the end is cut off."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        first = Table.grid(padding=(0, 1))
        for _ in range(3):
            first.add_column(no_wrap=True, overflow="ellipsis")
        counted = f"{self.done:,}/{self.total:,}  {self.beside}"
        bar = ProgressBar(total=self.total, completed=self.done, width=BAR_WIDTH)
        first.add_row(_line(self.label), bar, _line(counted))
        return Group(first, _line(f"  {self.below}"))


def _line(words: str) -> RenderableType:
    from rich.text import Text

    return Text(plain(words).replace("\n", " "), no_wrap=True, overflow="ellipsis")


@contextmanager
def live_bar(label: str, total: int) -> Iterator[LiveBar]:
    """Drawn on stderr, which has to be a terminal, until the end of the block."""
    from rich.console import Console
    from rich.live import Live

    bar, screen = LiveBar(label, total), Console(file=sys.stderr, markup=False, highlight=False)
    with Live(
        get_renderable=bar.draw,
        console=screen,
        refresh_per_second=REFRESHES,
        redirect_stdout=sys.stdout.isatty(),
        vertical_overflow="crop",
    ):
        yield bar
