"""Which columns play a part in a classification: texts and label, by their names first, then by what they look like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import bertft.guess.column_names as names
from bertft.errors import DataError
from bertft.guess.columns import Look, listing
from bertft.rows.fields import shown_columns


@dataclass
class Chooser:
    """Fills in what the user left open. DataError where nothing, or more than one thing, is likely."""

    file: str
    looks: Mapping[str, Look]
    text: str | None = None
    text_pair: str | None = None
    label: list[str] = field(default_factory=list)
    more_text: tuple[str, ...] = ()
    """Columns that the user wants joined to the text."""

    @property
    def free(self) -> list[str]:
        """Columns without a part so far."""
        return [name for name in self.looks if name not in (self.text, *self.more_text, self.text_pair, *self.label)]

    @property
    def dense(self) -> list[str]:
        """Those of them that are not mostly blank."""
        return [name for name in self.free if not self.looks[name].sparse]

    def choose(self) -> None:
        """The label by its name, then the texts, then the label by its content if its name said nothing."""
        self.label = self.label or self.label_by_name()
        self.choose_texts()
        self.label = self.label or self.label_by_content()

    def label_by_name(self) -> list[str]:
        """`label` and its like; then `sentiment` and its like; then such a word within a name."""
        by_name = [name for name in names.named(self.free, names.LABEL) if self.looks[name].what != "text"]
        if by_name:
            return by_name[:1]
        usable = [name for name in self.dense if is_target(self.looks[name]) and not names.is_timing(name)]
        for likely in (
            names.named(usable, names.SECOND_RATE_LABEL),
            names.named_in_part(usable, (*names.LABEL, *names.SECOND_RATE_LABEL)),
        ):
            if likely and not (len(likely) > 1 and all(self.looks[name].flags for name in likely)):
                return [self.only(likely, "label", "--label")]
        return []

    def label_by_content(self) -> list[str]:
        """The one column of few recurring values, or all columns of 0 and 1 after the text, or the one of fractions."""
        told = [name for name in self.dense if not names.is_about_the_row(name)]
        classes = [name for name in told if self.looks[name].classes or self.looks[name].what == "lists"]
        classes = [name for name in classes if name != names.ANSWER] or classes  # it says only which rows count
        order = list(self.looks).index
        after = [name for name in told if order(name) > order(self.text or "")]
        flags = [name for name in after if self.looks[name].flags]
        if len(flags) > 1 and not set(classes) & set(after) - set(flags):
            return flags
        likely = classes or [name for name in told if self.looks[name].what == "fractions"]
        if not likely:
            raise self.doubt("no column looks like a label", "Pass --label COLUMN.")
        return [self.only(likely, "label", "--label")]

    def choose_texts(self) -> None:
        """A pair by its names, else the one text."""
        written = [name for name in self.dense if not self.looks[name].machine]
        if self.text is None and self.text_pair is None:
            couples = [couple for couple in names.pairs(written) if self.both_written(*couple)]
            if len(couples) > 1:
                raise self.doubt(
                    f"several pairs of texts: {_list(map(' and '.join, couples))}", "Pass --text and --text-pair."
                )
            if couples:
                self.text, self.text_pair = couples[0]
        if self.text is None:
            self.text = self.one_text(written)

    def both_written(self, one: str, other: str) -> bool:
        return bool(set(names.parts(one)) & names.TEXT_WORDS) or (self.looks[one].written and self.looks[other].written)

    def one_text(self, written: Sequence[str]) -> str:
        """By name, by a word in the name, by content; at each step there must be only one."""
        prose = [name for name in written if self.looks[name].what == "text"]
        for likely in (
            names.named(written, names.TEXT),
            names.named(prose, names.SECOND_RATE_TEXT) if len(prose) < 2 else [],
            names.named_in_part(prose, names.TEXT),
            prose,
            names.named(written, names.SECOND_RATE_TEXT),
            [name for name in written if self.looks[name].written],
        ):
            if likely:
                return self.only(
                    likely, "text", "--text, once or for each to join them, or --text and --text-pair for a pair"
                )
        raise self.doubt("no column looks like text", "Pass --text COLUMN.")

    def only(self, likely: Sequence[str], part: str, flags: str) -> str:
        if len(likely) > 1:
            raise self.doubt(f"{len(likely)} columns may be the {part}: {_list(likely)}", f"Pass {flags}.")
        return likely[0]

    def doubt(self, what: str, advice: str) -> DataError:
        return DataError(f"{self.file}: {what}. {advice} The columns:\n{listing(self.looks)}")


def is_target(seen: Look) -> bool:
    """Whether something could be learned from it."""
    return seen.classes or seen.what in ("fractions", "whole numbers", "lists")


def _list(columns: Iterable[str]) -> str:
    return shown_columns([f"'{column}'" for column in columns])
