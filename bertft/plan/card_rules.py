"""What a card may say. In comes a card as TOML gives it, out go its faults, each with the path of the key at fault.

A room of its own because the rules grow with the tasks, while the Card does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, get_args, get_type_hints

from bertft.errors import UsageError
from bertft.kinds import KINDS, NAMED_PROBLEMS, Problem
from bertft.kinds.metric_names import canonical, check_metric
from bertft.plan.recipe import Recipe
from bertft.plan.settings import checked

_OF_THE_RUN = (
    *("eval_steps", "freeze", "metric", "precision", "seed"),
    *("features", "features_head", "head_units", "layers", "combine"),
)
RECIPE_KEYS = tuple(setting.name for setting in fields(Recipe) if setting.name not in _OF_THE_RUN)
"""Settings of the recipe that a task may have an opinion on; the others are the run's, or a key of the card itself."""


@dataclass(frozen=True)
class Fault:
    """Something wrong with a card. The path is that of the key: ("recipe", "small", "epochs")."""

    path: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class _Shape:
    """What a key's value must look like."""

    wanted: str
    fits: Callable[[Any], bool]
    required: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(_is_text(part) for part in value)


def _is_names(value: Any) -> bool:
    return _is_text(value) or (_is_list_of_text(value) and bool(value))


def _is_table_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, Mapping) and all(fits(inner) for inner in value.values())


def _is_range(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(map(_is_number, value)) and value[0] < value[1]


_TEXT = _Shape("a string", _is_text)
_NEEDED_TEXT = _Shape("a string", _is_text, required=True)
_NAMES = _Shape("a string or a list of strings", _is_names)
_NEEDED_NAMES = _Shape("a string or a list of strings", _is_names, required=True)
_TABLE = _Shape("a table", lambda value: isinstance(value, Mapping))

_CARD = {
    "name": _NEEDED_TEXT,
    "summary": _NEEDED_TEXT,
    "kind": _Shape(f"one of {', '.join(KINDS)}", lambda value: _is_text(value) and value in KINDS, required=True),
    "problem": _Shape(f"one of {', '.join(NAMED_PROBLEMS)}", lambda value: value in NAMED_PROBLEMS),
    "columns": _Shape("a table", _TABLE.fits, required=True),
    "labels": _Shape("a list of strings", _is_list_of_text),
    "label_values": _Shape("a table of labels", _is_table_of(_is_text)),
    "range": _Shape("two numbers, the lower one first", _is_range),
    "metrics": _NEEDED_NAMES,
    "metric": _NEEDED_TEXT,
    "recipe": _TABLE,
    "hub": _TABLE,
    "references": _Shape("a list of tables", lambda value: isinstance(value, list) and all(map(_TABLE.fits, value))),
    "source": _TEXT,
    "license": _TEXT,
}
_COLUMNS = {"text": _NEEDED_NAMES, "text_pair": _NAMES, "label": _NAMES}
_HUB = {"path": _NEEDED_TEXT, "name": _TEXT, "train": _NEEDED_TEXT, "validation": _NAMES, "test": _NAMES}
_REFERENCE = {
    "model": _NEEDED_TEXT,
    "split": _NEEDED_TEXT,
    "scores": _Shape("a table of numbers", _is_table_of(_is_number), required=True),
    "source": _NEEDED_TEXT,
}


def faults_of(card: Mapping[str, Any]) -> list[Fault]:
    """Everything wrong with a card: first what each key holds, then, if that is sound, what contradicts what."""
    return list(_shape_faults(card)) or list(_contradictions(card))


def _shape_faults(card: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _table_faults(card, _CARD, ())
    for key, shapes in (("columns", _COLUMNS), ("hub", _HUB)):
        if isinstance(card.get(key), Mapping):
            yield from _table_faults(card[key], shapes, (key,))
    if _CARD["references"].fits(card.get("references")):
        for position, reference in enumerate(card["references"]):
            yield from _table_faults(reference, _REFERENCE, ("references", str(position)))
    if isinstance(recipe := card.get("recipe"), Mapping):
        yield from _recipe_faults({key: value for key, value in recipe.items() if key != "small"}, ("recipe",))
        if "small" in recipe:
            yield from _small_recipe_faults(recipe["small"])


def _table_faults(table: Mapping[str, Any], shapes: Mapping[str, _Shape], path: tuple[str, ...]) -> Iterator[Fault]:
    for key, value in table.items():
        if key not in shapes:
            yield _unknown(key, shapes, path)
        elif not shapes[key].fits(value):
            yield Fault((*path, key), f"{_called((*path, key))} is {value!r}: {shapes[key].wanted} is wanted.")
    for key, shape in shapes.items():
        if shape.required and key not in table:
            yield Fault((*path, key), f"{_called((*path, key))} is missing: {shape.wanted} is wanted.")


def _unknown(key: str, known: Mapping[str, Any] | tuple[str, ...], path: tuple[str, ...]) -> Fault:
    near = get_close_matches(key, known, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return Fault((*path, key), f"unknown key {_called((*path, key))}.{hint} Known: {', '.join(known)}.")


def _called(path: tuple[str, ...]) -> str:
    return f"'{'.'.join(path)}'"


def _small_recipe_faults(small: Any) -> Iterator[Fault]:
    if isinstance(small, Mapping):
        yield from _recipe_faults(small, ("recipe", "small"))
    else:
        yield Fault(("recipe", "small"), f"'recipe.small' is {small!r}: a table is wanted.")


def _recipe_faults(recipe: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Fault]:
    types = get_type_hints(Recipe)
    for key, value in recipe.items():
        if key not in RECIPE_KEYS:
            yield _unknown(key, RECIPE_KEYS, path)
        elif problem := _recipe_problem(key, value, types[key]):
            yield Fault((*path, key), f"{_called((*path, key))} is {value!r}: {problem}")


def _recipe_problem(key: str, value: Any, hint: Any) -> str | None:
    """What is wrong with one setting, by the type that the Recipe gives it and by the Recipe's own rules."""
    types, wanted = _TYPES[next(kind for kind in _TYPES if kind in (hint, *get_args(hint)))]
    if (isinstance(value, bool) and types != (bool,)) or not isinstance(value, types):
        return f"{wanted} is wanted."
    setting: dict[str, Any] = {key: value}
    try:
        checked(replace(Recipe(), **setting))
    except UsageError as problem:
        return str(problem).partition(": ")[2]
    return None


_TYPES: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    float: ((int, float), "a number"),
    int: ((int,), "a whole number"),
    str: ((str,), "a string"),
}


def _contradictions(card: Mapping[str, Any]) -> Iterator[Fault]:
    kind, labels = KINDS[card["kind"]], list(card.get("labels", ()))
    for role in kind.needed:
        if role not in card["columns"]:
            yield Fault(("columns", role), f"'columns.{role}' is missing: every card of kind {kind.name} names it.")
    yield from _label_faults(labels, card.get("label_values", {}))
    if kind.has_problems != ("problem" in card):
        wanted = f"one of {', '.join(NAMED_PROBLEMS)} is wanted" if kind.has_problems else "that kind has none"
        yield Fault(("problem",), f"'problem' is {card.get('problem')!r} with kind {kind.name}: {wanted}.")
        return
    problem = kind.problem(card.get("problem"))
    yield from _metric_faults(card, problem.name, len(labels) or None)
    yield from _problem_faults(card, labels, problem)


def _metric_faults(card: Mapping[str, Any], problem: str, labels: int | None) -> Iterator[Fault]:
    """Names that are none of the problem's metrics, and a main one that is not among them."""
    names = _as_list(card["metrics"])
    for name in names:
        try:
            check_metric(problem, name, labels=labels)
        except UsageError as fault:
            yield Fault(("metrics",), str(fault))
    if canonical(problem, card["metric"]) not in {canonical(problem, name) for name in names}:
        yield Fault(("metric",), f"'metric' is {card['metric']!r}: one of 'metrics' is wanted ({_listed(names)}).")


def _problem_faults(card: Mapping[str, Any], labels: list[str], problem: Problem) -> Iterator[Fault]:
    if labels and problem.is_number:
        yield Fault(("labels",), "'labels' are given, but a regression has none.")
    elif labels and len(labels) < problem.fewest_labels:
        yield Fault(
            ("labels",), f"'labels' is {labels!r}: two or more are wanted, or none to learn them from the data."
        )
    if "range" in card and not problem.is_number:
        yield Fault(("range",), f"'range' is {card['range']!r}: only a regression has one.")


def _label_faults(labels: list[str], values: Mapping[str, str]) -> Iterator[Fault]:
    if repeated := sorted({label for label in labels if labels.count(label) > 1}):
        yield Fault(("labels",), f"'labels' names {_listed(repeated)} more than once.")
    for spelling, label in values.items():
        if label not in labels:
            where = ("label_values", spelling)
            yield Fault(where, f"{_called(where)} is {label!r}: one of 'labels' is wanted ({_listed(labels)}).")


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _listed(names: str | list[str]) -> str:
    return ", ".join(_as_list(names)) or "there are none"
