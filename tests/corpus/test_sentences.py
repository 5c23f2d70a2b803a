"""Texts are split into sentences, and nothing of them is lost or glued together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import build_tokenizer, write_jsonl
from hypothesis import given, settings
from hypothesis import strategies as st

from bertft.corpus.documents import documents_of, open_corpus
from bertft.corpus.sentences import split_sentences
from bertft.reading import ReadOptions
from bertft.rows.fields import Fields


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It rained. We left! Why? Because…", ["It rained.", " We left!", " Why?", " Because…"]),
        ("Dr. No met J. Smith at 3.15 p.m. sharp.", ["Dr. No met J. Smith at 3.15 p.m. sharp."]),
        ('"Stop!" (He did.) Then "On."', ['"Stop!"', " (He did.)", ' Then "On."']),
        ("我来了。你呢？“好！”他说", ["我来了。", "你呢？", "“好！”", "他说"]),
        ("one\n\ntwo\nthree\n", ["one\n\n", "two\n", "three\n"]),
        ("well... maybe", ["well... maybe"]),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@settings(max_examples=50)
@given(st.text(alphabet=' \n.!?…。！“”"()aAé1', max_size=60))
def test_nothing_of_a_text_is_lost_and_no_sentence_is_blank(text: str) -> None:
    found = split_sentences(text)
    assert "".join(found) == (text if text.strip() else "")
    assert all(sentence.strip() for sentence in found)


@pytest.mark.parametrize("text", ["." * 50_000, ". " * 30_000, "\n " * 30_000 + "a", "A. " * 30_000, '."' * 30_000])
def test_odd_texts_take_no_longer_than_others(text: str) -> None:
    """Each takes a fraction of a second; where time grows with the square of the length, this one does not end."""
    assert "".join(split_sentences(text)) == text


@pytest.mark.parametrize("form", ["rows", "lines"])
def test_tokens_of_sentences_are_those_of_the_whole_text(form: str) -> None:
    """Also of a tokenizer that tells a word by the space before it."""
    if form == "rows":
        path = write_jsonl(Path("texts.jsonl"), [{"text": "good film. Very good\nwarm song!  Cold dish."}])
        whole = "good film. Very good warm song! Cold dish."
    else:
        path = Path("texts.txt")
        path.write_text("good film.\nVery good \n\nbad\n", encoding="utf-8")
        whole = "good film. Very good"
    tokenizer: Any = build_tokenizer("roberta")
    (document, *_) = documents_of([open_corpus(str(path), ReadOptions())], Fields("text", None, ()))
    assert len(document) > 1
    tokens = [token for sentence in document for token in tokenizer.tokenize(sentence)]
    assert tokens == tokenizer.tokenize(whole)
