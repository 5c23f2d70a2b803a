"""N-grams and their weights are those of scikit-learn; a vocabulary knows what was learned from, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import texts
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from bertft.classic.features import TFIDF, counts_of, inverse_frequencies, weighted
from bertft.classic.grams import CHARACTERS, SIZES, TOKEN, WORDS, grams_of
from bertft.classic.vocabulary import FIRST, UNKNOWN, Vocabulary
from bertft.errors import CheckpointError

ODD = ["", "  ", "A", "It's NOT so-so!", "今天天气不错 ok", "naïve  Éa\tÇa", "İstanbul ﬁn", "🙂🙂 a_b 3.14", "a b c d"]


@pytest.mark.parametrize(("kind", "analyzer"), [(WORDS, "word"), (CHARACTERS, "char_wb")])
def test_n_grams_are_those_of_scikit_learn(kind: str, analyzer: str) -> None:
    theirs = CountVectorizer(analyzer=analyzer, ngram_range=SIZES[kind], token_pattern=TOKEN).build_analyzer()
    for text in [*ODD, *texts(20)]:
        assert sorted(gram for _, gram in grams_of(text, [kind])) == sorted(theirs(text))


def test_every_han_character_is_a_word() -> None:
    assert [gram for _, gram in grams_of("天气ok", [WORDS])] == ["天", "气", "ok", "天 气", "气 ok"]


def test_weights_are_those_of_scikit_learn() -> None:
    rows = [*ODD, *texts(20), "good good good bad"]
    vocabulary = Vocabulary([WORDS], grows=True)
    found, _ = vocabulary.closed([WORDS], np.concatenate(vocabulary(rows)["input_ids"]))
    counts = counts_of(found(rows)["input_ids"], len(found) - FIRST)
    ours = weighted(counts, TFIDF, inverse_frequencies(counts), found.ends)
    theirs = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=TOKEN)
    wanted = theirs.fit_transform(rows)
    assert [gram for _, gram in found.grams] == list(theirs.get_feature_names_out())
    assert abs(ours - wanted).max() < 1e-12


def test_a_closed_vocabulary_knows_only_what_was_seen() -> None:
    growing = Vocabulary([WORDS, CHARACTERS], grows=True)
    seen, _ = growing(["good film"])["input_ids"][0], growing(["unseen"])
    closed, numbers = growing.closed([WORDS], seen)
    assert [gram for _, gram in closed.grams] == ["film", "good", "good film"]
    assert closed(["unseen"])["input_ids"][0].tolist() == [UNKNOWN]
    before = growing(["good film"])["input_ids"][0]
    assert closed(["good film"])["input_ids"][0].tolist() == [n for n in numbers[before] if n != UNKNOWN]


def test_a_vocabulary_is_stored_and_read_again(tmp_path: Path) -> None:
    vocabulary = Vocabulary([CHARACTERS, WORDS], [(CHARACTERS, " a"), (WORDS, "a"), (WORDS, "天 \u2028")])
    vocabulary.save_pretrained(tmp_path)
    read = Vocabulary.load(str(tmp_path))
    assert (read.grams, read.kinds, read.ends) == (vocabulary.grams, vocabulary.kinds, [1, 3])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"format": 2, "kinds": {}}',
        '{"format": 1, "kinds": {"words": [1]}}',
        '{"format": 1, "kinds": {"words": "ab"}}',
        '{"format": 1, "kinds": {"words": ["a", "a"]}}',
        '{"format": 1, "kinds": {"strange": []}}',
        '{"format": 1, "kinds": {"words": {"a": 1}}}',
    ],
)
def test_a_damaged_vocabulary_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "vocabulary.json").write_text(content)
    with pytest.raises(CheckpointError, match="damaged"):
        Vocabulary.load(str(tmp_path))
