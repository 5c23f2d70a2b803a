"""What is true of a kind of task, as data: its names, columns, metrics and settings, and where its adapter stands. No torch.

A kind has one problem or several; where it has several, a card's `problem` says which. Whoever needs to know something of a kind
asks for it here, and compares no names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any

from bertft.errors import CardError

OF_FEATURES = ("features", "features_head", "head_units", "layers", "combine")
"""Settings of a head on a frozen backbone."""

NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Problem:
    """What a model answers with, and how that is scored."""

    name: str
    """That of its kind where the kind has no other."""
    metrics: tuple[str, ...]
    """All that there are."""
    usual_metrics: tuple[str, ...]
    """Of a task without a card, the main one first."""
    adapter: str = ""
    """Where its adapter stands, as `module:class`; empty: there is none yet."""
    reader: str = ""
    """Where the reader of its rows stands, in the same way."""
    sentence: str = ""
    """What a model does, for its card; `{text}`, `{label}` and `{count}` stand for columns and the number of labels."""
    answers: str = ""
    """What a model answers with, for its card; `{labels}` stands for them."""
    binary_metrics: tuple[str, ...] = ()
    """For two labels only: the second label is the positive one, as in GLUE."""
    problem_type: str | None = None
    """transformers' name of it."""
    outputs: int | None = None
    """Numbers for each text or token; None: one for each label."""
    is_number: bool = False
    """Whether it answers with a number in a range instead of labels."""
    fewest_labels: int = 0

    def load(self, part: str) -> Any:
        """The class that `adapter` or `reader` names. CardError for a problem that has none yet."""
        if not (place := getattr(self, part)):
            raise CardError(f"{self.name} has no {part} yet.")
        module, name = place.split(":")
        return getattr(import_module(module), name)


@dataclass(frozen=True)
class Kind:
    """A kind of task; named as the pipelines of transformers are."""

    name: str
    alias: str
    problems: tuple[Problem, ...]
    columns: Mapping[str, tuple[str, ...]]
    """Role -> names that such a column usually has, best first."""
    needed: tuple[str, ...]
    """Roles that a card has to name."""
    auto_class: str
    """The class of transformers that has its head."""
    usage: str = ""
    """Python that opens a run folder in transformers; `{folder}` and `{text}` stand for them, in quotes."""
    long_inputs: str = "Long inputs are read in windows that share {overlap} tokens; nothing is cut."
    """What becomes of them, for a model's card; names of the recipe stand in braces."""
    reads_words: bool = False
    """Whether an input is a list of words rather than a text."""
    recipe: Mapping[str, Any] = field(default_factory=lambda: NONE)
    """What differs from the usual recipe in a task without a card."""
    settings: tuple[str, ...] = ()
    """Flags and settings that mean nothing to other kinds."""
    can_fit_head: bool = True
    """Whether its head can be fitted before training, or started at the label counts."""
    small_file_factor: float = 1.0
    """Factor of the learning rate on small files."""
    use: str = "bertft predict {folder} {input} -o {output}"
    """The command that a run is used with."""
    pipeline: str = ""
    """How the Hub calls what a model is for; '': as the kind is called."""
    verb: str = "train"
    """The command that learns it; another one than `train` learns from texts without labels."""
    prepares_network: str = ""
    """Where the function stands, as `module:function`, that a network of transformers goes through before it is used."""
    pair_class: str = ""
    """The class of transformers that has its head and one more, for pairs of texts; '' where there is none."""
    new_head: str = ""
    """What is said where a checkpoint brings no head of this kind; '' where that is usual."""

    @property
    def is_trained(self) -> bool:
        """Whether `train` learns it, from rows with labels."""
        return self.verb == "train"

    def prepared(self, network: Any) -> Any:
        """A network of transformers, as the adapters of this kind use it."""
        if not self.prepares_network:
            return network
        module, name = self.prepares_network.split(":")
        return getattr(import_module(module), name)(network)

    @property
    def has_problems(self) -> bool:
        """Whether a card has to say which problem it is."""
        return len(self.problems) > 1

    def problem(self, name: str | None) -> Problem:
        """The problem that a card or a flag names; its only one for None. KeyError where it has none of that name."""
        if name is None and not self.has_problems:
            return self.problems[0]
        return {problem.name: problem for problem in self.problems}[name or ""]
