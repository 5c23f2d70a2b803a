"""Tags of words are known by what they look like, in every form of cells; and what only stands where tags could is refused."""

from __future__ import annotations

import json

import pytest

from bertft.errors import DataError
from bertft.guess import guess
from bertft.guess.verdict import AskedLabels
from bertft.tags.looks import are_entity_tags, no_plain_tags

WORDS = [["Ada", "saw", "Paris", "."], ["Bob", "left", "Rome", "again", "."], ["It", "rained"]] * 8
TAGS = [["B-PER", "O", "B-LOC", "O"], ["B-PER", "O", "B-LOC", "O", "O"], ["O", "O"]] * 8
POS = [["NNP", "VBD", "NNP", "."], ["NNP", "VBD", "NNP", "RB", "."], ["PRP", "VBD"]] * 8
TEXT = [" ".join(words) for words in WORDS]
FORMS = {
    "lists": list,
    "JSON": json.dumps,
    "Python": repr,
    "numpy": lambda tags: repr(tags).replace(",", ""),
    "spaces": " ".join,
}


def found(**columns: list) -> tuple[str, str, object]:
    made = guess(columns)
    return made.kind, made.text, made.label


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("name", ["labels", "label", "iob", "Annotation"])
def test_a_text_beside_as_many_tags_is_tagging(form, name: str) -> None:
    assert found(text=TEXT, **{name: [form(tags) for tags in TAGS]}) == ("token-classification", "text", name)


def test_words_and_punctuation_without_spaces_are_counted_as_well() -> None:
    texts = [text.replace(" .", ".") for text in TEXT]
    assert found(text=texts, labels=TAGS) == ("token-classification", "text", "labels")


@pytest.mark.parametrize("form", [list, json.dumps, repr], ids=["lists", "JSON", "Python"])
def test_of_several_lists_the_tags_are_found_by_name_and_content(form) -> None:
    cells = {name: list(map(form, lists)) for name, lists in (("x", POS), ("tokens", WORDS), ("gold", TAGS))}
    assert found(**cells) == ("token-classification", "tokens", "gold")
    assert found(FORM=cells["tokens"], iob=cells["gold"]) == ("token-classification", "FORM", "iob")
    both = guess({"tokens": WORDS, "ner_tags": TAGS, "chunks": [[f"B-{tag}" for tag in tags] for tags in POS]})
    assert both.label == "ner_tags"
    assert any("tags stand also in 'chunks' (100%" in line for line in both.why)


def test_a_number_of_the_sentence_is_never_its_text() -> None:
    numbers = [f"Sentence: {number}" for number in range(len(TEXT))]
    assert found(**{"Sentence #": numbers, "Sentence": TEXT, "POS": POS, "Tag": TAGS})[1:] == ("Sentence", "Tag")
    made = guess({"sentence": numbers, "words": TEXT, "tag": TAGS}, kind="token-classification")
    assert made.text == "words"


@pytest.mark.parametrize("cells", [TAGS, list(map(" ".join, TAGS)), list(map(repr, TAGS))])
def test_tags_without_their_words_are_no_classes(cells: list) -> None:
    with pytest.raises(DataError, match="the cells of 'label' are tags of words, such as 'B-PER O B-LOC O'") as caught:
        found(text=[f"{text} and more words" for text in TEXT], label=cells)
    assert ("--single-label" in str(caught.value)) == (cells[0] == "B-PER O B-LOC O")
    if cells[0] == "B-PER O B-LOC O":
        asked = guess({"text": [f"{text} yes" for text in TEXT], "label": cells}, asked=AskedLabels("single-label"))
        assert asked.kind == "text-classification"


@pytest.mark.parametrize("labels", [["B", "A", "O"], ["B-1", "A-2", "C-3"], ["O", "K"], ["a b", "b c", "c a"]])
def test_classes_that_look_a_little_like_tags_stay_classes(labels: list[str]) -> None:
    texts = [f"{text} {number}" for number, text in enumerate(TEXT)]
    assert found(text=texts, label=(labels * 12)[: len(TEXT)])[0] == "text-classification"


NO_TAGS = {
    "spaces behind words": ([["+", "-", "+", "+", "-"][: len(words)] for words in WORDS], "without a letter"),
    "lemmas": ([[word.lower() for word in words] for words in WORDS], "their own word"),
    "numbers": ([[str(len(word)) for word in words] for words in WORDS], "numbers"),
    "classes as numbers": ([[int(tag != "O") for tag in tags] for tags in TAGS], "2 numbers"),
    "links": ([[f"Q{row}{place}" for place, _ in enumerate(words)] for row, words in enumerate(WORDS)], "words"),
}


@pytest.mark.parametrize(("cells", "why"), NO_TAGS.values(), ids=NO_TAGS)
def test_what_only_stands_where_tags_could_is_refused_unless_it_was_named(cells: list, why: str) -> None:
    with pytest.raises(DataError, match=f"'tags' does not look like tags: .*{why}.*--label"):
        found(tokens=WORDS, tags=cells)
    assert guess({"tokens": WORDS, "tags": cells}, label="tags").kind == "token-classification"


@pytest.mark.parametrize("cells", [POS, [["COMMA" if word == "." else "O" for word in words] for words in WORDS]])
def test_parts_of_speech_and_their_like_are_plain_tags(cells: list) -> None:
    assert found(tokens=WORDS, tags=cells) == ("token-classification", "tokens", "tags")


def test_few_words_say_little() -> None:
    assert no_plain_tags([("a", "a"), ("b", "b")]) is None


def test_words_that_look_like_tags_are_words() -> None:
    from collections import Counter

    assert not are_entity_tags(
        Counter(["E-Mail", "S-Bahn", "I", "O", "die", "fährt", "nach", "U-Bahn", "und", "das", "ist"])
    )


def test_one_word_a_row_is_refused_with_the_way_out() -> None:
    words = [word for sentence in WORDS for word in sentence]
    tags = [tag for sentence in TAGS for tag in sentence]
    for kind in (None, "token-classification"):
        with pytest.raises(
            DataError, match=r"one word a row, in 'w' with a tag in 'ner'.*--sentence COLUMN.*--format conll"
        ):
            guess({"w": words, "ner": tags}, kind=kind)
    assert guess({"w": words, "ner": tags}, asked=AskedLabels("single-label"), text="w").kind == "text-classification"


def test_the_advice_for_swapped_columns_works() -> None:
    words = [[f"{tag}{place}" for place, tag in enumerate(tags)] for tags in POS]
    with pytest.raises(DataError, match=r"as where the two are swapped.*--label COLUMN.*--text COLUMN"):
        guess({"tokens": POS, "tags": words})
    made = guess({"tokens": POS, "tags": words}, text="tags", label="tokens")
    assert (made.kind, made.text, made.label) == ("token-classification", "tags", "tokens")
