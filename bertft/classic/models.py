"""The register of models that are fitted at once, by the name that --model takes. No library wakes with this file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from bertft.classic.grams import CHARACTERS, WORDS
from bertft.kinds import TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION

if TYPE_CHECKING:
    from bertft.classic.lesson import Choice, Fit, Lesson

GRAMS_TYPE = "bertft-grams"
"""transformers' name of them all, in config.json."""

OF_ALL = ("seed", "metric", "refit")
"""Settings of the recipe that mean something to all of them."""


@dataclass(frozen=True)
class Classic:
    """A model of this room."""

    name: str
    place: str
    """Where its fit stands, as `module:function`."""
    kinds: tuple[str, ...]
    """Names of the kinds of task that it can do."""
    grams: tuple[str, ...] = ()
    """Kinds of n-grams that it reads of texts."""
    settings: tuple[str, ...] = ()
    """Of the recipe, that mean something to it beside OF_ALL."""

    @property
    def fit(self) -> Callable[[Lesson, Choice | None], Fit]:
        module, name = self.place.split(":")
        found: Callable[[Lesson, Choice | None], Fit] = getattr(import_module(module), name)
        return found

    def means(self, setting: str) -> bool:
        """Whether a setting of the recipe has an effect on it."""
        return setting in OF_ALL or setting in self.settings


_TEXTS, _WORDS = TEXT_CLASSIFICATION.name, TOKEN_CLASSIFICATION.name

CLASSICS = {
    one.name: one
    for one in (
        Classic("majority", "bertft.classic.majority:fit_majority", (_TEXTS, _WORDS), settings=("scheme",)),
        Classic("tfidf", "bertft.classic.tfidf:fit_tfidf", (_TEXTS,), (WORDS, CHARACTERS), ("class_weights",)),
        Classic("fasttext", "bertft.classic.fasttext:fit_fasttext", (_TEXTS,), (WORDS, CHARACTERS), ("class_weights",)),
    )
}
"""Name -> model."""


def classics_for(kind: str) -> list[str]:
    """Names of those that can do a kind of task."""
    return [name for name, one in CLASSICS.items() if kind in one.kinds]


def is_classic(config: Any) -> bool:
    """Whether a config of transformers is of one of them."""
    return bool(config.model_type == GRAMS_TYPE)
