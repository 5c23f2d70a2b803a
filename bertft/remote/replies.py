"""What a service says, checked and typed: the run that answers, and answers to rows. A reply that is not as it should be is a
ServiceError; nothing of it is guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bertft.errors import BertftError, ServiceError, UsageError
from bertft.gold import Options, Reader, reader_for
from bertft.plan.card import Card
from bertft.remote.address import Address
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.rows.surrogates import shown

_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,63}")
COUNTS = ("unanswered", "rejected", "truncated")
"""What is counted of the rows of a reply: those without an answer, with no label that is probable enough, with a cut text."""
REASON = "reason"
"""The column that says why a row has no answer."""


@dataclass(frozen=True)
class ServedModel:
    """A run behind a service: what predict must know of it, and what one request may hold."""

    name: str
    identity: str
    """Another one for other weights, labels or a tokenizer."""
    precision: str
    version: str
    """Of bertft there."""
    several: Sequence[str]
    """Names of all runs of the service, this one among them."""
    card: Card
    labels: Labels
    fields: Fields
    options: Options
    known: Mapping[str, Any]
    """What bertft.json has as `stored`."""
    most_rows: int
    most_bytes: int
    placed_in: str | None = None
    """The column in whose text answers have places; known once it has answered."""

    def stored(self) -> dict[str, Any]:
        """As adapters call it."""
        return dict(self.known)

    @property
    def reader(self) -> Reader:
        """What turns rows into examples, as in `predict`."""
        return reader_for(self.card, self.labels, self.fields, self.options, **self.known)


@dataclass(frozen=True)
class Answers:
    """To some rows, in order."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    unanswered: int = 0
    rejected: int = 0
    truncated: int = 0
    placed_in: str | None = None
    """The column in whose text they have places."""

    def refusing(self, reason: str) -> Answers:
        """To one row that cannot be answered."""
        return Answers(self.columns, [{**dict.fromkeys(self.columns), REASON: reason}], unanswered=1)

    def without(self, first: Answers) -> Answers:
        """Those after the first ones, which were answered before. ServiceError where these have another form now."""
        if self.columns != first.columns or self.placed_in != first.placed_in:
            raise ServiceError(
                f"a service that answers with {', '.join(self.columns)} after {', '.join(first.columns)}: no answers of one model"
            )
        counts = {name: getattr(self, name) - getattr(first, name) for name in COUNTS}
        return Answers(self.columns, self.rows[len(first.rows) :], **counts, placed_in=self.placed_in)


def model_in(said: Mapping[str, Any], address: Address) -> ServedModel:
    """Of what /info says. UsageError for a name that the service does not know."""
    try:
        models = {str(one["name"]): one for one in said["models"]}
        if address.name is not None and address.name not in models:
            listed = ", ".join(shown(name) for name in models)
            raise UsageError(f"{address}: no run of that name; the service has {listed}.")
        name = address.name or next(iter(models))
        found, task = models[name], models[name]["task"]
        card = Card.from_dict(task["card"], where=str(address))
        return ServedModel(
            name=name,
            identity=_text(found["identity"]),
            precision=_text(found["precision"]),
            version=_text(said["version"]),
            several=list(models),
            card=card,
            labels=Labels(tuple(map(_text, task["labels"]["names"])), dict(task["labels"]["spellings"])),
            fields=Fields.from_dict(task["fields"]),
            options=Options(**task["options"]),
            known=dict(task["stored"]),
            most_rows=_count(said["max_client_batch_size"], least=1),
            most_bytes=_count(said["max_body_bytes"], least=1024),
        )
    except UsageError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, StopIteration, BertftError) as problem:
        raise ServiceError(
            f"{address}: answers, but not as a service of this version of bertft does ({type(problem).__name__}: "
            f"{shown(problem, 200)}). `bertft serve RUN` starts one."
        ) from None


def answers_in(said: Mapping[str, Any], asked: int, model: ServedModel, address: Address) -> Answers:
    """Of what /rows says. ServiceError where another model answered, or not every row has an answer."""
    try:
        columns, rows = tuple(map(_text, said["columns"])), said["rows"]
        if (identity := _text(said["identity"])) != model.identity:
            raise ServiceError(
                f"{address}: {model.name} was replaced by another model ({model.identity[:12]} -> {shown(identity, 12)}). "
                f"Answers of two models in one file would be mixed up: start over without --resume."
            )
        if REASON not in columns or len(set(columns)) < len(columns) or not all(map(_COLUMN.fullmatch, columns)):
            raise ValueError(f"columns {shown(columns, 200)}")
        if len(rows) != asked:
            raise ValueError(f"{len(rows)} answers to {asked} rows")
        if odd := next((row for row in rows if set(row) != set(columns)), None):
            raise ValueError(f"an answer with the columns {shown(sorted(odd), 200)}, wanted {', '.join(columns)}")
        counts = {name: _count(said[name], least=0) for name in COUNTS}
        placed = said["placed_in"]
        return Answers(columns, rows, **counts, placed_in=None if placed is None else _text(placed))
    except (LookupError, TypeError, ValueError, AttributeError) as problem:
        raise ServiceError(
            f"{address}: not the answer of a service of bertft ({type(problem).__name__}: {shown(problem, 300)})."
        ) from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{shown(value)} where a text is wanted")
    return value


def _count(value: Any, *, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{shown(value)} where a number from {least} is wanted")
    return value
