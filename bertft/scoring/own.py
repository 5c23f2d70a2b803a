"""A metric of the user's own: a function in a file, `./mine.py:my_f1`.

It gets two lists, one item for each row that was answered: predictions and references. They are label names, lists of label
names, numbers, lists of tags, or the texts of answers; a reference of a question is the list of its accepted answers. A label
that the model does not know is None.
"""

from __future__ import annotations

import importlib.util
import math
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft.errors import UsageError
from bertft.kinds import PROBLEMS

MODULE = "bertft_own_metric"


@dataclass(frozen=True)
class OwnMetric:
    """A name, and what computes it. Which way is better: scores.higher_is_better."""

    name: str
    source: str
    """As it was typed."""
    compute: Callable[[list[Any], list[Any]], Any]

    def measure(self, predictions: Sequence[Any], references: Sequence[Any]) -> float | None:
        """None where it is undefined: no finite number, or a division by zero. UsageError where the function fails."""
        try:
            value = float(self.compute(list(predictions), list(references)))
        except ZeroDivisionError:
            return None
        except (Exception, SystemExit) as problem:  # whatever a user's function raises
            reason = str(problem).split("\n")[0] or "no message"
            raise UsageError(
                f"--metric {self.source} failed on {len(predictions):,} rows: {type(problem).__name__}: {reason}."
            ) from problem
        return value if math.isfinite(value) else None


def is_function(words: str | None) -> bool:
    """Whether a metric's name names a file with a function."""
    return words is not None and (words.endswith(".py") or words.rpartition(":")[0].endswith(".py"))


def typed_again(words: str | None) -> str:
    """What a command that repeats a run needs besides its plan, which runs no function by itself; '' for nothing."""
    return f" --metric {shlex.quote(words)}" if words and is_function(words) else ""


def load_own(words: str) -> OwnMetric:
    """UsageError where there is no such file or function. The file is run: ask only for words that the user typed."""
    path, _, name = words.rpartition(":")
    if not path.endswith(".py"):
        raise UsageError(f"--metric {words}: name the function too, as in {words}:my_f1.")
    if not Path(path).is_file():
        raise UsageError(f"--metric {words}: there is no file {path}.")
    if any(name in problem.metrics for problem in PROBLEMS.values()):
        raise UsageError(f"--metric {words}: '{name}' is a metric of ours; give your function another name.")
    found = getattr(_run(path, words), name, None)
    if not callable(found):
        raise UsageError(f"--metric {words}: {path} has no function '{name}'.")
    return OwnMetric(name, words, found)


def _run(path: str, words: str) -> Any:
    """The file as a module; what lies beside it can be imported meanwhile."""
    spec = importlib.util.spec_from_file_location(MODULE, path)
    assert spec is not None  # the path ends in .py
    assert spec.loader is not None
    module = sys.modules[MODULE] = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(Path(path).resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as problem:
        raise UsageError(f"--metric {words}: {path} cannot be run ({type(problem).__name__}: {problem}).") from problem
    finally:
        del sys.path[0]
    return module
