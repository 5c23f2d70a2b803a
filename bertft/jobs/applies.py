"""Flags that would have no effect on the task that a file turned out to be are refused, by `train` and `check`. torch sleeps."""

from __future__ import annotations

from bertft.errors import UsageError
from bertft.jobs.requests import TrainRequest
from bertft.jobs.task_choice import Choice
from bertft.kinds import KINDS, MULTI_LABEL, takes


def check_applies(request: TrainRequest, kind: str) -> None:
    """UsageError for flags that mean nothing in this kind of task."""
    said = request.said()
    for other in KINDS.values():
        for name in other.settings:
            if name in said and not takes(name, kind):
                raise UsageError(f"--{name.replace('_', '-')} is for {other.name}; this task is {kind}.")


def check_form_of_labels(request: TrainRequest, choice: Choice) -> None:
    """UsageError for a separator, or names of places, where the label cells have none."""
    card = choice.card
    if request.columns.get("label_names") and not choice.fields.label_names:
        raise UsageError(
            f"--label-names names the places of vectors of 0 and 1; this task is {card.problem or card.kind}. Leave it out."
        )
    if request.columns.get("separator") and card.problem != MULTI_LABEL.name:
        raise UsageError(
            f"--separator parts the labels of one cell; this task is {card.problem or card.kind}, with one label a row. "
            f"Pass --multi-label too, or leave it out."
        )
