"""Pairs for NSP and SOP are what they say: half of each kind, true neighbours or not, never too long, nothing left out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare

from bertft.corpus.pairs import DOES_NOT, FOLLOWS, PairMaker, blocks_of, stretches_of, trimmed
from bertft.corpus.token_file import TokenFile

SIZES = [[3, 4, 5], [2, 9, 2, 2, 7, 1, 3], [4], [30, 2, 40, 3], [5, 5], [1, 1, 1, 1, 50]]
"""Of the sentences of each document, in tokens."""
ROOM = 16


@pytest.fixture
def tokens() -> TokenFile:
    """Each token's id is its place, so that a text says where it is from."""
    flat = [size for document in SIZES for size in document]
    sentences, documents = np.cumsum(flat), np.cumsum([len(document) for document in SIZES])
    ids = np.arange(sentences[-1], dtype=np.int32)
    return TokenFile(ids, None, sentences, documents, np.bincount(ids))


def maker(tokens: TokenFile, objective: str, room: int = ROOM) -> PairMaker:
    return PairMaker(tokens, stretches_of(tokens, np.arange(len(SIZES)), room), objective, room)


def document_of(tokens: TokenFile, place: int) -> int:
    sentence = np.searchsorted(tokens.sentences, place, side="right")
    return int(np.searchsorted(tokens.documents, sentence, side="right"))


def drawn(make: PairMaker, times: int = 150) -> list[tuple[int, object]]:
    return [
        (number, make(number, np.random.default_rng([1, epoch, number])))
        for epoch in range(times)
        for number in range(len(make.stretches))
    ]


@pytest.mark.parametrize("objective", ["nsp", "sop"])
def test_half_of_the_pairs_are_right_and_none_is_too_long(tokens: TokenFile, objective: str) -> None:
    pairs = [pair for _, pair in drawn(maker(tokens, objective))]
    right = sum(pair.answer == FOLLOWS for pair in pairs)
    assert binomtest(right, len(pairs)).pvalue > 0.001
    sizes = [(pair.first.stop - pair.first.start, pair.second.stop - pair.second.start) for pair in pairs]
    assert min(min(both) for both in sizes) >= 1
    assert max(sum(both) for both in sizes) == ROOM


def test_a_next_sentence_is_next_and_a_wrong_one_is_of_another_document(tokens: TokenFile) -> None:
    make = maker(tokens, "nsp", room=200)  # nothing is trimmed
    wrong = []
    for number, pair in drawn(make):
        own = document_of(tokens, pair.first.start)
        assert own == make.stretches.owners[number]
        if pair.answer == FOLLOWS:
            assert pair.second.start == pair.first.stop
        else:
            wrong.append((own, document_of(tokens, pair.second.start)))
            assert wrong[-1][0] != wrong[-1][1] == document_of(tokens, pair.second.stop - 1)
    of_third = [other for own, other in wrong if own == 3]
    assert chisquare([of_third.count(other) for other in (0, 1, 2, 4, 5)]).pvalue > 0.001


def test_a_wrong_order_is_the_right_one_turned_round(tokens: TokenFile) -> None:
    for _, pair in drawn(maker(tokens, "sop", room=200)):
        before, after = (pair.first, pair.second) if pair.answer == FOLLOWS else (pair.second, pair.first)
        assert before.stop == after.start
        assert document_of(tokens, before.start) == document_of(tokens, after.stop - 1)


def test_texts_begin_and_end_between_sentences_where_they_fit(tokens: TokenFile) -> None:
    borders = {0, *tokens.sentences.tolist()}
    for _, pair in drawn(maker(tokens, "nsp", room=200), times=20):
        assert {pair.first.start, pair.first.stop, pair.second.start, pair.second.stop} <= borders


def test_a_wrong_text_may_begin_at_any_sentence_and_is_as_long_as_the_true_one(tokens: TokenFile) -> None:
    make = maker(tokens, "nsp", room=200)
    begins = [pair.second.start for _, pair in drawn(make, 300) if pair.answer == DOES_NOT]
    of_second = [0, *tokens.sentences.tolist()][3:10]
    assert chisquare([begins.count(place) for place in of_second]).pvalue > 0.001
    longest = [
        pair.second.stop - pair.second.start for number, pair in drawn(make, 60) if make.stretches.owners[number] == 4
    ]
    assert 5 < max(longest) <= 4 + 50  # no sentence more than it takes


def test_all_text_of_documents_with_two_sentences_is_in_a_stretch(tokens: TokenFile) -> None:
    stretches = stretches_of(tokens, np.arange(len(SIZES)), ROOM)
    held = {
        sentence for begin, end in zip(stretches.begins, stretches.ends, strict=True) for sentence in range(begin, end)
    }
    alone = {10}  # the only sentence of the third document
    assert held == set(range(len(tokens.sentences))) - alone
    assert min(stretches.ends - stretches.begins) == 2
    assert blocks_of(tokens, stretches, ROOM).lengths.max() == ROOM
    assert "none begins in 1 of 6 documents, as one with a single sentence is left out" in stretches.said_of_single(
        "sop"
    )
    assert stretches_of(tokens, np.asarray([0, 1]), ROOM).said_of_single("nsp") == ""


def test_the_same_chance_draws_the_same_pair_and_another_another(tokens: TokenFile) -> None:
    make = maker(tokens, "nsp")
    one, again, other = ([make(1, np.random.default_rng([seed, 0, k])) for k in range(20)] for seed in (1, 1, 2))
    assert one == again != other


def test_only_documents_of_the_split_are_used(tokens: TokenFile) -> None:
    held = np.asarray([1, 4])
    make = PairMaker(tokens, stretches_of(tokens, held, ROOM), "nsp", ROOM)
    used = {document_of(tokens, text.start) for _, pair in drawn(make, 40) for text in (pair.first, pair.second)}
    assert used == {1, 4}


@pytest.mark.parametrize("sizes", [(3, 4), (9, 4), (4, 9), (8, 8), (9, 8), (20, 3), (3, 20), (40, 41), (1, 99)])
def test_trimming_leaves_what_google_leaves(sizes: tuple[int, int]) -> None:
    one, two = sizes
    while one + two > ROOM:  # truncate_seq_pair of google-research/bert, by length
        one, two = (one - 1, two) if one > two else (one, two - 1)
    for seed in range(20):
        texts = slice(100, 100 + sizes[0]), slice(500, 500 + sizes[1])
        kept = trimmed(*texts, ROOM, np.random.default_rng(seed))
        assert [text.stop - text.start for text in kept] == [one, two]
        assert all(a.start <= b.start and b.stop <= a.stop for a, b in zip(texts, kept, strict=True))
