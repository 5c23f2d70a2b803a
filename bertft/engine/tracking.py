"""Follow a training with trackers of other programs: an observer, in the main process only. A tracker that fails before the first
step ends the run; one that fails later is left out, and the run goes on as if it had not been there."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from bertft import console
from bertft.engine.device import decided_by_main
from bertft.engine.order import Step
from bertft.engine.resume import go_on
from bertft.errors import UsageError
from bertft.plan.plan import Plan
from bertft.protocols import Device
from bertft.runs import LOGS
from bertft.scoring import Scores
from bertft.system.files import write_text
from bertft.system.trackers import LIBRARIES, Opening, names_in, project_of

_NAMES = "runs.json"
"""In the folder of logs: how each tracker calls the run."""


def check_installed(names: Sequence[str]) -> None:
    """UsageError for a tracker whose library is not there."""
    if not names:
        return
    from accelerate.tracking import get_available_trackers

    there = [str(one) for one in get_available_trackers()]
    if missing := [name for name in names if name not in there]:
        raise UsageError(f"--track {missing[0]} needs a package: pip install 'bertft[{missing[0]}]'.")


class Tracking:
    """The trackers of one run. Until they are started, and in all processes but the main one, there are none."""

    def __init__(self, plan: Plan, folder: Path, accelerator: Device) -> None:
        self._plan, self._folder, self._accelerator = plan, folder, accelerator
        self._logs = (folder / LOGS).absolute()
        self._trackers: dict[str, Any] = {}
        self._set: list[str] = []

    def start(self, *, after: int | None = None) -> None:
        """Begin, or go on after that step; UsageError in all processes where one of them cannot."""
        if names := names_in(self._plan.track):
            decided_by_main(self._accelerator, lambda: self._start(names, after))

    def _start(self, names: Sequence[str], after: int | None) -> str:
        if after is None:
            shutil.rmtree(self._logs, ignore_errors=True)
        self._logs.mkdir(exist_ok=True)
        known = self._known()
        for name in names:
            opening = Opening(self._logs, self._folder.absolute().name, known.get(name), after)
            self._set_environment(LIBRARIES[name].environment(self._logs))
            try:
                known[name] = self._open(name, opening, first=name not in known)
            except Exception as problem:
                self.close()
                why = f"--track {name}: it does not start ({_reason(problem)})"
                raise UsageError(f"{why}. {_without_it(self._folder)}") from problem
        write_text(self._logs / _NAMES, json.dumps(known))
        return ""

    def _open(self, name: str, opening: Opening, *, first: bool) -> str:
        """How the library calls the run."""
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        with _talk_on_stderr():
            tracker = LOGGER_TYPE_TO_CLASS[name](project_of(name), **LIBRARIES[name].settings(opening))
            tracker.start()
            self._trackers[name] = tracker
            if first:
                tracker.store_init_configuration(flat(self._plan.to_dict()))
        return LIBRARIES[name].name_of(tracker.tracker)

    def _known(self) -> dict[str, str]:
        try:
            found = json.loads((self._logs / _NAMES).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}

    def _set_environment(self, wanted: Mapping[str, str]) -> None:
        for name, value in wanted.items():
            if name not in os.environ:
                os.environ[name] = value
                self._set.append(name)

    def logged(self, step: Step, values: Mapping[str, float]) -> None:
        self._log(
            {**{f"train/{name}": value for name, value in values.items()}, "train/epoch": step.epoch}, step.number
        )

    def evaluated(self, step: Step, scores: Scores, verdict: str) -> None:
        self._log(_named("validation", scores), step.number)

    def finished(self, scores: Mapping[str, Scores], step: int) -> None:
        """The scores of the model that was kept."""
        for split, found in scores.items():
            self._log(_named(f"final/{split}", found), step)

    def _log(self, values: Mapping[str, float], step: int) -> None:
        self._each(lambda tracker: tracker.log(dict(values), step=step))

    def close(self) -> None:
        """Let every tracker write what it still holds."""
        self._each(self._end)
        self._trackers.clear()
        for name in self._set:
            os.environ.pop(name, None)
        self._set.clear()

    def _end(self, tracker: Any) -> None:
        tracker.finish()
        LIBRARIES[tracker.name].leave()

    def _each(self, do: Callable[[Any], None]) -> None:
        """With every tracker. One that fails is warned of once, and not asked again."""
        for name, tracker in list(self._trackers.items()):
            try:
                with _talk_on_stderr():
                    do(tracker)
            except Exception as problem:
                del self._trackers[name]
                console.warn(f"--track {name} failed ({_reason(problem)}). The run goes on without it.")


def _without_it(folder: Path) -> str:
    """How to go on with a run that is not to be tracked."""
    words = f"Without it, {go_on(folder)}"
    return f"{words[:-1]}, track='none')" if words.endswith(")") else f"{words} --track none"


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, bool | int | float | str]:
    """A plan as trackers take it: `recipe.epochs` -> 3; what is no plain value in words."""
    found: dict[str, bool | int | float | str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value if isinstance(value, bool | int | float | str) else json.dumps(value)
    return found


def _named(place: str, scores: Scores) -> dict[str, float]:
    return {f"{place}/{name}": float(value) for name, value in scores.values.items()}


def _reason(problem: Exception) -> str:
    """Its first line."""
    lines = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {lines[0]}" if lines else type(problem).__name__


@contextmanager
def _talk_on_stderr() -> Iterator[None]:
    """What a library prints is talk, and stdout is for the result."""
    with redirect_stdout(sys.stderr):
        yield
