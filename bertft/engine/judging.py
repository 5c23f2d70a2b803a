"""What a network is worth: its scores on the validation rows while it trains, and those of what was saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bertft.adapters import Adapter, Prediction
from bertft.adapters.calibrating import calibrate, judge_calibration
from bertft.adapters.mistakes import Mistake, mistakes_of
from bertft.engine.answerer import Answerer
from bertft.engine.examples import Examples
from bertft.engine.meter import Meter
from bertft.engine.sharding import ready
from bertft.model.network import load_network
from bertft.protocols import Device, Network
from bertft.scoring import Coverage, Scores
from bertft.scoring.trust import Expectation, Trust


@dataclass(frozen=True)
class Validator:
    """Scores a network on the validation rows."""

    adapter: Adapter
    examples: Examples
    accelerator: Device

    def __call__(self, network: Network) -> Scores:
        answerer = Answerer(self.adapter, self.accelerator.unwrap_model(network), self.accelerator)
        return tune(self.adapter, answerer.predictions(self.examples.windows, Meter()), self.examples)[1]


@dataclass(frozen=True)
class Judged:
    """What the saved model is worth."""

    adapter: Adapter
    """With its thresholds and the scale of its probabilities."""
    trust: Trust
    """What its probabilities are worth, and how many errors to expect; of the validation rows, until test rows say more."""
    scores: Scores
    coverage: Sequence[Coverage]
    """Accuracy of the surest rows; empty where rows have no one label."""
    same_answer: str
    """What it says of all validation rows alike, in words; '' if its answers differ."""
    timings: Mapping[str, float]
    """Of the answers to the validation rows."""
    mistakes: Sequence[Mistake]
    """Validation rows that it got wrong."""


def score_best(folder: Path, adapter: Adapter, validation: Examples, accelerator: Device) -> Judged:
    """Scores of the model as it lies in a folder, read back from there; thresholds, and then the scale of its
    probabilities, are chosen on the validation rows."""
    answerer, meter = load_answerer(folder, adapter, accelerator), Meter()
    own = answerer.predictions(validation.windows, meter, label="Validation")
    timings = meter.timings()  # now, as its clock goes on
    tuned, scores = tune(adapter, own, validation)
    scaled, calibration = calibrate(tuned, own, validation.targets)
    found = scaled.rescaled(own)
    if scaled is not tuned:  # a metric of probabilities may have changed; what tuning was worth has not
        after = scaled.score(found, validation.targets)
        scores = replace(after, notes=[*after.notes, *(note for note in scores.notes if note not in after.notes)])
    coverage = scaled.coverage(found, validation.targets, 0.0) if found else []
    wrong = mistakes_of(scaled, found, validation.targets)
    scaled = scaled.with_steps(found, validation.targets)
    trust = Trust(calibration, expectation(scaled, "validation", wrong, validation))
    return Judged(scaled, trust, scores, coverage, tuned.same_answer(own, validation.targets), timings, wrong)


def answers_of_saved(folder: Path, adapter: Adapter, test: Examples, accelerator: Device) -> list[Prediction]:
    """Of the model as it lies in a folder, to the test rows."""
    return load_answerer(folder, adapter, accelerator).predictions(test.windows, Meter(), label="Test")


def judge_answers(judged: Judged, own: Sequence[Prediction], test: Examples) -> tuple[Scores, Judged]:
    """Scores of the test rows, with what the validation rows chose; and how far they let the model be trusted. `own`: what the
    network says, without calibration."""
    adapter, chosen = judged.adapter, judged.trust.calibration
    found = adapter.rescaled(own)
    why_not = chosen.why_not if chosen else ""
    calibration = judge_calibration(adapter, "test", own, test.targets, why_not=why_not)
    trust = Trust(calibration, expectation(adapter, "test", mistakes_of(adapter, found, test.targets), test))
    return adapter.score(found, test.targets), replace(judged, trust=trust)


def expectation(adapter: Adapter, split: str, wrong: Sequence[Mistake], judged: Examples) -> Expectation | None:
    """None where rows are not right or wrong as a whole."""
    if not adapter.one_label_a_row or not len(judged):
        return None
    return Expectation.after(split, errors=len(wrong), rows=len(judged))


def load_answerer(folder: Path, adapter: Adapter, accelerator: Device) -> Answerer:
    """The network of a folder, ready to answer."""
    network = ready(load_network(str(folder), adapter.card.kind), accelerator)
    return Answerer(adapter, network, accelerator)


def tune(adapter: Adapter, found: list[Prediction], validation: Examples) -> tuple[Adapter, Scores]:
    """The adapter with what is best chosen on the validation rows, and its scores there, which say what that was worth."""
    before, tuned = adapter.score(found, validation.targets), adapter.tuned(found, validation.targets)
    if tuned is adapter:
        return adapter, before
    after = tuned.score(found, validation.targets)
    note = f"{adapter.tuning} {before.main} is {before.main_value:.4f}."
    return tuned, replace(after, notes=[*after.notes, note])
