"""A task card: what a data set's columns, labels, metrics and recipe are. Data only, read strictly from TOML.

In comes a card file or the dict stored in a run folder, out goes a frozen Card or a CardError that names file and line.
Everything wrong with a card is told at once. The fields are explained in `tasks/README.md`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bertft.errors import CardError
from bertft.kinds import KINDS, Problem
from bertft.kinds.metric_names import canonical
from bertft.plan.card_lines import line_of, line_of_syntax
from bertft.plan.card_rules import faults_of


@dataclass(frozen=True)
class Columns:
    """Accepted column names, best first. Kinds with two inputs (pairs, question and context) use `text_pair`."""

    text: tuple[str, ...] = ("text",)
    text_pair: tuple[str, ...] = ()
    label: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hub:
    """Where the data set lies on the Hub. Only splits that carry labels are named."""

    path: str
    train: str
    name: str | None = None
    validation: tuple[str, ...] = ()
    """The first one chooses the best model; a second one is scored at the end, as a test split is."""
    test: tuple[str, ...] = ()

    @property
    def scored(self) -> tuple[str, ...]:
        """What is scored at the end."""
        return (*self.validation[1:], *self.test)


@dataclass(frozen=True)
class Reference:
    """Somebody's published scores, as published (mostly times 100)."""

    model: str
    split: str
    scores: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class Card:
    """A task. What is empty is either learned from the data or does not apply."""

    name: str
    summary: str
    kind: str
    metrics: tuple[str, ...]
    metric: str
    """The main one: it chooses the best model."""
    problem: str | None = None
    """Of text-classification only: single-label, multi-label or regression."""
    columns: Columns = field(default_factory=Columns)
    labels: tuple[str, ...] = ()
    """In the model's order. A file holds a label's name or its index."""
    label_values: Mapping[str, str] = field(default_factory=dict)
    """Other spelling in a file -> label."""
    range: tuple[float, float] | None = None
    """Of a regression: the lowest and highest score there is."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    small_recipe: Mapping[str, Any] = field(default_factory=dict)
    """On top of `recipe`, for backbones no wider than 384."""
    hub: Hub | None = None
    references: tuple[Reference, ...] = ()
    source: str | None = None
    license: str | None = None

    @property
    def usual_columns(self) -> dict[str, tuple[str, ...]]:
        """Role -> accepted names."""
        return {"text": self.columns.text, "text_pair": self.columns.text_pair, "label": self.columns.label}

    @property
    def solves(self) -> Problem:
        """What is true of its problem."""
        return KINDS[self.kind].problem(self.problem)

    @property
    def is_plain(self) -> bool:
        """Whether the task has no card of its own: then everything is scored, not only `metrics`."""
        return self.name == self.kind

    def to_dict(self) -> dict[str, Any]:
        """As in a card file. Nothing in it is None or a tuple, so that it can go into TOML and JSON."""
        stored: dict[str, Any] = _plain(asdict(self))
        small = stored.pop("small_recipe", None)
        if small:
            stored["recipe"] = {**stored.get("recipe", {}), "small": small}
        return stored

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], where: str) -> Card:
        """The card that `to_dict` gave. `where` is the file that errors name."""
        if not isinstance(stored, Mapping):
            raise CardError(f"{where}: the card is no table.")
        faults = faults_of(stored)
        if faults:
            raise CardError("\n".join(f"{where}: {fault.message}" for fault in faults))
        return _build(stored)


def read_card(path: str | Path) -> Card:
    """The card in a TOML file, or a CardError that names the file and the line of all that is wrong with it."""
    text = _read_text(path)
    try:
        stored = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise CardError(f"{path}:{line_of_syntax(str(problem), text)}: not TOML: {problem}.") from None
    faults = sorted((line_of(text, fault.path), fault.message) for fault in faults_of(stored))
    if faults:
        raise CardError("\n".join(f"{path}:{line}: {message}" for line, message in faults))
    return _build(stored)


def plain_card(
    kind: str,
    problem: str | None = None,
    *,
    columns: Columns | None = None,
    labels: tuple[str, ...] = (),
    range: tuple[float, float] | None = None,
) -> Card:
    """The card of a task that has none: guessed from a file, or asked for by its kind."""
    known = KINDS[kind]
    # a problem that the kind does not have gets any metrics: from_dict refuses it below
    metrics = next((one for one in known.problems if one.name == problem), known.problems[0]).usual_metrics
    what = f"{kind}, {problem}" if problem else kind
    card = Card(
        name=kind,
        summary=f"A task without a card of its own ({what}).",
        kind=kind,
        metrics=metrics,
        metric=metrics[0],
        problem=problem,
        columns=columns or Columns(**known.columns),
        labels=labels,
        range=range,
        recipe=dict(known.recipe),
    )
    return Card.from_dict(card.to_dict(), where=f"--task {kind}")


def _build(stored: Mapping[str, Any]) -> Card:
    """From a dict that has no faults."""
    values = dict(stored)
    recipe = dict(values.pop("recipe", {}))
    values["small_recipe"] = dict(recipe.pop("small", {}))
    values["columns"] = Columns(**{role: _names(names) for role, names in values["columns"].items()})
    values["labels"] = tuple(values.get("labels", ()))
    problem = values.get("problem") or values["kind"]
    values["metrics"] = tuple(dict.fromkeys(canonical(problem, name) for name in _names(values["metrics"])))
    values["metric"] = canonical(problem, values["metric"])
    values["references"] = tuple(Reference(**reference) for reference in values.get("references", ()))
    if "hub" in values:
        splits = {split: _names(values["hub"].get(split, ())) for split in ("validation", "test")}
        values["hub"] = Hub(**{**values["hub"], **splits})
    if "range" in values:
        lowest, highest = values["range"]
        values["range"] = (float(lowest), float(highest))
    return Card(**values, recipe=recipe)


def _names(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _plain(value: Any) -> Any:
    """Without tuples, and without what is None or empty."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items() if inner is not None and inner not in ((), {})}
    return [_plain(inner) for inner in value] if isinstance(value, (tuple, list)) else value


def _read_text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise CardError(f"{path}: cannot be read ({problem.strerror or problem}).") from None
    except UnicodeDecodeError as problem:
        line = Path(path).read_bytes()[: problem.start].count(b"\n") + 1
        raise CardError(f"{path}:{line}: not UTF-8, as TOML must be.") from None
