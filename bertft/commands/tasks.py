"""`bertft tasks`: the cards that come with the package, or one of them."""

from __future__ import annotations

from typing import Annotated

import typer

from bertft import console
from bertft.commands import options as opt


def tasks_command(
    name: Annotated[str | None, typer.Argument(help="A card's name, or a card file.", show_default=False)] = None,
    json: opt.Json = False,
) -> None:
    """List the built-in task cards, or show one."""
    from bertft.plan.catalog import find_card, list_cards

    cards = [find_card(name)] if name else list_cards()
    if json:
        found = [card.to_dict() for card in cards]
        console.result_json(found[0] if name else {"tasks": found})
    elif name:
        import tomli_w

        console.result(tomli_w.dumps(cards[0].to_dict()).rstrip())
    else:
        rows = [[card.name, card.problem or card.kind, ", ".join(card.metrics), card.summary] for card in cards]
        console.table("", ["task", "kind", "metrics", "what it is"], rows, text_columns=4)
        console.result("bertft tasks NAME shows one; bertft train train.csv --task NAME uses it.")
