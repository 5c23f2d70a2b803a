"""The trackers that a run can be followed with: what is handed to each of Accelerate's, and where its files lie.

All stays in the run folder unless the library's own environment variables say otherwise; of the four only wandb sends anything,
and only where it is not offline."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = "bertft"
NONE = "none"
"""Instead of names: no tracker, also where the plan of a resumed run has some."""


@dataclass(frozen=True)
class Opening:
    """A run that is about to be tracked."""

    logs: Path
    """The folder for files of trackers, absolute."""
    title: str
    known: str | None = None
    """How the tracker called the run when it began, where it goes on."""
    after: int | None = None
    """The last step that counts, where it goes on."""


Settings = dict[str, Any]


@dataclass(frozen=True)
class Library:
    """What Accelerate's tracker of one library is handed."""

    settings: Callable[[Opening], Settings]
    name_of: Callable[[Any], str] = lambda run: ""
    """How the library calls the run, to go on with it."""
    environment: Callable[[Path], Mapping[str, str]] = field(default=lambda logs: {})
    """Variables that are set meanwhile, unless the user has set them."""
    project: str = PROJECT
    leave: Callable[[], None] = lambda: None
    """What is left to do when the run has ended."""


def _tensorboard(opening: Opening) -> Settings:
    """What was logged after the state that the run goes on from is to be forgotten."""
    known = {} if opening.after is None else {"purge_step": opening.after + 1}
    return {"logging_dir": str(opening.logs), **known}


def _wandb(opening: Opening) -> Settings:
    known = {"id": opening.known, "resume": "allow"} if opening.known else {}
    own = {} if "WANDB_DIR" in os.environ else {"dir": str(opening.logs)}
    return {**own, "name": opening.title, **known}


def _mlflow(opening: Opening) -> Settings:
    return {"run_name": opening.title, "run_id": opening.known}


def _trackio(opening: Opening) -> Settings:
    return {"name": opening.known or opening.title, "resume": "allow" if opening.known else "never"}


def _forget_run_of_trackio() -> None:
    """Or it would end again, and say so on stdout, when the process does."""
    from trackio import context_vars

    context_vars.current_run.set(None)


def _home_of_wandb(logs: Path) -> dict[str, str]:
    own = logs / "wandb"
    return {
        **{f"WANDB_{part}_DIR": str(own / part.lower()) for part in ("CACHE", "CONFIG", "DATA", "ARTIFACT")},
        "WANDB_ERROR_REPORTING": "false",
    }


LIBRARIES: Mapping[str, Library] = {
    "tensorboard": Library(_tensorboard, project="tensorboard"),
    "wandb": Library(_wandb, lambda run: str(run.id), _home_of_wandb),
    "mlflow": Library(
        _mlflow,
        lambda run: str(run.info.run_id),
        lambda logs: {
            "MLFLOW_TRACKING_URI": f"sqlite:///{logs / 'mlflow.db'}",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        },
    ),
    "trackio": Library(
        _trackio,
        lambda run: str(run.name),
        lambda logs: {"TRACKIO_DIR": str(logs / "trackio")},
        leave=_forget_run_of_trackio,
    ),
}


def project_of(name: str) -> str:
    """What the runs are gathered under."""
    own = {"wandb": "WANDB_PROJECT", "mlflow": "MLFLOW_EXPERIMENT_NAME", "trackio": "TRACKIO_PROJECT"}
    return os.environ.get(own.get(name, ""), "") or LIBRARIES[name].project


def names_in(said: tuple[str, ...] | None) -> list[str]:
    """The trackers that were named, each once; several may stand in one word, with commas."""
    parts = (part.strip() for words in said or () for part in words.split(","))
    return [name for name in dict.fromkeys(parts) if name != NONE]


def are_trackers(said: tuple[str, ...]) -> bool:
    """Whether all of them can be had, or `none` stands alone."""
    parts = [part.strip() for words in said for part in words.split(",")]
    return parts == [NONE] or (bool(parts) and all(part in LIBRARIES for part in parts))
