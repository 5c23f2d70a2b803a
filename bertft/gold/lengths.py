"""How long inputs are cut, and whether the ways in which they are go together."""

from __future__ import annotations

from dataclasses import replace

from bertft.errors import UsageError
from bertft.gold.options import LONGEST_DEFAULT, Options
from bertft.kinds import takes
from bertft.plan.recipe import Recipe


def text_options(recipe: Recipe, kind: str, *, pair: bool, longest: int, fix_answers: bool) -> Options:
    """How texts are cut; UsageError for a length that the backbone does not take."""
    length = recipe.max_length or min(longest, LONGEST_DEFAULT)
    if length > longest:
        raise UsageError(f"--max-length {length}: this backbone takes at most {longest} tokens.")
    if takes("long", kind):
        check_long(recipe.long, overlap=recipe.overlap, max_length=length, pair=pair)
    else:
        check_overlap(recipe.overlap, max_length=length)
    return Options(
        length,
        recipe.long,
        recipe.overlap,
        context=recipe.context,
        max_answer=recipe.max_answer,
        fix_answers=fix_answers,
    )


def fitted(recipe: Recipe, *, limit: int | None, typed: set[str]) -> Recipe:
    """The recipe with a length and an overlap that the backbone takes, where they were not typed. `limit`: tokens for which it
    has positions; None where it needs none."""
    if "max_length" not in typed:
        recipe = _no_longer_than(recipe, limit)
    return recipe if "overlap" in typed else _with_room(recipe, limit)


def _with_room(recipe: Recipe, limit: int | None) -> Recipe:
    """An overlap of at most a third of a window, and less where windows are tiny."""
    length = recipe.max_length or min(limit or LONGEST_DEFAULT, LONGEST_DEFAULT)
    return replace(recipe, overlap=min(recipe.overlap, length // 3, max(length - 9, 0)))


def _no_longer_than(recipe: Recipe, limit: int | None) -> Recipe:
    """The card's length, or what the backbone takes if that is less; a length that was typed is left to be refused."""
    too_long = limit is not None and (recipe.max_length or 0) > limit
    return replace(recipe, max_length=limit) if too_long else recipe


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
