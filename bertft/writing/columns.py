"""Column names come in; an error goes out if what is to be added stands there already."""

from __future__ import annotations

from collections.abc import Sequence

from bertft.errors import DataError


def check_columns(input_columns: Sequence[str], added_columns: Sequence[str]) -> None:
    """A file of predictions, predicted again, would hold two columns of one name."""
    taken = [f"'{name}'" for name in added_columns if name in input_columns]
    if not taken:
        return
    what = f"a column {taken[0]}" if len(taken) == 1 else f"columns {', '.join(taken)}"
    raise DataError(f"The input has {what} already, which the output adds. Rename or drop it in the input.")
