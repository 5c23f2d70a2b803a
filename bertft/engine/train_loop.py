"""The training loop, top to bottom. It knows no task: a network, features, a loss, someone who evaluates, and observers.

Nothing is lost on the way: a signal is put off to the end of the step, then the state is saved; a step that comes to nothing
leaves the state before it."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from bertft.engine.checkpoints import Checkpoints
from bertft.engine.display import Outlook, display
from bertft.engine.learned import Learned, learned_in
from bertft.engine.meter import Meter
from bertft.engine.observers import Observer
from bertft.engine.optimizer import build_optimizer, build_schedule
from bertft.engine.order import Order, Step
from bertft.engine.step import Ingredients, NotANumber, Stepper
from bertft.errors import Stopped
from bertft.protocols import Device, Network
from bertft.system import signals

LOGS_PER_EPOCH = 20


def train(
    made_of: Ingredients, checkpoints: Checkpoints, accelerator: Device, observers: Sequence[Observer] = ()
) -> Meter:
    """Train to the last step or the early stop; the best weights and the last state stand in `checkpoints` then. `observers`:
    further ones, beside the console and the history."""
    recipe = made_of.recipe
    order = order_of(made_of)
    optimizer = build_optimizer(made_of.network, recipe)
    network, optimizer = accelerator.prepare(made_of.network, optimizer)
    schedule = build_schedule(optimizer.optimizer, recipe, order.total_steps)
    stepper = Stepper(made_of, network, optimizer, accelerator, checkpoints.meter)
    checkpoints.attach(accelerator.unwrap_model(network), optimizer.optimizer, schedule, stepper)
    eval_every = recipe.eval_steps or order.steps_per_epoch
    log_every = max(order.steps_per_epoch // LOGS_PER_EPOCH, 1)
    with display(outlook(order, checkpoints, eval_every)) as shown, signals.deferred():
        told: list[Observer] = [shown, checkpoints.history, *observers]
        if checkpoints.warm or checkpoints.owes_evaluation:
            with shown.evaluating():
                began = order.step(checkpoints.step)
                _evaluate(made_of, network, checkpoints, told, began, save=checkpoints.owes_evaluation)
        for step in order.steps(after=order.total_steps if checkpoints.stops else checkpoints.step):
            stop, save = take_step(step, stepper, checkpoints)
            rate = schedule.get_last_lr()[0]
            schedule.step()
            shown.stepped(step)
            last = step.number == order.total_steps
            logs, due = step.number % log_every == 0 or last, step.number % eval_every == 0 or last
            if logs or due or stop or save:
                settle(stepper, checkpoints)
            if logs:
                log(step, checkpoints.progress(learning_rate=rate), told)
            if stop:
                checkpoints.save(owes_evaluation=due)
                raise Stopped(signals.asked() or signal.SIGTERM)
            if due:
                with shown.evaluating():
                    _evaluate(made_of, network, checkpoints, told, step, save=save or last)
            elif save:
                checkpoints.save()
            if checkpoints.stops:
                break
    return checkpoints.meter


def learn(
    made_of: Ingredients,
    checkpoints: Checkpoints,
    parameters: tuple[int, int],
    accelerator: Device,
    observers: Sequence[Observer],
) -> Learned:
    """Train, and say what came of it. `parameters`: all, and the trainable ones."""
    timings = train(made_of, checkpoints, accelerator, observers).timings()
    return learned_in(checkpoints, parameters, timings, order_of(made_of).step(checkpoints.step).epoch)


def outlook(order: Order, checkpoints: Checkpoints, eval_every: int) -> Outlook:
    """What the display is told before the first step."""
    best = None if math.isnan(checkpoints.best_value) else (checkpoints.best_value, checkpoints.best_step)
    return Outlook(
        order.total_steps,
        eval_every,
        order.total_steps / order.steps_per_epoch if order.recipe.max_steps else order.recipe.passes,
        may_stop_early=checkpoints.patience is not None,
        metric=checkpoints.metric,
        best=best,
    )


def order_of(made_of: Ingredients) -> Order:
    """In which the features are learned."""
    return Order(made_of.lengths, made_of.recipe)


def take_step(step: Step, stepper: Stepper, checkpoints: Checkpoints) -> tuple[bool, bool]:
    """Whether any process was asked to stop; whether it is time to save."""
    checkpoints.about_to_take(step)
    with good_state_saved(checkpoints):
        result = stepper.take(step, [signals.asked, checkpoints.save_is_due])
    checkpoints.count(step, result.losses)
    stop, save = result.flags
    return stop, save


def settle(stepper: Stepper, checkpoints: Checkpoints) -> None:
    """See that the steps so far have come to something."""
    with good_state_saved(checkpoints):
        checkpoints.learned(stepper.settle())


@contextmanager
def good_state_saved(checkpoints: Checkpoints) -> Iterator[None]:
    """A step that comes to nothing inside ends the run with the state before it."""
    try:
        yield
    except NotANumber as problem:
        checkpoints.go_back_before(problem.step)
        raise NotANumber(f"{problem}\n{checkpoints.save_good_state()}", problem.step) from None


def log(step: Step, values: Mapping[str, float], told: Sequence[Observer]) -> None:
    for observer in told:
        observer.logged(step, values)


def _evaluate(
    made_of: Ingredients,
    network: Network,
    checkpoints: Checkpoints,
    told: Sequence[Observer],
    step: Step,
    *,
    save: bool,
) -> None:
    """Score, and keep what is best, and the state where it is time to `save`. A signal ends it; then the evaluation is owed."""
    try:
        scores = made_of.evaluate(network)
    except Stopped:
        checkpoints.save(owes_evaluation=True)
        raise
    verdict = checkpoints.consider(scores, step)
    for observer in told:
        observer.evaluated(step, scores, verdict.words)
    checkpoints.keep(verdict, step, save=save)
