"""Words and entities of a corpus: whole for every kind of tokenizer, also where no spaces part words."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import write_jsonl

from bertft.corpus import words as words_room
from bertft.corpus.entities import open_entities
from bertft.corpus.marking import Marker
from bertft.corpus.word_list import WordList
from bertft.corpus.words import CHARACTERS, JIEBA, SPACES, by_character, segmenter_for, spaced
from bertft.errors import DataError, UsageError
from bertft.masking.marks import ENTITY, ENTITY_START, WORD_START

CHINESE = "我们在北京大学学习自然语言处理，今天很好。GPT-4很强。"
THAI = "ภาษาไทยเป็นภาษา"
TEXTS = [
    "The  quick, brown fox doesn't jump (over) the dog's fence in 2026—naïve café!",
    CHINESE,
    "état ﬁnal: ½ of it… 😀👍🏽 done",
    "안녕하세요 세계, हिन्दी भाषा",
    "\u00a0 x\u200b y\tz ",
    "re-use U.S.A. http://a.b/c?d=e",
]


def wordpiece() -> Any:
    from tokenizers import BertWordPieceTokenizer

    return trained(BertWordPieceTokenizer(), vocab_size=200, min_frequency=1)


def byte_level() -> Any:
    from tokenizers import ByteLevelBPETokenizer

    return trained(ByteLevelBPETokenizer(add_prefix_space=True), vocab_size=330)


def sentencepiece() -> Any:
    from tokenizers import SentencePieceUnigramTokenizer

    return trained(SentencePieceUnigramTokenizer(), vocab_size=150, unk_token="<unk>", special_tokens=["<unk>"])


def spaces_are_letters() -> Any:
    """As mmBERT's: nothing splits a text beforehand."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    found = Tokenizer(models.BPE(unk_token="<unk>"))
    found.pre_tokenizer = pre_tokenizers.Metaspace(split=True)
    found.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=250, show_progress=False, special_tokens=["<unk>"]))
    found.normalizer, found.pre_tokenizer = (
        normalizers.Replace(" ", "▁"),
        pre_tokenizers.Split(" ", "merged_with_previous"),
    )
    return found


def trained(tokenizer: Any, **settings: Any) -> Any:
    tokenizer.train_from_iterator(TEXTS, show_progress=False, **settings)
    return tokenizer


def units_of(text: str, encoding: Any, marker: Marker) -> list[str]:
    """The text of each word, from the marks."""
    found: list[list[tuple[int, int]]] = []
    for mark, place in zip(marker(text, encoding), encoding.offsets, strict=True):
        found += [[]] if mark & WORD_START else []
        found[-1].append(place)
    return [text[min(place)[0] : max(end for _, end in place)].strip() for place in found]


@pytest.mark.parametrize("tokenizer", [wordpiece, byte_level, sentencepiece, spaces_are_letters])
@pytest.mark.parametrize("words", [spaced, by_character])
def test_no_word_is_cut_by_any_tokenizer(tokenizer: Callable[[], Any], words: Any) -> None:
    made = tokenizer()
    for text in TEXTS:
        encoding = made.encode(text, add_special_tokens=False)
        numbers = np.cumsum(Marker(words)(text, encoding) & WORD_START)
        for start, end in words(text):
            touching = [
                one for one, place in zip(numbers, encoding.offsets, strict=True) if place[0] < end and place[1] > start
            ]
            assert len(set(touching)) <= 1, text[start:end]


@pytest.mark.parametrize("tokenizer", [wordpiece, byte_level, sentencepiece])
def test_words_are_the_same_for_every_tokenizer(tokenizer: Callable[[], Any]) -> None:
    text = "The quick, brown fox: 2026!"
    assert units_of(text, tokenizer().encode(text, add_special_tokens=False), Marker(spaced)) == [
        "The", "quick", ",", "brown", "fox", ":", "2026", "!",
    ]  # fmt: skip


def test_a_text_without_tokens_has_no_marks() -> None:
    assert Marker(spaced)("", wordpiece().encode("", add_special_tokens=False)).tolist() == []


def parts(text: str, places: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in places]


def test_chinese_words_are_those_of_jieba(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cache is not read: anybody may have put it into the folder for temporary files."""
    import marshal

    monkeypatch.setattr(marshal, "load", None)
    monkeypatch.setattr(marshal, "dump", None)
    told = segmenter_for(None, [CHINESE], corpus="news.txt")
    assert told.words == JIEBA
    assert "Chinese" in told.said
    assert "news.txt" in told.said
    wanted = "我们|在|北京大学|学习|自然语言|处理|，|今天|很|好|。|GPT|-|4|很强|。"
    assert "|".join(parts(CHINESE, told.places(CHINESE))) == wanted


def test_without_jieba_it_is_said_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jieba", None)
    monkeypatch.setattr(words_room, "_cutter", words_room._cutter.__wrapped__)
    for words in (None, JIEBA):
        with pytest.raises(UsageError, match=r"pip install 'bertft\[zh\]', or pass --words FILE"):
            segmenter_for(words, [CHINESE], corpus="news.txt")
    with pytest.raises(UsageError, match=r"pip install 'bertft\[zh\]'\.$"):  # where no flag could choose another way
        segmenter_for(JIEBA, [CHINESE], corpus="news.txt", anew=False)
    assert segmenter_for(CHARACTERS, [CHINESE], corpus="news.txt").places(CHINESE)[0] == (0, 1)


def test_a_list_of_words_takes_the_longest(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("北京\t12\n北京大学\t3\n\n学习\nNew York\n", encoding="utf-8-sig")
    listed = segmenter_for(str(tmp_path / "words.txt"), [], corpus="c.txt").places
    assert parts("在北京大学学习New  York city", listed("在北京大学学习New  York city")) == [
        "在",
        "北京大学",
        "学习",
        "New  York",
        "city",
    ]


def test_scripts_without_spaces_need_to_be_told() -> None:
    with pytest.raises(UsageError, match=r"c.txt: 100% of its letters .* --words FILE .* --words characters"):
        segmenter_for(None, [THAI], corpus="c.txt")
    assert segmenter_for(None, ["Seoul 서울에서 만나요"], corpus="c.txt").words == SPACES
    assert segmenter_for(None, ["English text with one 字 only " * 9], corpus="c.txt").words == JIEBA
    assert segmenter_for(None, ["English text " * 99, "一"], corpus="c.txt").words == SPACES


def test_listed_entities_are_marked_whole_and_counted(tmp_path: Path) -> None:
    (tmp_path / "entities.txt").write_text("Quick Brown\nbrown\nnowhere\nfox\n", encoding="utf-8")
    entities = open_entities(str(tmp_path / "entities.txt"))
    text = "The Quick  Brown foxes, brown fox."
    encoding = wordpiece().encode(text, add_special_tokens=False)
    marks = Marker(spaced, entities)(text, encoding)
    inside = [text[start:end] for mark, (start, end) in zip(marks, encoding.offsets, strict=True) if mark & ENTITY]
    assert "".join(inside) == "QuickBrownbrownfox"
    assert sum(marks & ENTITY_START > 0) == 3
    assert entities.found("c.txt").endswith("3 of 4 entities occur, 3 times in all")


def test_entities_that_do_not_occur_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "entities.txt").write_text("Berlin\n", encoding="utf-8")
    entities = open_entities(str(tmp_path / "entities.txt"))
    assert not entities.places("in berlin, Berliners")
    with pytest.raises(DataError, match=r"none of its 1 entities occurs in c\.txt"):
        entities.found("c.txt")


def test_spans_of_a_file_mark_the_same_texts(tmp_path: Path) -> None:
    """Also of a text of several lines, where places count from its own beginning."""
    spans = [{"start": 0, "end": 3, "label": "PER", "text": "Ann"}, {"start": 16, "end": 21, "label": "LOC"}]
    found = write_jsonl(tmp_path / "found.jsonl", [{"text": "Ann went.\n\n  to Paris today ", "entities": spans}])
    entities = open_entities(str(found))
    assert parts("Ann went.", list(entities.places("Ann went."))) == ["Ann"]
    assert parts("to Paris today", list(entities.places("to Paris today"))) == ["Paris"]
    assert not entities.places("Ann slept.")
    assert entities.found("c.txt").endswith(
        "2 entities in 2 sentences; 1 of the corpus' 3 sentences are not in it and have none"
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": "Ann went", "label": "x"}, "no column has spans"),
        ({"text": "Ann", "entities": [[0, 9, "PER"]]}, "found.jsonl:1: span 0 to 9"),
        ({"text": "Ann went", "spans": [{"start": 0, "end": 3, "label": "P", "text": "Bob"}]}, "says 'Bob'"),
        ({"body": "Ann", "spans": [[0, 3, "P"]]}, "no column 'text'"),
    ],
)
def test_a_file_of_spans_that_cannot_be_used_is_refused(row: dict[str, Any], said: str, tmp_path: Path) -> None:
    (tmp_path / "found.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=said):
        open_entities(str(tmp_path / "found.jsonl"))


def test_spans_of_other_texts_are_refused(tmp_path: Path) -> None:
    entities = open_entities(str(write_jsonl(tmp_path / "s.jsonl", [{"text": "Ann", "entities": [[0, 3, "P"]]}])))
    entities.places("Bob")
    with pytest.raises(DataError, match=r"has none of the texts of c.txt"):
        entities.found("c.txt")


def test_a_long_word_is_not_found_in_the_short_one_that_ends_a_text() -> None:
    listed = WordList(["New York", "New York City Council"])
    assert parts("in New York", listed.places("in New York")) == ["New York"]
    assert parts("New York City", listed.words("New York City")) == ["New York", "City"]


def test_a_word_list_knows_no_empty_words() -> None:
    assert len(WordList(["", " ", "a", "a "])) == 1
