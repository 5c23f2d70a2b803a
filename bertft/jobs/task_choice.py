"""Which task a file is for, and which columns play which part: from the card, from flags, or guessed and said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from random import Random
from typing import Any

from bertft.errors import CardError, DataError, UsageError
from bertft.gold.reader import repeats_header
from bertft.guess import guess
from bertft.guess.column_names import ANSWER
from bertft.guess.columns import SAMPLE, look
from bertft.guess.header import check_header
from bertft.guess.label_lists import listed_labels
from bertft.guess.problems import problem_of
from bertft.guess.task import refuse_containers
from bertft.guess.verdict import AskedLabels, Verdict
from bertft.jobs.requests import TrainRequest
from bertft.kinds import KINDS, MULTI_LABEL, SINGLE_LABEL, TEXT_CLASSIFICATION, find_kind
from bertft.plan.card import Card, plain_card
from bertft.plan.catalog import find_card
from bertft.reading import Source, Table
from bertft.rows.fields import Fields, named_columns, pick, text_columns
from bertft.rows.labels import is_empty
from bertft.rows.nested import holder_of
from bertft.tags.rows import ACCEPTED
from bertft.tags.spans import REFUSED

ROLES = ("text", "more_text", "text_pair", "label")
_SAMPLE = 100_000
"""Rows that a guess looks at, spread over the file."""


@dataclass(frozen=True)
class Asked:
    """What the user said about the task."""

    card: Card | None
    """None: guess."""
    kind: str | None
    """The kind that was asked for without a card."""
    problem: str | None
    fields: Mapping[str, Any]
    """Column names, separator and names of labels, as far as they were given by flags or a config file."""

    @property
    def labels(self) -> AskedLabels:
        return AskedLabels(self.problem, self.fields.get("separator"), named_columns(self.fields, "label_names"))

    @classmethod
    def of(cls, request: TrainRequest, config: Mapping[str, Any]) -> Asked:
        stored = config.get("data", {}).get("fields", {})
        card = _card(request.task, config.get("task"))
        kind = None if card else _kind(request.task or config.get("task"))
        return cls(card, kind, request.problem, {**stored, **text_columns(request.columns)})


@dataclass(frozen=True)
class Choice:
    """The task of a run."""

    card: Card
    fields: Fields
    why: list[str]


def choose_task(asked: Asked, table: Table) -> Choice:
    """The card and the columns for this file."""
    columns = SampledColumns(table)
    if has_header_line(table):
        check_header(columns, _named(asked), file=table.name)
    if asked.card is not None:
        return _by_card(asked.card, asked, table)
    return _by_guess(asked, table, columns)


def has_header_line(table: Table | Source) -> bool:
    """Whether its column names stand in a line of the file."""
    source = table.source if isinstance(table, Table) else table
    return source is not None and source.format in ("csv", "tsv", "xlsx")


def _named(asked: Asked) -> list[str]:
    """Columns that the user or the card names."""
    by_card = [name for names in asked.card.usual_columns.values() for name in names] if asked.card else []
    return [*by_card, *(name for role in ROLES for name in named_columns(asked.fields, role))]


def _by_card(card: Card, asked: Asked, table: Table) -> Choice:
    _check_trainable(card.kind)
    if asked.problem and asked.problem != card.problem:
        raise UsageError(f"--{asked.problem} contradicts the card {card.name}, which is {card.problem}.")
    wanted, named = card.columns, asked.fields
    chosen = Fields(
        text=pick("text", named_columns(named, "text") or wanted.text, table.columns, file=table.name),
        more_text=_more_text(card, named_columns(named, "more_text"), table),
        text_pair=_pair(named_columns(named, "text_pair") or wanted.text_pair, table),
        label=_label(named_columns(named, "label"), wanted.label, table),
    )
    inputs = [*chosen.texts, *([chosen.text_pair] if chosen.text_pair else [])]
    if len(set(inputs)) < len(inputs):
        raise UsageError(
            f"A column cannot be used twice: {', '.join(inputs)}. Name another one with --text or --text-pair."
        )
    chosen = _with_form_of_cells(chosen, card, asked, table)
    return Choice(card, chosen, [f"  task {card.name}: {card.summary}", *_columns_said(chosen)])


def _with_form_of_cells(fields: Fields, card: Card, asked: Asked, table: Table) -> Fields:
    """The columns, with how the label cells are written where the card's task has several labels in each."""
    for name in filter(None, (*fields.texts, fields.text_pair)):
        if card.kind == TEXT_CLASSIFICATION.name:
            refuse_containers(name, look(list(islice(table.column(name), SAMPLE))), table.name)
    if card.problem not in (SINGLE_LABEL.name, MULTI_LABEL.name) or len(fields.label) > 1:
        return replace(fields, separator=asked.labels.separator)
    column = fields.label[0]
    verdict = _form_of_cells(list(table.column(column)), column, replace(asked.labels, problem=card.problem))
    names = verdict.label_names
    if names and card.labels:
        if len(names) != len(card.labels):
            raise DataError(
                f"{table.name}: the vectors in '{column}' have {len(names)} places, but the card {card.name} has "
                f"{len(card.labels)} labels."
            )
        names = card.labels
    return replace(fields, separator=verdict.separator, label_names=names)


def _form_of_cells(values: Sequence[object], column: str, asked: AskedLabels) -> Verdict:
    """Of one label a row, nothing is asked but whether the cells are vectors."""
    if asked.problem == MULTI_LABEL.name:
        return problem_of(values, column, asked)
    listed = listed_labels([value for value in values if not is_empty(value)], column, asked)
    return Verdict(SINGLE_LABEL.name, "", asked.separator, listed.label_names if listed else ())


def _pair(wanted: Sequence[str], table: Table) -> str | None:
    return pick("text_pair", wanted, table.columns, file=table.name) if wanted else None


def _more_text(card: Card, named: Sequence[str], table: Table) -> tuple[str, ...]:
    if named and card.kind != TEXT_CLASSIFICATION.name:
        raise UsageError(
            f"Several texts are joined only where texts are classified; the card {card.name} is for {card.kind}."
        )
    return tuple(pick("text", [name], table.columns, file=table.name) for name in named)


def _label(named: Sequence[str], wanted: Sequence[str], table: Table) -> tuple[str, ...]:
    if len(named) > 1:
        return tuple(pick("label", [column], table.columns, file=table.name) for column in named)
    return (pick("label", named or wanted, table.columns, file=table.name),)


def _columns_said(fields: Fields) -> list[str]:
    pair = f", pair '{fields.text_pair}' (--text-pair)" if fields.text_pair else ""
    between = f", labels separated by '{fields.separator}' (--separator)" if fields.separator else ""
    text = " and ".join(f"'{name}'" for name in fields.texts)
    return [f"  text {text} (--text){pair}, label '{', '.join(fields.label)}' (--label){between}"]


def _by_guess(asked: Asked, table: Table, columns: SampledColumns) -> Choice:
    named = asked.fields
    found = guess(
        columns,
        complete=columns.complete,
        file=table.name,
        text=named.get("text"),
        more_text=named_columns(named, "more_text"),
        text_pair=named.get("text_pair"),
        label=named_columns(named, "label") or None,
        asked=asked.labels,
        kind=asked.kind,
    )
    _check_trainable(found.kind)
    label = (found.label,) if isinstance(found.label, str) else tuple(found.label or ())
    chosen = Fields(found.text, found.text_pair, label, found.separator, found.more_text, found.label_names)
    return Choice(plain_card(found.kind, found.problem), chosen, [f"  {line}" for line in found.why])


class SampledColumns(Mapping[str, Sequence[object]]):
    """A table's columns for a guess: read when asked for; of a very long file only some rows, the same in every column.
    They are drawn by lot, as every twentieth row may well be of one class."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.rows = set(Random(0).sample(range(len(table)), _SAMPLE)) if len(table) > _SAMPLE else None
        self.headers, self.refused = header_lines(table), refused_rows(table)
        self.read: dict[str, list[object]] = {}

    def complete(self, name: str) -> list[object]:
        """All values of a column."""
        if not self.rows:
            return self[name]
        return [value for place, value in enumerate(self.table.column(name)) if not self._is_left_out(place, name)]

    def __getitem__(self, name: str) -> list[object]:
        if name not in self.table.columns and not holder_of(name, self.table.columns):
            raise KeyError(name)
        if name not in self.read:
            values = self.table.column(name)
            self.read[name] = [value for place, value in enumerate(values) if self._is_looked_at(place, name)]
        return self.read[name]

    def _is_looked_at(self, place: int, name: str) -> bool:
        return not self._is_left_out(place, name) and (self.rows is None or place in self.rows)

    def _is_left_out(self, place: int, name: str) -> bool:
        """The annotator's own answers may be the label, as far as they are answers."""
        refused = self.refused.get(place)
        return place in self.headers or (refused is not None and (name != ANSWER or refused == "ignore"))

    def __iter__(self) -> Iterator[str]:
        return iter(self.table.columns)

    def __len__(self) -> int:
        return len(self.table.columns)


def header_lines(table: Table) -> set[int]:
    """Places of rows that are the column names once more. A label may be called like its column, so the whole row is compared."""
    first = table.columns[0]
    places = [place for place, value in enumerate(table.column(first)) if value == first]
    return {place for place in places if repeats_header(table[place])}


def refused_rows(table: Table) -> dict[int, object]:
    """Place -> answer of rows that an annotator did not accept as they stand, where a column has nothing but such answers."""
    answers = list(table.column(ANSWER)) if ANSWER in table.columns else []
    if not {value for value in answers if isinstance(value, str)} <= {ACCEPTED, *REFUSED, ""}:
        return {}
    return {place: value for place, value in enumerate(answers) if value in REFUSED}


def _card(task: str | None, configured: object) -> Card | None:
    if task is None and isinstance(configured, dict):
        return Card.from_dict(configured, where="--config, [task]")
    name = str(task or configured or "")
    if kind := _kind(name):
        _check_trainable(kind)
        return None
    return find_card(name) if name else None


def _kind(name: object) -> str | None:
    """The kind of task that goes by this name; None for a card, or where nothing was said."""
    kind = find_kind(name)
    return kind.name if kind else None


def _check_trainable(kind: str) -> None:
    if not KINDS[kind].is_trained:
        verb = KINDS[kind].verb
        raise CardError(f"{kind} is not learned from labels: bertft {verb} CORPUS learns it from texts alone.")
