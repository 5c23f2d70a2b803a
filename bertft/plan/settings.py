"""Settings, declared once. A field of a settings class says what it is for, its unit, its default and what it may be; the flag of
the command line, its help, the keys of cards and plans and their checks follow from that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from bertft.errors import UsageError

Test = Callable[[Any], bool]
Filled = TypeVar("Filled")

TASK, COLUMNS, TRAINING, SCORES, OUTPUT = "Task", "Columns", "Training", "Scores", "Output"
RECIPE, READING, TAGGING, ANSWERS, RARE = "More training", "Reading files", "Tagging", "Question answering", "Machine"
PUBLISHING, SCRATCH = "Model card", "Models from before BERT"
"""Panels of the help. What `--help` shows of them: commands/tiers.py."""


@dataclass(frozen=True)
class Setting:
    """What is known of a setting beside its name, type and default."""

    help: str
    unit: str | None
    """Of its value, in capitals; None: a flag without a value."""
    panel: str
    default: str
    """In words; '' where the default needs none."""
    fits: Test
    wanted: str
    """In words, after 'is X: '."""
    flags: tuple[str, ...]
    """Names on the command line; empty: that of the field."""

    def names(self, name: str) -> tuple[str, ...]:
        """On the command line, the usual one first."""
        return self.flags or (f"--{name.replace('_', '-')}",)

    def keyword(self, name: str) -> str:
        """Of a command's function and of the Python door."""
        return self.names(name)[0].split("/")[0].removeprefix("--").replace("-", "_")


def setting(
    default: Any,
    help: str,
    unit: str | None = None,
    *,
    panel: str = RECIPE,
    check: tuple[Test, str] | None = None,
    otherwise: str | None = None,
    flags: Sequence[str] = (),
) -> Any:
    """A field of a settings class. `otherwise`: what happens without it, in words, where `default` does not say it itself.
    `check`: what a value other than None must fulfil, and what is wanted, in words."""
    fits, wanted = check or ((lambda value: True), "")
    words = (
        otherwise if otherwise is not None else "" if default is None or isinstance(default, bool) else _shown(default)
    )
    return field(default=default, metadata={"setting": Setting(help, unit, panel, words, fits, wanted, tuple(flags))})


def _shown(default: Any) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default)


def setting_of(one: Field[Any]) -> Setting:
    """What a field of a settings class says of itself."""
    found: Setting = one.metadata["setting"]
    return found


def settings_of(kind: Any) -> dict[str, Setting]:
    """Name -> setting, of a settings class."""
    return {one.name: setting_of(one) for one in fields(kind) if "setting" in one.metadata}


def typed(kind: Any, words: Mapping[str, Any]) -> dict[str, Any]:
    """What `words`, values by keyword, say of the fields of a settings class: field -> value, without those that are None.
    A keyword `no_NAME` of a setting that is on by default turns it off."""
    found = {}
    for name, one in settings_of(kind).items():
        value = words.get(one.keyword(name))
        if value is not None:
            found[name] = not value if one.keyword(name) == f"no_{name}" else value
    return found


def wrong_values(values: Any) -> Iterator[str]:
    """What is wrong with a filled-in settings class, each in words."""
    for name, found in settings_of(values).items():
        value = getattr(values, name)
        if value is not None and not found.fits(value):
            shown = ",".join(value) if isinstance(value, tuple | list) else value
            yield f"{found.names(name)[0]} is {shown}: {found.wanted}"


def checked(values: Filled) -> Filled:
    """The filled-in settings class itself, or a UsageError that lists everything wrong with it at once."""
    if wrong := list(wrong_values(values)):
        raise UsageError("; ".join(wrong) + ".")
    return values


def above(least: float, *, below: float | None = None, such_as: str = "") -> tuple[Test, str]:
    """A check for a number in an open range."""
    limit = "" if below is None else f" and below {below:,}"
    words = f"a number above {least:,}{limit}" + (f", such as {such_as}" if such_as else " is wanted")
    return (lambda value: least < value and (below is None or value < below)), words


def at_least(least: float, what: str = "") -> tuple[Test, str]:
    return (lambda value: value >= least), what or f"{least} or more is wanted"


def one_of(names: Sequence[str]) -> tuple[Test, str]:
    return (lambda value: value in names), f"one of {', '.join(names)}"


ABOVE_0: tuple[Test, str] = (lambda value: value > 0), "a number above 0 is wanted"
A_SEED: tuple[Test, str] = (lambda value: 0 <= value < 2**32), "a whole number from 0 to 4294967295"
A_SHARE: tuple[Test, str] = (lambda value: 0 <= value < 1), "a share from 0 to below 1 is wanted"

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a string", tuple: "a list of strings"}


def check_settings(values: Any, kind: Any, *, where: str) -> None:
    """UsageError unless `values` could be fields of the dataclass `kind`. `where` is the file and section, for the message."""
    if not isinstance(values, Mapping):
        raise UsageError(f"{where}: a table of settings is wanted.")
    wrong = list(_faults(values, kind))
    if wrong:
        raise UsageError(f"{where}: " + "; ".join(wrong) + ".")


def _faults(values: Mapping[str, Any], kind: Any) -> Iterator[str]:
    hints = _types_of(kind)
    known = [field.name for field in fields(kind)]
    for name, value in values.items():
        if name not in known:
            yield f"unknown setting '{name}' (known: {', '.join(known)})"
        elif not has_type(value, hints[name]):
            yield f"{name} is {value!r}: {wanted_type(hints[name])} is wanted"


@functools.cache
def _types_of(kind: Any) -> dict[str, Any]:
    """Evaluated from strings, which takes longer than all else about a plan; a training reads its own nine times."""
    return get_type_hints(kind)


def has_type(value: Any, hint: Any) -> bool:
    """Whether a value of a TOML or JSON file is one of a field with that type; None is no value there."""
    return _fits(value, _types(hint))


def wanted_type(hint: Any) -> str:
    """What `has_type` asks for, in words."""
    return _WORDS[_types(hint)[0]]


def takes_several(hint: Any) -> bool:
    """Whether a field with that type holds several strings."""
    return tuple in _types(hint)


def _types(hint: Any) -> list[type]:
    """`float | None` -> [float]; `tuple[str, ...]` -> [tuple]."""
    if getattr(hint, "__origin__", None) is tuple:
        return [tuple]
    kinds = [kind for kind in get_args(hint) if kind is not NoneType] or [hint]
    return [tuple if getattr(kind, "__origin__", None) is tuple else kind for kind in kinds]


def _fits(value: Any, wanted: list[type]) -> bool:
    if tuple in wanted:
        return isinstance(value, list) and all(isinstance(part, str) for part in value)
    if isinstance(value, bool) or bool in wanted:
        return isinstance(value, bool) and bool in wanted
    return isinstance(value, (int, float) if float in wanted else tuple(wanted))
