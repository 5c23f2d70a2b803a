"""Rows of one text with masks in it, to be filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from bertft.errors import InternalError
from bertft.gold.cells import joined_text, no_text_in
from bertft.gold.example import Example, Refusal, TextExample
from bertft.gold.reader import Reader
from bertft.rows.row import Row

COMMON_MASK = "[MASK]"
"""What a mask may be called in a file, whatever the tokenizer calls it."""


@dataclass(frozen=True)
class MaskReader(Reader):
    """A text with at least one mask."""

    mask_token: str = COMMON_MASK
    """The tokenizer's own."""

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        return {name: stored[name] for name in ("mask_token",) if name in stored}

    @property
    def learned(self) -> dict[str, Any]:
        return {"mask_token": self.mask_token}

    def learn(self, rows: Iterable[Row], *, known_order: Sequence[str], scheme: str | None) -> Self:
        return replace(self)

    def inputs(self, row: Row, cell: Any) -> TextExample | Refusal:
        if reason := no_text_in("text", self.fields.texts, row):
            return Refusal(row, reason)
        text = joined_text(self.fields.texts, row).replace(COMMON_MASK, self.mask_token)
        if self.mask_token not in text:
            return Refusal(row, f"no {self.mask_token} in the text")
        return TextExample(row, (text,))

    def label_cell(self, row: Row) -> Any:
        return None

    def with_gold(self, example: Any, cell: Any) -> Example:
        raise InternalError("rows with masks have no labels")
