"""Character spans of any shape, onto whole words and back."""

from __future__ import annotations

import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertft.errors import DataError
from bertft.tags import Span
from bertft.tags.spans import (
    EMPTY,
    OVERLAPPING,
    SEVERAL,
    WIDENED,
    Altered,
    CharSpan,
    char_spans,
    is_spans,
    to_char_spans,
    to_word_spans,
)
from bertft.tags.words import Words, joined, split_words

TEXT = st.text(st.sampled_from("ab .,\n我\u00ad"), max_size=25)
LONDON = [CharSpan(7, 13, "LOC"), CharSpan(18, 24, "LOC")]
SHAPES: list[object] = [
    [[7, 13, "LOC"], [18, 24, "LOC"]],
    [(7, 13, "LOC"), (18, 24, "LOC")],
    [[7, 13, ["LOC"]], [18, 24, ["LOC"]]],
    {"entities": [[7, 13, "LOC"], [18, 24, "LOC"]]},
    *(
        [{start: 7, end: 13, label: "LOC"}, {start: 18, end: 24, label: "LOC", "text": "Berlin"}]
        for start, end in (("start", "end"), ("start_offset", "end_offset"), ("begin", "end"))
        for label in ("label", "labels", "type", "entity", "tag", "entity_group")
    ),
    [{"start": 7, "end": 13, "labels": ["LOC"]}, {"start": 18, "end": 24, "labels": ["LOC"], "id": 3}],
    [
        {"start": 0, "end": 1, "label": "X", "answer": "reject"},
        *({"start": s.start, "end": s.end, "label": "LOC"} for s in LONDON),
    ],
]


@pytest.mark.parametrize("cell", SHAPES)
def test_every_shape_holds_the_same_spans_also_written_as_a_string(cell: object) -> None:
    for written in (cell, json.dumps(cell), repr(cell)):
        assert char_spans(written) == LONDON
        assert is_spans(written)


def test_no_cell_is_no_label_and_an_empty_list_is_no_entities() -> None:
    assert [char_spans(cell) for cell in (None, "", " ", float("nan"))] == [None] * 4
    assert [char_spans(cell) for cell in ([], "[]", {"entities": []})] == [[]] * 3
    assert is_spans([])
    assert not any(
        is_spans(cell) for cell in (None, "", "O O", ["O"], "['O', 'B-X']", [0, 1], [["a", 1, 2]], {"a": 1}, 3)
    )


def test_a_label_may_be_a_number() -> None:
    assert char_spans([{"start_offset": 0, "end_offset": 2, "label": 12, "user": 1}]) == [CharSpan(0, 2, "12")]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("some text", "`some text` is no list, wanted a list of spans"),
        (5, "`5` is no list"),
        ([[0, 5]], r"`\[0, 5\]` is no span, wanted"),
        ([["0", 5, "X"]], "is no span"),
        ([{"start": None, "end": 4, "label": "X"}], "is no span"),
        ([{"start": 0.5, "end": 4, "label": "X"}], "is no span"),
        ([[0, 5, ""]], "has no label"),
        ([{"start": 0, "end": 4, "labels": []}], "has no label"),
        (["O", "B-PER"], "`O` is no span"),
    ],
)
def test_what_is_no_list_of_spans_is_told_with_what_was_wanted(cell: object, said: str) -> None:
    with pytest.raises(DataError, match=said):
        char_spans(cell)


def touched(span: CharSpan, words: Words) -> list[int]:
    """Words that share a visible character with the span, character by character."""
    inside = set(range(span.start, span.end))
    return [
        number
        for number, (start, end) in enumerate(zip(words.starts, words.ends, strict=True))
        if inside & {place for place in range(start, end) if not words.text[place].isspace()}
    ]


@given(TEXT, st.data())
def test_one_span_goes_onto_the_words_it_touches(text: str, data: st.DataObject) -> None:
    words = split_words(text)
    start = data.draw(st.integers(0, len(text)))
    span = CharSpan(start, data.draw(st.integers(start, len(text))), "X")
    found, remarks, altered = to_word_spans([span], words)
    expected = touched(span, words)
    assert found == ([Span(expected[0], expected[-1] + 1, "X")] if expected else [])
    assert (EMPTY in remarks) == (not expected)
    if expected:
        wider = words.starts[expected[0]] < span.start or words.ends[expected[-1]] > span.end
        assert (WIDENED in remarks) == wider == (altered is not None)


@given(TEXT, st.integers(0, 999))
def test_of_spans_that_meet_the_longest_stays(text: str, seed: int) -> None:
    words, chance = split_words(text), random.Random(seed)
    places = [sorted(chance.choices(range(len(text) + 1), k=2)) for _ in range(5)]
    spans = [CharSpan(start, end, chance.choice("XY")) for start, end in places]
    found, remarks, _ = to_word_spans(spans, words)
    singles = [one for span in spans for one in to_word_spans([span], words)[0]]
    assert all(left.end <= right.start for left, right in itertools.pairwise(found))
    assert set(found) <= set(singles)
    assert bool({OVERLAPPING, SEVERAL} & set(remarks)) == (len(found) < len(set(singles)))
    for lost in set(singles) - set(found):
        assert any(kept.start < lost.end and lost.start < kept.end for kept in found)


def test_the_longer_of_two_stays_and_twins_are_one() -> None:
    words = split_words("New York Times said")
    assert to_word_spans([CharSpan(0, 8, "LOC"), CharSpan(0, 14, "ORG")], words) == (
        [Span(0, 3, "ORG")],
        [OVERLAPPING],
        Altered(frozenset(), frozenset({("LOC", 0, 1)})),
    )
    assert to_word_spans([CharSpan(0, 8, "LOC")] * 2, words) == ([Span(0, 2, "LOC")], [], None)


def test_of_several_labels_the_first_stays() -> None:
    words = split_words("in New York")
    for cell in (
        [[3, 11, ["ORG", "LOC"]]],
        [[3, 11, "ORG"], [3, 11, "LOC"]],
        [{"start": 3, "end": 11, "labels": ["ORG", "LOC"]}],
    ):
        given = Altered(frozenset(), frozenset({("LOC", 1, 2)}))
        assert to_word_spans(char_spans(cell) or [], words) == ([Span(1, 3, "ORG")], [SEVERAL], given)


def test_white_space_at_the_ends_is_no_widening() -> None:
    words = split_words("in  New York , ok")
    assert to_word_spans([CharSpan(2, 13, "LOC")], words) == ([Span(1, 3, "LOC")], [], None)


def test_white_space_at_the_ends_makes_no_span_longer() -> None:
    words = split_words("a bc          d")
    assert to_word_spans([CharSpan(0, 4, "LONG"), CharSpan(2, 13, "PADDED")], words)[0] == [Span(0, 2, "LONG")]


@pytest.mark.parametrize("place", [(0, 6), (-1, 2), (3, 2), (6, 6)])
def test_a_span_outside_the_text_is_an_error(place: tuple[int, int]) -> None:
    with pytest.raises(
        DataError, match=f"span {place[0]} to {place[1]} .*X.* does not lie in the text, which has 5 char"
    ):
        to_word_spans([CharSpan(*place, "X")], split_words("a b c"))


@given(st.lists(st.text(st.sampled_from("ab我"), min_size=1, max_size=3), min_size=1, max_size=8), st.data())
def test_word_spans_come_back_from_characters(tokens: list[str], data: st.DataObject) -> None:
    words = joined(tokens)
    start = data.draw(st.integers(0, len(tokens) - 1))
    span = Span(start, data.draw(st.integers(start + 1, len(tokens))), "X")
    places = to_char_spans([span], words)
    assert words.text[places[0].start : places[0].end] == joined(tokens[span.start : span.end]).text
    assert to_word_spans(places, words) == ([span], [], None)


def test_a_span_of_four_brings_its_text_in_either_place_or_is_refused() -> None:
    text = "Ada saw Rome"
    for cell in ([[0, 3, "PER", "Ada"]], [[0, 3, "Ada", "PER"]]):
        assert char_spans(cell, text) == [CharSpan(0, 3, "PER")]
    with pytest.raises(DataError, match="says 'Ada', but 'saw' stands there; that stands at 0"):
        to_word_spans(char_spans([[4, 7, "PER", "Ada"]], text) or [], split_words(text))
    with pytest.raises(DataError, match="the text has 'saw' there"):
        char_spans([[4, 7, "PER", "Bob"]], text)
