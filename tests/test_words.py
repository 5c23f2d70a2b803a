"""Words of a cell, and where they stand in its text."""

from __future__ import annotations

import ast
import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import PreTokenizedString, normalizers, pre_tokenizers

from bertft.errors import DataError
from bertft.tags.words import Words, items_of_cell, joined, split_words, tags_of_cell, tokens_of_cell, words_of_text

SOME = st.text(
    st.one_of(
        st.sampled_from("ab1 \t\n.,'$~§–\u00a0\u00ad\u200b\x07\ufeff\u2028\u3000，。我们的カ한é😀\u0301\ufffd"),
        st.characters(codec="latin-1"),
    ),
    max_size=40,
)
LISTS = st.lists(st.text(st.sampled_from("ab'\"\\ ,\n我"), max_size=5), min_size=1, max_size=6)


def words_of_cell(cell: object, *, tags: object = None) -> Words:
    tokens = tokens_of_cell(cell)
    return words_of_text(cell, tags=tags) if tokens is None else joined(tokens)


def places(words: Words) -> list[tuple[int, int]]:
    return list(zip(words.starts, words.ends, strict=True))


def bert_places(text: str) -> list[tuple[int, int]]:
    """Where the words of BERT's own (cased) normalizer and pre-tokenizer stand in the text."""
    clean = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    pieces = PreTokenizedString(text)
    pieces.normalize(clean.normalize)
    pre_tokenizers.BertPreTokenizer().pre_tokenize(pieces)
    return [place for _, place, _ in pieces.get_splits("original", "char")]


@given(SOME)
@example("co\u00adoperate, \u00ad and\u200b go\x0bon 我们go，ok")
def test_text_is_cut_where_bert_cuts_it(text: str) -> None:
    words = split_words(text)
    told = [text[start:end].strip("\u00ad\u200b\x07\ufeff\ufffd") for start, end in bert_places(text)]
    assert len(words.texts) == len(told)
    for (start, end), (bert_start, bert_end), word in zip(places(words), bert_places(text), words.texts, strict=True):
        assert start <= bert_start < bert_end <= end  # BERT leaves invisible characters at a word's ends outside
        assert word == text[start:end]


def test_the_tokenizer_of_transformers_cuts_alike() -> None:
    from transformers import BertTokenizerFast

    bert = BertTokenizerFast(vocab={"[UNK]": 0, "[PAD]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4}, do_lower_case=False)
    text = "The U.S.\u00a0dollar (at ¥7,1) fell…  我们很高兴。don't co\u00adoperate"
    told = bert(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    assert places(split_words(text)) == told


@given(SOME)
def test_nothing_but_space_and_invisible_characters_is_left_out(text: str) -> None:
    covered = {place for start, end in places(split_words(text)) for place in range(start, end)}
    assert not any(text[place].isalnum() for place in range(len(text)) if place not in covered)


@given(st.lists(st.text(max_size=4), max_size=6))
def test_joined_tokens_are_found_at_their_places(tokens: list[str]) -> None:
    words = joined(tokens)
    assert [words.text[start:end] for start, end in places(words)] == tokens == list(words.texts)


def test_joined_tokens_have_a_space_between_them_but_for_chinese() -> None:
    assert joined(["EU", "rejects", "."]).text == "EU rejects ."
    assert joined(["我", "们", "，", "iPhone", "好"]).text == "我们， iPhone 好"
    assert joined([]) == Words((), (), (), "")


@given(LISTS)
def test_a_list_may_come_as_it_is_as_json_or_as_python_or_numpy_print_it(tokens: list[str]) -> None:
    printed_by_numpy = "[" + "\n ".join(map(repr, tokens)) + "]"
    for cell in (tokens, tuple(tokens), json.dumps(tokens), repr(tokens), printed_by_numpy):
        assert words_of_cell(cell) == joined(tokens)
        assert tokens_of_cell(cell) is not None


def test_numpy_prints_no_commas_and_python_would_read_one_word() -> None:
    printed = str(np.array(["EU", "isn't"]))
    assert ast.literal_eval(printed) == ["EUisn't"]
    assert words_of_cell(printed).texts == ("EU", "isn't")


@pytest.mark.parametrize("text", ["[1] see below", "[1]", "[laughs] no", "['a'] b", "[[1, 2]", "plain"])
def test_brackets_in_a_text_make_no_list(text: str) -> None:
    assert tokens_of_cell(text) is None
    assert words_of_cell(text) == split_words(text)


def test_a_long_broken_list_is_no_list_and_found_so_at_once() -> None:
    assert tokens_of_cell("[" + "1 " * 50_000 + "'a' " * 50_000 + "x") is None


def test_numbers_among_tokens_are_words() -> None:
    assert words_of_cell([1996, "ended", 2.5]).texts == ("1996", "ended", "2.5")


def test_as_many_tags_as_parts_between_spaces_keep_the_parts_whole() -> None:
    text = "Mr. O'Neil  left."
    assert words_of_cell(text, tags="O B-PER O").texts == ("Mr.", "O'Neil", "left.")
    assert places(words_of_cell(text, tags='["O", "B-PER", "O"]')) == [(0, 3), (4, 10), (12, 17)]
    assert words_of_cell(text, tags="O O O O O O O O") == words_of_cell(text) == split_words(text)
    assert words_of_cell(text, tags=[[0, 3, "X"], [4, 5, "X"], [5, 6, "X"]]) == split_words(text)


def test_an_empty_cell_has_no_words_and_a_list_of_objects_is_refused() -> None:
    assert [words_of_cell(cell).texts for cell in (None, "", "  ", float("nan"), [])] == [()] * 5
    with pytest.raises(DataError, match="wanted a text or a list of words"):
        words_of_cell([{"text": "EU", "start": 0}])


def test_tags_come_in_as_many_shapes() -> None:
    for cell in (["O", "B-PER"], '["O", "B-PER"]', "['O', 'B-PER']", "['O' 'B-PER']", "O B-PER", " O\tB-PER\n"):
        assert tags_of_cell(cell) == ["O", "B-PER"]
    assert tags_of_cell([0, 3]) == tags_of_cell("[0, 3]") == tags_of_cell("[0 3]") == tags_of_cell("0 3") == ["0", "3"]
    assert [tags_of_cell(cell) for cell in (None, "", " ", [], "[]")] == [None] * 5
    with pytest.raises(DataError, match="wanted a list of tags"):
        tags_of_cell([[0, 5, "PER"]])


def test_items_are_those_of_flat_lists_only() -> None:
    assert items_of_cell("[0, 'a']") == [0, "a"]
    assert [items_of_cell(cell) for cell in ("a b", [["a"]], [{}], None, 3)] == [None] * 5
