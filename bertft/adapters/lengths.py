"""Whether the ways in which long inputs are cut go together."""

from __future__ import annotations

from bertft.errors import UsageError


def check_long(long: str, *, overlap: int, max_length: int, pair: bool) -> None:
    """UsageError for a way of cutting that would not cover every token."""
    if long != "truncate" and pair:
        raise UsageError(f"--long {long} works on one text, not on a pair. Leave it out: pairs are cut longest_first.")
    if long == "window":
        check_overlap(overlap, max_length=max_length)


def check_overlap(overlap: int, *, max_length: int) -> None:
    """UsageError for windows that share so much that they get nowhere."""
    if overlap and overlap >= max_length - 8:
        most = max(max_length - 9, 0)
        raise UsageError(
            f"--overlap {overlap} is too much for windows of {max_length} tokens: at most {most} are possible."
        )
