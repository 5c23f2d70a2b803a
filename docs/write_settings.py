"""Write docs/settings.md from the declarations in bertft/plan/recipe.py: `make docs`."""

from __future__ import annotations

from pathlib import Path

from bertft.plan.card_rules import RECIPE_KEYS
from bertft.plan.recipe import Recipe
from bertft.plan.settings import Setting, settings_of

TARGET = Path(__file__).with_name("settings.md")
HEAD = """\
# Settings of training

Each is a flag of `bertft train` and a key of `[recipe]` in a `plan.toml`; in a card too, but for {others}.
Written by `make docs` from the declarations in `bertft/plan/recipe.py`.

| flag | key | default | what it does |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    others = ", ".join(f"`{name}`" for name in settings_of(Recipe) if name not in RECIPE_KEYS)
    return HEAD.format(others=others) + "".join(f"{row(name, found)}\n" for name, found in settings_of(Recipe).items())


def row(name: str, found: Setting) -> str:
    unit = f" {found.unit}" if found.unit else ""
    flags = ", ".join(f"`{one}{unit}`" for names in found.names(name) for one in names.split("/"))
    cells = (flags, f"`{name}`", found.default or "off", found.help)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
