"""Flags that would have no effect on the task that a file turned out to be are refused, by `train` and `check`. torch sleeps."""

from __future__ import annotations

from bertft.classic.models import Classic, classics_for
from bertft.errors import UsageError
from bertft.jobs.requests import TrainRequest
from bertft.jobs.task_choice import Choice
from bertft.kinds import KINDS, MULTI_LABEL, takes
from bertft.model.backbone import EMBEDDED
from bertft.plan.recipe import Recipe
from bertft.plan.sections import OutputPlan
from bertft.plan.settings import settings_of


def check_applies(request: TrainRequest, kind: str) -> None:
    """UsageError for flags that mean nothing in this kind of task."""
    said = request.said()
    for other in KINDS.values():
        for name in other.settings:
            if name in said and not takes(name, kind):
                raise UsageError(f"--{name.replace('_', '-')} is for {other.name}; this task is {kind}.")


def check_overlap(request: TrainRequest, recipe: Recipe, kind: str) -> None:
    """UsageError for a typed --overlap where texts are not read in windows."""
    if request.recipe.get("overlap") is not None and takes("long", kind) and recipe.long != "window":
        raise UsageError(
            "--overlap is for windows, and long texts are cut here. Pass --long window too, or leave it out."
        )


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


def check_classic(request: TrainRequest, model: Classic, kind: str) -> None:
    """UsageError for a task that a model which is fitted at once cannot do, and for flags that would have no effect on it."""
    if kind not in model.kinds:
        others = classics_for(kind)
        instead = f" --model {' or '.join(others)} does." if others else ""
        raise UsageError(
            f"--model {model.name} does not do {kind}.{instead} Any BERT does, such as --model {EMBEDDED}."
        )
    settings = {**settings_of(Recipe), **settings_of(OutputPlan)}
    typed = {name for name, value in request.recipe.items() if value is not None and value is not False}  # 0 is typed
    said = [name for name in request.recipe if name in typed and not model.means(name)]
    said += [name for name in ("save_steps",) if request.output.get(name)]
    if said:
        flags = " and ".join(settings[name].names(name)[0].split("/")[0] for name in said)
        raise UsageError(f"{flags}: no effect on --model {model.name}, which is fitted at once. Leave it out.")
