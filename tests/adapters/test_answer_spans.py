"""Windows of a context, and the best legal spans in them. Oracles: the tokenizer's own windows, and all spans one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from conftest import WORDS, build_tokenizer

from bertft.adapters.questions.best_answers import Ends, best_answers
from bertft.adapters.questions.context_windows import (
    ContextFeature,
    ContextFrame,
    context_windows,
    encode_pairs,
    feature_of,
)

QUESTION, CONTEXT = "good film ?", " ".join(WORDS[i * 7 % 20] for i in range(60))


def features_of(
    family: str, *, length: int, overlap: int, answer: tuple[int, int] | None = None
) -> list[ContextFeature]:
    tokenizer = build_tokenizer(family)
    frame = ContextFrame.of(tokenizer)
    (pair,) = encode_pairs([QUESTION], [CONTEXT], tokenizer, most=length)
    windows = context_windows(pair, room=length - frame.size - len(pair.question), overlap=overlap)
    return [feature_of(7, pair, window, frame, None if answer is None else [answer]) for window in windows]


@pytest.mark.parametrize("family", ["bert", "roberta", "mpnet", "distilbert", "deberta-v2"])
@pytest.mark.parametrize(("length", "overlap"), [(200, 64), (48, 8), (32, 10)])
def test_windows_are_the_tokenizers_own(family: str, length: int, overlap: int) -> None:
    tokenizer = build_tokenizer(family)
    whole = tokenizer(
        *(QUESTION, CONTEXT),
        **{"truncation": "only_second", "max_length": length, "stride": overlap},
        **{"return_overflowing_tokens": True, "return_offsets_mapping": True},
    )
    found = features_of(family, length=length, overlap=overlap)
    assert [feature.input_ids.tolist() for feature in found] == whole["input_ids"]
    for number, feature in enumerate(found):
        if "token_type_ids" in whole:
            assert feature.segments is not None
            assert feature.segments.tolist() == whole["token_type_ids"][number]
        context = [k for k, of in enumerate(whole.sequence_ids(number)) if of == 1]
        assert (feature.shift, len(feature.offsets)) == (context[0], len(context))
        assert [tuple(span) for span in feature.offsets.tolist()] == [
            whole["offset_mapping"][number][k] for k in context
        ]


def test_every_context_token_begins_answers_of_exactly_one_window() -> None:
    owned = []
    for feature in features_of("bert", length=32, overlap=10):
        owned += [feature.offsets[k, 0] for k in feature.own]
    assert owned == [
        span[0]
        for span in build_tokenizer("bert")(CONTEXT, add_special_tokens=False, return_offsets_mapping=True)[
            "offset_mapping"
        ]
    ]


def test_an_answer_is_learned_where_it_is_whole_and_elsewhere_as_none() -> None:
    start = CONTEXT.index("service")
    features = features_of("bert", length=32, overlap=10, answer=(start, start + len("service")))
    places = [feature.target.tolist() for feature in features]
    assert any(place[:2] != [0, 0] for place in places)
    for feature, (first, last, tokens) in zip(features, places, strict=True):
        assert tokens == len(feature.input_ids)
        inside = feature.offsets[0, 0] <= start and start + len("service") <= feature.offsets[-1, 1]
        assert ((first, last) != (0, 0)) == inside
        if inside:
            span = feature.offsets[[first - feature.shift, last - feature.shift]]
            assert CONTEXT[span[0, 0] : span[1, 1]] == "service"


@pytest.mark.parametrize("overlap", [2, 10])
def test_an_answer_can_be_given_where_some_window_allows_it(overlap: int) -> None:
    """Against all legal spans."""
    for start, end in [(0, 4), (0, 40), (CONTEXT.index("service"), len(CONTEXT)), (9, 70), (30, 60)]:
        features = features_of("bert", length=32, overlap=overlap, answer=(start, end))
        whole = features_of("bert", length=9999, overlap=0, answer=(start, end))[0]
        first, last, _ = whole.target.tolist()
        assert {feature.answer_tokens for feature in features} == {last - first + 1}
        place = tuple(int(whole.offsets[token - whole.shift, edge]) for edge, token in enumerate((first, last)))
        legal = legal_places(features)
        assert any(feature.holds_answer for feature in features) == (place in legal)


def legal_places(features: list[ContextFeature]) -> set[tuple[int, int]]:
    return {
        (int(feature.offsets[first, 0]), int(feature.offsets[last, 1]))
        for feature in features
        for first, last in itertools.product(range(len(feature.offsets)), repeat=2)
        if first in feature.own and first <= last
    }


def random_ends(features: list[ContextFeature], seed: int) -> list[Ends]:
    rng = np.random.default_rng(seed)
    return [
        Ends(rng.normal(0, 3, len(f.offsets)), rng.normal(0, 3, len(f.offsets)), float(rng.normal())) for f in features
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("max_answer", [1, 3, 30])
@pytest.mark.parametrize("can_abstain", [False, True])
def test_the_best_answers_are_those_of_all_legal_spans(seed: int, max_answer: int, can_abstain: bool) -> None:
    features = features_of("bert", length=32, overlap=10)
    ends = random_ends(features, seed)
    legal = []
    for said, feature in zip(ends, features, strict=True):
        for first, last in itertools.product(range(len(feature.offsets)), repeat=2):
            if first in feature.own and first <= last < first + max_answer:
                place = (int(feature.offsets[first, 0]), int(feature.offsets[last, 1]))
                legal.append((float(said.start[first] + said.end[last]), place))
    legal.sort(key=lambda pair: -pair[0])
    null = min(said.null for said in ends)
    total = sum(math.exp(score) for score, _ in legal) + (math.exp(null) if can_abstain else 0)
    found = best_answers(ends, features, max_answer=max_answer, can_abstain=can_abstain)
    assert [(c.start, c.end) for c in found.answers] == [place for _, place in legal[:20]]
    assert [c.probability for c in found.answers] == pytest.approx([math.exp(s) / total for s, _ in legal[:20]])
    assert all(c.text == CONTEXT[c.start : c.end] for c in found.answers)
    assert found.null_odds == pytest.approx(null - legal[0][0])
    assert found.no_answer == (pytest.approx(math.exp(null) / total) if can_abstain else None)


def test_a_question_longer_than_half_a_window_is_cut_and_said() -> None:
    tokenizer = build_tokenizer("bert")
    (pair,) = encode_pairs([" ".join(WORDS)], [CONTEXT], tokenizer, most=5)
    assert len(pair.question) == 5
    assert pair.cut
