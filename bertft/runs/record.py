"""run.json: what a run was made from, what it reached and how long it took. Written when it ends; `eval` and `predict` add."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from bertft.errors import CheckpointError
from bertft.runs import RECORD
from bertft.runs.series import Series
from bertft.scoring.coverage import Coverage
from bertft.scoring.trust import Trust
from bertft.system.files import write_text
from bertft.system.hub import hub_name_of


@dataclass(frozen=True)
class DataFile:
    """A file that a run read, or rows that a program handed over."""

    path: str
    sha256: str | None


@dataclass(frozen=True)
class ParameterCount:
    """How many numbers the network has."""

    all: int
    trainable: int


@dataclass(frozen=True)
class RunRecord:
    """The content of run.json."""

    command: str
    repeat: str
    """A command that does the same again."""
    finished: str
    """ISO 8601, in UTC."""
    task: str
    backbone: str
    family: str
    """Of a network from before BERT its name; '' of a pre-trained one."""
    parameters: ParameterCount
    seed: int
    rows: Mapping[str, int]
    """By split."""
    data: Mapping[str, DataFile]
    """By split."""
    device: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    steps: int
    best_step: int
    refitted: bool
    """Whether the model learned from the validation rows too, after they were scored."""
    scores: Mapping[str, Mapping[str, Any]]
    """By split, or by path and content of the file that `eval` read."""
    reference: Mapping[str, Any]
    """What needs no training, beside the validation scores."""
    coverage: Sequence[Coverage]
    """Of the validation rows; empty where rows have no one label."""
    series: Series | None
    """Of a training that was done several times."""
    trust: Mapping[str, Any]
    """What its probabilities are worth, and how many errors to expect; a part is None where it means nothing to the task."""
    timings: Mapping[str, Mapping[str, Any]]
    """By verb: seconds, examples and tokens per second; where it came after the training, the `device` too."""
    opens_as: str = ""
    """transformers' Auto class that opens it, where that is not the one of its kind of task."""

    @property
    def chose_epoch(self) -> bool:
        """Whether the validation rows selected the best epoch: not of a model that is fitted at once, in no steps."""
        return self.steps != 0

    def seconds(self, verb: str) -> float | None:
        """How long that took, where it is known."""
        timing = self.timings.get(verb)
        found = timing.get("seconds") if isinstance(timing, Mapping) else None
        return found if is_number(found) else None

    def write(self, folder: Path) -> None:
        write_text(folder / RECORD, json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n")


def read_record(folder: Path) -> RunRecord:
    """Of a run folder. CheckpointError where it has none, or one that is damaged. What an older version did not write yet is
    empty; what a newer one writes besides is left out."""
    path = folder / RECORD
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        known = {one.name: found[one.name] for one in fields(RunRecord) if one.name not in _LATER or one.name in found}
        known["data"] = {split: DataFile(file["path"], file["sha256"]) for split, file in found["data"].items()}
        parameters = found["parameters"]
        known["parameters"] = ParameterCount(parameters["all"], parameters["trainable"])
        known["coverage"] = [Coverage(**one) for one in found.get("coverage", ())]
        known["series"] = Series.from_dict(found["series"]) if found.get("series") else None
        return RunRecord(**{**_LATER, **known})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise CheckpointError(f"{path}: no record of a run ({type(problem).__name__}: {problem}).") from None


def sound_record(folder: Path) -> RunRecord:
    """`read_record`, and CheckpointError where a part is of another kind than others count on: it may come from a stranger."""
    found = read_record(folder)
    for name, kind in _KINDS.items():
        if not isinstance(getattr(found, name), kind):
            raise CheckpointError(f"{folder / RECORD}: '{name}' is damaged.")
    try:
        Trust.from_dict(found.trust).told(chose_epoch=found.chose_epoch)
    except (TypeError, ValueError, KeyError, AttributeError):
        raise CheckpointError(f"{folder / RECORD}: 'trust' is damaged.") from None
    return found


_KINDS = {"rows": dict, "timings": dict, "versions": dict, "reference": dict, "best_step": int}


def is_number(value: Any) -> bool:
    """Whether it can be drawn and told; JSON has much else."""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e150 and math.isfinite(value)
    )


_LATER: dict[str, Any] = {
    "family": "",
    "refitted": False,
    "reference": {},
    "coverage": (),
    "series": None,
    "trust": {},
    "opens_as": "",
}
"""What the first versions did not write."""


def add_to_run(folder: Path, part: str, name: str, value: Any) -> bool:
    """Put one more score or timing into run.json, and leave all else in it as it is. False where there is none, the folder
    cannot be written, or it is the Hub's cache, where other runs of this machine read the same file."""
    if hub_name_of(folder):
        return False
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        found.setdefault(part, {})[name] = value
        write_text(folder / RECORD, json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return False
    return True
