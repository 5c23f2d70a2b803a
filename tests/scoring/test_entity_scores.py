"""Entities against seqeval, plain tags against scikit-learn, errors against all pairings by hand."""

from __future__ import annotations

import random
import warnings

import pytest
from seqeval import scheme as schemes
from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score
from sklearn import metrics as oracle

from bertft.errors import InternalError
from bertft.kinds import PROBLEMS
from bertft.scoring import score_tags
from bertft.scoring.entity_errors import ERROR_KINDS, count_errors, find_errors
from bertft.tags import tag_names

SEQEVAL = {"IOB1": schemes.IOB1, "IOB2": schemes.IOB2, "BIOES": schemes.IOBES, "BILOU": schemes.BILOU}
Tags = list[list[str]]


def random_tags(scheme: str, *, seed: int, rows: int = 60) -> tuple[Tags, Tags]:
    """Gold, and predictions that are wrong here and there; neither cares for the scheme."""
    chance, names = random.Random(seed), tag_names(("LOC", "PER"), scheme)
    gold = [[chance.choice([*names, "O", "O"]) for _ in range(chance.randint(1, 9))] for _ in range(rows)]
    return gold, [[chance.choice(names) if chance.random() < 0.2 else tag for tag in line] for line in gold]


def known_to_seqeval(side: Tags) -> Tags:
    """Its default mode has no L- and U-."""
    return [[tag.replace("L-", "E-").replace("U-", "S-") for tag in line] for line in side]


@pytest.mark.parametrize("scheme", SEQEVAL)
@pytest.mark.parametrize("seed", range(4))
def test_scores_are_those_of_seqeval(scheme: str, seed: int) -> None:
    gold, predicted = random_tags(scheme, seed=seed)
    values = score_tags(gold, predicted, scheme=scheme).values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, measure in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
            strict = measure(gold, predicted, mode="strict", scheme=SEQEVAL[scheme])
            assert values[name] == pytest.approx(strict)
            assert values[f"{name}_lenient"] == pytest.approx(measure(*map(known_to_seqeval, (gold, predicted))))
        macro = f1_score(gold, predicted, mode="strict", scheme=SEQEVAL[scheme], average="macro")
    assert values["f1_macro"] == pytest.approx(macro)
    assert values["accuracy"] == pytest.approx(accuracy_score(gold, predicted))
    assert set(values) == set(PROBLEMS["token-classification"].metrics)


def test_exactly_the_metrics_that_were_asked_for() -> None:
    gold, predicted = random_tags("IOB2", seed=1)
    scores = score_tags(gold, predicted, scheme="IOB2", main="recall", metrics=["f1_lenient"])
    assert list(scores.values) == ["f1_lenient", "recall"]
    assert scores.interval is not None
    low, high = scores.interval
    assert low <= scores.values["recall"] <= high


def test_types_have_rows_of_their_own() -> None:
    gold = [["B-LOC", "O", "B-PER", "I-PER"], ["B-LOC", "O"]]
    predicted = [["B-LOC", "O", "B-PER", "O"], ["O", "B-ORG"]]
    per_class = score_tags(gold, predicted, scheme="IOB2").per_class
    assert per_class["LOC"] == pytest.approx({"precision": 1, "recall": 0.5, "f1": 2 / 3, "support": 2})
    assert per_class["PER"] == pytest.approx({"precision": 0, "recall": 0, "f1": 0, "support": 1})
    assert per_class["ORG"]["support"] == 0


def test_all_o_is_said() -> None:
    gold = [["B-LOC", "O"]] * 3
    notes = score_tags(gold, [["O", "O"]] * 3, scheme="IOB2").notes
    assert any("Every word was predicted O" in note for note in notes)
    assert not any("Every word" in note for note in score_tags(gold, gold, scheme="IOB2").notes)
    assert not any("Every word" in note for note in score_tags([["O"]], [["O"]], scheme="IOB2").notes)


def test_plain_tags_are_scored_word_by_word_and_keep_their_first_letter() -> None:
    chance = random.Random(3)
    gold = [[chance.choice(["NN", "IN", "BES", "I-LRB"]) for _ in range(6)] for _ in range(40)]
    predicted = [[chance.choice(["NN", "IN"]) if chance.random() < 0.3 else tag for tag in line] for line in gold]
    scores = score_tags(gold, predicted, scheme=None)
    flat = [[tag for line in side for tag in line] for side in (gold, predicted)]
    assert scores.main == "accuracy"
    assert scores.values["accuracy"] == pytest.approx(oracle.accuracy_score(*flat))
    assert scores.values["f1_macro"] == pytest.approx(oracle.f1_score(*flat, average="macro"))
    assert set(scores.per_class) == {"NN", "IN", "BES", "I-LRB"}
    low, high = scores.interval or (1, 0)
    assert low <= scores.values["accuracy"] <= high


def test_rows_of_different_lengths_are_our_fault() -> None:
    with pytest.raises(InternalError):
        score_tags([["O", "O"]], [["O"]], scheme="IOB2")


@pytest.mark.parametrize(
    ("gold", "predicted", "kind"),
    [
        ([("X", 0, 2)], [("X", 0, 1)], "boundary"),
        ([("X", 0, 2)], [("Y", 0, 2)], "type"),
        ([("X", 0, 2)], [("Y", 2, 3)], "boundary and type"),
        ([("X", 0, 2)], [], "missed"),
        ([], [("X", 0, 2)], "spurious"),
    ],
)
def test_each_kind_of_error(gold: list, predicted: list, kind: str) -> None:
    assert count_errors([set(gold)], [set(predicted)]) == {**dict.fromkeys(ERROR_KINDS, 0), kind: 1}
    (error,) = find_errors([set(), set(gold)], [set(), set(predicted)])
    assert (error.sentence, error.kind) == (1, kind)
    assert ([error.gold] if error.gold else []) == gold
    assert ([error.predicted] if error.predicted else []) == predicted


@pytest.mark.parametrize("seed", range(20))
def test_every_wrong_entity_is_counted_once(seed: int) -> None:
    chance = random.Random(seed)

    def entities() -> set[tuple[str, int, int]]:
        starts = [(start, start + chance.randint(0, 3)) for start in range(0, 30, 4)]
        return {(chance.choice("XY"), *place) for place in starts if chance.random() < 0.7}

    gold, predicted = entities(), entities()
    errors = count_errors([gold], [predicted])
    paired = errors["boundary"] + errors["type"] + errors["boundary and type"]
    assert paired + errors["missed"] == len(gold - predicted)
    assert paired + errors["spurious"] == len(predicted - gold)
    alone = [g for g in gold - predicted if not any(g[1] <= p[2] and p[1] <= g[2] for p in predicted - gold)]
    assert errors["missed"] >= len(alone)


def test_scores_are_ready_for_json() -> None:
    gold, predicted = random_tags("IOB2", seed=2)
    assert set(score_tags(gold, predicted, scheme="IOB2").as_dict()["errors"]) == set(ERROR_KINDS)
