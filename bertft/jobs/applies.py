"""Flags that would have no effect on the task that a file turned out to be are refused, by `train` and `check`. torch sleeps."""

from __future__ import annotations

from bertft.classic.models import Classic, classics_for
from bertft.errors import UsageError
from bertft.jobs.requests import TrainRequest
from bertft.jobs.task_choice import Choice
from bertft.kinds import KINDS, MULTI_LABEL, kinds_with, takes
from bertft.kinds.kind import OF_FEATURES
from bertft.model.backbone import EMBEDDED, Backbone
from bertft.model.hidden import Reading
from bertft.plan.recipe import Recipe
from bertft.plan.sections import OutputPlan
from bertft.plan.settings import settings_of


def check_applies(request: TrainRequest, kind: str) -> None:
    """UsageError for flags that mean nothing in this kind of task."""
    said = request.said()
    for other in KINDS.values():
        for name in other.settings:
            if name in said and not takes(name, kind):
                takers = " and ".join(kinds_with(name))
                raise UsageError(f"--{name.replace('_', '-')} is for {takers}; this task is {kind}.")


def check_overlap(request: TrainRequest, recipe: Recipe, kind: str) -> None:
    """UsageError for a typed --overlap where texts are not read in windows."""
    if request.recipe.get("overlap") is not None and takes("long", kind) and recipe.long != "window":
        raise UsageError(
            "--overlap is for windows, and long texts are cut here. Pass --long window too, or leave it out."
        )


def check_features(request: TrainRequest, recipe: Recipe, backbone: Backbone) -> None:
    """UsageError for settings of a head on a frozen backbone without such a head, and for those that it leaves without effect."""
    settings = settings_of(Recipe)
    if not recipe.features:
        said = [settings[name].names(name)[0] for name in OF_FEATURES if getattr(recipe, name)]
        if said:
            raise UsageError(f"{' and '.join(said)}: only for a head on a frozen backbone. Pass --features too.")
        if backbone.is_language_model:
            raise UsageError(
                f"--model {backbone.name}: two language models, whose layers are read as they are. Pass --features --layers "
                f"0,1,2 --combine mix."
            )
        return
    if backbone.family or backbone.classic:
        raise UsageError(
            f"--features reads what a pre-trained backbone says; {backbone.name} knows nothing. Leave it out, or pass "
            f"--model {EMBEDDED}."
        )
    usual = Recipe()
    changed = [name for name in CHANGE_THE_BACKBONE if getattr(recipe, name) != getattr(usual, name)]
    if changed:
        flags = " and ".join(settings[name].names(name)[0].split("/")[0] for name in changed)
        instead = " For an LSTM below the tags: --features-head bilstm." if "bilstm" in changed else ""
        raise UsageError(f"{flags}: with --features the backbone stays as it is. Leave it out.{instead}")
    if recipe.pool == "late":
        raise UsageError("--pool late: a head on frozen outputs reads cls or mean. Choose one, or leave it out.")
    Reading.of(recipe.layers or "-1", recipe.combine, backbone.config)
    if recipe.combine and "," not in (recipe.layers or ""):
        raise UsageError(f"--combine {recipe.combine}: one layer is read. Name several: --layers -1,-2,-3,-4.")
    if recipe.head_units and (recipe.features_head or "linear") == "linear":
        raise UsageError("--head-units: a linear head has none. Pass --features-head mlp or bilstm.")
    if request.recipe.get("head_start") == "probe" and recipe.features_head not in (None, "linear"):
        raise UsageError(
            f"--head-start probe: with --features-head {recipe.features_head} nothing can be fitted before training. "
            f"Leave it out."
        )


CHANGE_THE_BACKBONE = ("freeze", "layer_decay", "few_shot", "bilstm")
"""Settings that would, or that say how."""


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
