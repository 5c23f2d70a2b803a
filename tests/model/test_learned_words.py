"""A tokenizer learned from rows: whole words, seen twice, and something for every text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bertft.engine.vocabulary import vocabulary_in_words
from bertft.model.tokens import load_tokenizer
from bertft.model.vocabulary import SPECIAL, learn_and_count, learn_tokenizer


def words_of(tokenizer: Any) -> set[str]:
    return set(tokenizer.get_vocab()) - set(SPECIAL)


def test_words_that_occur_twice_are_known_in_lower_case() -> None:
    tokenizer: Any = learn_tokenizer(["A good film.", "Good, not GREAT.", "a bad one"], words=False)
    assert words_of(tokenizer) == {"a", "good", "."}
    assert tokenizer("Good film")["input_ids"] == [2, tokenizer.get_vocab()["good"], 1, 3]


def test_where_no_word_occurs_twice_all_are_known() -> None:
    learned, times = learn_and_count(["one two", "three"], words=False)
    assert words_of(learned) == {"one", "two", "three"}
    assert vocabulary_in_words(3, times) == "all 3 words and signs of training, as none occurs 2 times"
    _, times = learn_and_count(["one two", "two"], words=False)
    assert vocabulary_in_words(1, times) == "1 words and signs that occur 2 times or more in training"


def test_no_text_is_empty_and_pairs_can_be_told_apart() -> None:
    tokenizer: Any = learn_tokenizer(["a a"], words=False)
    assert tokenizer("\u00ad")["input_ids"][0] == 2
    assert len(tokenizer("")["input_ids"]) == 2
    pair = tokenizer("a", "b a")
    assert pair["token_type_ids"] == [0, 0, 0, 1, 1, 1]


def test_characters_of_scripts_without_spaces_are_words() -> None:
    assert words_of(learn_tokenizer(["好电影", "好书"], words=False)) == {"好"}


def test_words_that_come_one_by_one_stay_whole() -> None:
    tokenizer: Any = learn_tokenizer(["U.S.", "U.S.", "n't", "n't"], words=True)
    assert words_of(tokenizer) == {"u.s.", "n't"}
    assert tokenizer([["U.S.", "did", "n't"]], is_split_into_words=True).word_ids(0) == [None, 0, 1, 2, None]


def test_it_opens_again_as_any_tokenizer(tmp_path: Path) -> None:
    learned: Any = learn_tokenizer(["good film", "good film!"], words=False)
    learned.save_pretrained(tmp_path)
    opened: Any = load_tokenizer(str(tmp_path))
    assert dict(opened("Good", "film, oh")) == dict(learned("Good", "film, oh"))
    assert opened.get_vocab() == learned.get_vocab()
