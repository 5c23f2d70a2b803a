"""Tags to spans and back, in every scheme. Oracles: seqeval, and all sequences one by one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval import scheme as schemes
from seqeval.metrics.sequence_labeling import get_entities

from bertft.errors import DataError
from bertft.tags import TAG_SCHEMES, Span, convert_tags, detect, entity_type, legal, spans_of, tag_names, tags_of
from bertft.tags.detection import notation_of

SEQEVAL = {"IOB1": schemes.IOB1, "IOB2": schemes.IOB2, "BIOES": schemes.IOBES, "BILOU": schemes.BILOU}
LOSSLESS = tuple(SEQEVAL)


@st.composite
def sentences(draw: st.DrawFn) -> tuple[list[Span], int]:
    """Spans that do not overlap, of two types, and how many words there are."""
    spans: list[Span] = []
    place = 0
    for gap, words, label in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from("XY")))):
        spans.append(Span(place + gap, place + gap + words, label))
        place += gap + words
    return spans, place + draw(st.integers(0, 2))


@given(sentences(), st.sampled_from(LOSSLESS))
def test_spans_come_back_from_tags(sentence: tuple[list[Span], int], scheme: str) -> None:
    spans, words = sentence
    tags = tags_of(spans, words, scheme)
    assert len(tags) == words
    assert spans_of(tags, scheme) == spans


@given(sentences(), st.sampled_from(LOSSLESS), st.sampled_from(LOSSLESS))
def test_schemes_turn_into_each_other_and_back(sentence: tuple[list[Span], int], one: str, other: str) -> None:
    tags = tags_of(*sentence, one)
    assert convert_tags(convert_tags(tags, one, other), other, one) == tags


@given(sentences(), st.sampled_from(LOSSLESS))
def test_seqeval_reads_the_same_entities_from_our_tags(sentence: tuple[list[Span], int], scheme: str) -> None:
    spans, words = sentence
    parsed = schemes.Entities([tags_of(spans, words, scheme)], SEQEVAL[scheme]).entities[0] if words else []
    assert [(e.start, e.end, e.tag) for e in parsed] == [(s.start, s.end, s.label) for s in spans]


@given(st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"]), max_size=8))
def test_what_breaks_the_scheme_is_repaired_as_seqevals_default_mode_does(tags: list[str]) -> None:
    assert [(s.label, s.start, s.end - 1) for s in spans_of(tags, "IOB2")] == get_entities(tags)


@given(st.lists(st.sampled_from(["O", "B-X", "I-X", "E-X", "S-X", "I-Y", "E-Y"]), max_size=8))
def test_no_word_of_an_entity_is_lost(tags: list[str]) -> None:
    covered = {word for span in spans_of(tags, "BIOES") for word in range(span.start, span.end)}
    assert covered == {word for word, tag in enumerate(tags) if tag != "O"}


@given(sentences())
def test_io_joins_neighbours_of_one_type_and_nothing_else(sentence: tuple[list[Span], int]) -> None:
    spans, words = sentence
    joined: list[Span] = []
    for span in spans:
        if joined and (joined[-1].end, joined[-1].label) == (span.start, span.label):
            span = Span(joined.pop().start, span.end, span.label)
        joined.append(span)
    assert spans_of(tags_of(spans, words, "IO"), "IO") == joined


def sound(tags: Sequence[str], names: Sequence[str], scheme: str) -> bool:
    start, moves, end = legal(names, scheme)
    numbers = [names.index(tag) for tag in tags]
    inside = all(moves[a][b] for a, b in itertools.pairwise(numbers))
    return start[numbers[0]] and inside and end[numbers[-1]]


@pytest.mark.parametrize("scheme", TAG_SCHEMES)
def test_legal_are_exactly_the_sequences_that_spans_can_make(scheme: str) -> None:
    names = tag_names("XY", scheme)
    for words in (1, 2, 3):
        for tags in itertools.product(names, repeat=words):
            assert sound(tags, names, scheme) == (tags_of(spans_of(tags, scheme), words, scheme) == list(tags)), tags


def test_without_a_scheme_everything_is_legal() -> None:
    start, moves, end = legal(("NN", "VB"), None)
    assert start == end == [True, True]
    assert moves == [[True, True], [True, True]]


def test_types_keep_their_hyphens() -> None:
    assert entity_type("B-creative-work") == "creative-work"
    assert spans_of(["B-a-b", "I-a-b", "B-b"], "IOB2") == [Span(0, 2, "a-b"), Span(2, 3, "b")]


def test_spans_that_overlap_are_no_tags() -> None:
    with pytest.raises(ValueError, match="overlaps"):
        tags_of([Span(0, 2, "X"), Span(1, 3, "Y")], 3, "IOB2")
    with pytest.raises(ValueError, match="beyond"):
        tags_of([Span(2, 4, "X")], 3, "IOB2")


def found(*rows: str) -> str | None:
    return detect((f"x.conll:{number}", row.split()) for number, row in enumerate(rows, 1))


@pytest.mark.parametrize(
    ("rows", "scheme"),
    [
        (["B-X I-X O", "O B-Y"], "IOB2"),
        (["I-X I-X O", "O I-Y B-Y"], "IOB1"),
        (["B-X E-X O", "S-Y"], "BIOES"),
        (["S-X O O"], "BIOES"),
        (["B-X L-X O", "U-Y"], "BILOU"),
        (["I-X I-X O", "I-Y O"], "IO"),
        (["PER O O", "O LOC O"], "IO"),
        (["B-X I-X O", "O I-Y O", "B-Y O"], "IOB2"),  # sloppy, but mostly so
        (["NN IN DT"], None),
        (["I-LRB PRP$ NNP O", "HYPH BES -LRB- X-Y"], None),
        (["0 3 4 0 0"], None),
        ([], None),
        (["B-X M-X E-X O", "S-Y"], "BIOES"),
        (["B-X E-X O", "W-Y M-Y"], "BIOES"),
        (["B I O", "O B"], "IOB2"),
        (["I I O", "O I B"], "IOB1"),
        (["B M E S", "S B E"], "BIOES"),
        (["B-X I-X _ _", "_"], "IOB2"),
        (["B-X 0 0"], "IOB2"),
        (["O O O PER LOC PER ORG"], "IO"),
        (["_ _ _ PER LOC"], "IO"),
        (["NN . VB . . ."], None),
        (["S O V S O"], None),
    ],
    ids=str,
)
def test_the_scheme_of_a_file_is_found(rows: list[str], scheme: str | None) -> None:
    assert found(*rows) == scheme


@pytest.mark.parametrize(
    ("tags", "read"),
    [
        ("B-X M-X E-X O W-Y", "B-X I-X E-X O S-Y"),
        ("B I O", "B-ENTITY I-ENTITY O"),
        ("B M E S", "B-ENTITY I-ENTITY E-ENTITY S-ENTITY"),
        ("B-X I-X _ -", None),
        ("B-X OUT I-X", "B-X O I-X"),
        ("B I - B", "B-ENTITY I-ENTITY O B-ENTITY"),
        ("M-X NN VB DT", "M-X NN VB DT"),
    ],
)
def test_other_ways_to_write_a_scheme_are_read_as_the_scheme(tags: str, read: str | None) -> None:
    if read is None:
        with pytest.raises(DataError, match="'_'"):
            notation_of([("x", tags.split())])
    else:
        assert " ".join(notation_of([("x", tags.split())]).read(tags.split())) == read


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["O O", "B_ORG O"], ["x.conll:2", "'B_ORG'", "write B-ORG"]),
        (["O O O b-org"], ["'b-org'", "write B-org"]),
        (["O O O ORG-B"], ["'ORG-B'", "write B-ORG"]),
        (["O O O B:ORG"], ["write B-ORG"]),
        (["B-X I-X O", "X-PER O"], ["x.conll:2", "'X-PER'"]),
        (["B-X E-X L-X"], ["BILOU", "BIOES"]),
        (["O O B-"], ["'B-'"]),
        (["B-X I-X", "PER O"], ["x.conll:2", "'PER'"]),
        (["B_ORG I_ORG B_PER O"], ["write B-ORG"]),
        (["b-org i-org o"], ["write B-org"]),
        (["B-X I-X", "M_ORG O"], ["write I-ORG"]),
    ],
    ids=str,
)
def test_what_is_no_scheme_is_named_with_the_right_form(rows: list[str], words: list[str]) -> None:
    with pytest.raises(DataError) as raised:
        found(*rows)
    assert [word for word in words if word not in str(raised.value)] == []


def test_an_empty_tag_is_an_error() -> None:
    with pytest.raises(DataError, match="x:1: an empty tag"):
        detect([("x:1", ["O", ""])])


@given(sentences(), st.sampled_from(LOSSLESS))
def test_detection_finds_the_scheme_that_a_file_was_written_in(sentence: tuple[list[Span], int], scheme: str) -> None:
    """Beside rows that use all of it."""
    rows = [tags_of(*sentence, scheme), tags_of([Span(0, 1, "X"), Span(1, 4, "X"), Span(5, 6, "Y")], 20, scheme)]
    assert detect(("x", row) for row in rows) == scheme
