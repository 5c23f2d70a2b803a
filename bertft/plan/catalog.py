"""The task cards that come with the package, and the way from what a user types to a card.

A bare name is a built-in card; a path is the user's own file. The working folder is never searched.
The cards are found by path from this file, as `importlib.resources` does not find them in an editable install.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from bertft.errors import CardError, InternalError
from bertft.plan.card import Card, read_card


def find_card(name_or_path: str) -> Card:
    """A built-in card by its name (mrpc), or the card in a file (./mine.toml, cards/mine)."""
    if is_path(name_or_path):
        return read_card(name_or_path)
    files = {file.stem: file for file in _card_files()}
    if name_or_path not in files:
        raise CardError(_unknown(name_or_path, list(files)))
    return read_card(files[name_or_path])


def list_cards() -> list[Card]:
    """All built-in cards, by folder and name. A broken one is an error."""
    return [read_card(file) for file in _card_files()]


def is_path(name_or_path: str) -> bool:
    """Whether a file is meant: what has a separator or ends in .toml."""
    return "/" in name_or_path or "\\" in name_or_path or name_or_path.lower().endswith(".toml")


def cards_folder(package: Path | None = None) -> Path:
    """`cards` in an installed package, `../tasks` in a checkout."""
    package = package or Path(__file__).resolve().parents[1]
    installed, checkout = package / "cards", package.parent / "tasks"
    if installed.is_dir():
        return installed
    if checkout.is_dir() and (package.parent / "pyproject.toml").is_file():
        return checkout
    raise InternalError(
        f"The built-in task cards are missing: neither {installed} nor {checkout} is there. Install again."
    )


def _card_files() -> list[Path]:
    return sorted(cards_folder().rglob("*.toml"))


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name.lower(), known, n=3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return (
        f"--task {name}: no built-in task has that name.{hint} bertft tasks lists them; "
        f"a card of your own is named by its path, such as ./{name}.toml."
    )
