"""`vocab` learns a tokenizer that transformers opens, the same one every time, and refuses what cannot be learned."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, write_csv

from bertft.corpus.vocabulary import learn_vocabulary

Run = Callable[..., Said]
TEXTS = ["Unbelievable! The believers believe.", "believing is seeing, 我们相信", "Ça va bien; ça, believe it"] * 3


def opened(folder: str) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture
def corpus() -> Path:
    return write_csv(Path("texts.csv"), ["id", "text"], list(enumerate(TEXTS)))


def test_word_pieces_open_in_transformers_as_a_bert(corpus: Path, run: Run) -> None:
    said = run("vocab", corpus, "-o", "pieces", "--size", 90, "--json")
    tokenizer = opened("pieces")
    assert json.loads(said.out)["tokens"] == len(tokenizer)
    assert json.loads(said.out)["documents"] == 9
    assert tokenizer.tokenize("ÇA [MASK] 我们") == ["ca", "[MASK]", "我", "们"]
    assert "believ" in "".join(tokenizer.tokenize("believes")[:1])
    ids = tokenizer("believe", "it")
    assert [ids["input_ids"][place] for place in (0, 2, -1)] == [2, 3, 3]
    assert ids["token_type_ids"][-1] == 1


def test_byte_level_pieces_give_every_text_back(corpus: Path, run: Run) -> None:
    run("vocab", corpus, "-o", "bytes", "--kind", "bpe", "--size", 300)
    tokenizer = opened("bytes")
    text = "Beliefs — 相信!"
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
    assert tokenizer(text)["input_ids"][0] == tokenizer.convert_tokens_to_ids("<s>")
    assert tokenizer.mask_token == "<mask>"


@pytest.mark.parametrize("lower", [True, False])
def test_case_is_kept_where_it_is_asked_for(lower: bool) -> None:
    learned: Any = learn_vocabulary(lambda: TEXTS, kind="wordpiece", size=90, lower=lower)
    assert ("T" in learned.tokenizer.get_vocab()) is not lower


def test_the_same_texts_give_the_same_vocabulary() -> None:
    """Equally frequent pairs, of which only some find room: one that numbers pieces by hash tables merges others each time."""
    texts = [f"{a}{b}{a}{b}" for a in "bcdfghjklm" for b in "aeiou"] * 2

    def learn() -> dict[str, int]:
        found: Any = learn_vocabulary(lambda: texts, kind="wordpiece", size=60, lower=True).tokenizer
        return dict(found.get_vocab())

    assert all(learn() == learn() for _ in range(3))


def test_a_size_that_is_too_small_is_refused_and_the_advice_works(corpus: Path, run: Run) -> None:
    said = run("vocab", corpus, "-o", "small", "--size", 20, ok=2)
    least = re.search(r"--size (\d+)", said.err)
    assert least
    run("vocab", corpus, "-o", "small", "--size", int(least[1]) - 1, ok=2)
    run("vocab", corpus, "-o", "small", "--size", least[1])
    assert len(opened("small")) == int(least[1])
    assert opened("small").tokenize("xe") == ["[UNK]"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "unigram"), "one of wordpiece, bpe"),
        (("--kind", "bpe", "--no-lower"), "are for --kind wordpiece"),
        (("--kind", "bpe", "--size", 260), "Pass --size 261"),
        (("--text", "body"), "no column 'body' for the text (the file has: id, text)"),
        (("-o", "full"), "there is something already"),
        (("./texts.csv",), "named twice"),
        (("--size", -5), "too small"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[object, ...], said: str, corpus: Path, run: Run) -> None:
    Path("full").mkdir()
    Path("full/model.safetensors").touch()
    output = () if "-o" in words else ("-o", "new")
    assert said in run("vocab", corpus, *words, *output, ok=2).err
    assert not Path("new").exists()


def test_a_corpus_without_text_is_refused(run: Run) -> None:
    write_csv(Path("blank.csv"), ["text"], [["  "], [""]])
    assert "no text to learn" in run("vocab", "blank.csv", "-o", "new", ok=2).err


@pytest.mark.parametrize("long", ["ab" * 51, "a\x1c" * 101, "한국" * 20, "😀" * 101, "ab" * 30_000])
def test_words_that_bert_cannot_read_are_left_out_and_counted(long: str) -> None:
    """Merging takes the square of a word's length; 40 syllables of Hangul are 108 characters once accents are dropped."""

    def learn(texts: list[str]) -> Any:
        return learn_vocabulary(lambda: texts, kind="wordpiece", size=120, lower=True)

    plain, mixed = learn(TEXTS), learn([*TEXTS, f"believe {long}, {long}", "cd" * 50])
    assert "1 word" not in plain.long_words
    assert "2 words of more than 100 characters, left out" in mixed.long_words
    words = [*TEXTS, "believe ,", "cd" * 50]
    assert mixed.tokenizer.get_vocab() == learn(words).tokenizer.get_vocab()
    assert mixed.tokenizer.tokenize(long) == ["[UNK]"]
    assert "[UNK]" not in mixed.tokenizer.tokenize("cd" * 50)


@pytest.mark.parametrize("long", ["ab" * 30_000, " " * 30_000])
def test_bytes_of_long_words_are_learned_from_in_parts(long: str) -> None:
    learned: Any = learn_vocabulary(lambda: [f"believe it{long}, it"] * 2, kind="bpe", size=400, lower=False)
    assert "2 words of more than 100 characters, cut" in learned.long_words
    assert 50 < max(len(piece) for piece in learned.tokenizer.get_vocab()) <= 100
    assert "Ġit" in learned.tokenizer.get_vocab()


def test_what_is_left_out_is_said_and_is_not_all(run: Run) -> None:
    Path("long.txt").write_text("good film\n" + "x" * 101, encoding="utf-8")
    assert "1 word of more than 100 characters, left out" in run("vocab", "long.txt", "-o", "new").err
    Path("long.txt").write_text("x" * 101, encoding="utf-8")
    assert "no text to learn a vocabulary from besides 1 word" in run("vocab", "long.txt", "-o", "none", ok=2).err


def test_an_empty_text_file_is_not_asked_for_columns(run: Run) -> None:
    Path("empty.txt").touch()
    for words in (("vocab", "empty.txt"), ("pretrain", "empty.txt", "--from-scratch")):
        assert "empty, wanted a text on each line" in run(*words, "-o", "new", ok=2).err
