"""Guesses about a file: each rule, and each trap that other tools fell into."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertft.errors import DataError
from bertft.guess import Guess, guess
from bertft.guess.columns import look
from bertft.guess.verdict import AskedLabels

TEXTS = [
    f"this is the {word} sentence of our small file"
    for word in ["first", "second", "third", "fourth", "fifth", "sixth"]
]
OTHERS = [f"another remark, number {word}, about the same" for word in ["one", "two", "three", "four", "five", "six"]]
LABELS = ["pos", "neg"] * 3

MACHINE_MADE = {
    "ids": ["1", "2", "3", "4", "5", "6"],
    "codes": ["rev-001", "rev-002", "rev-003", "rev-004", "rev-005", "rev-006"],
    "uuids": [f"3f2b8c1e-9d4a-4c7b-8e6f-0123456789a{n}" for n in "abcdef"],
    "URLs": [f"https://example.org/reviews?id={n}" for n in "abcdef"],
    "e-mail addresses": [f"{n}.smith@example.org" for n in "abcdef"],
    "dates": [f"2024-03-0{n} 12:30:00" for n in range(1, 7)],
    "spelled dates": [f"Mon Apr 0{n} 22:19:45 PDT 2009" for n in range(1, 7)],
    "file names": [f"scans/page_{n}.png" for n in "abcdef"],
    "numbers": [f"{n}.25" for n in range(6)],
    "prices": [f"${n},100.00" for n in range(1, 7)],
}


def columns_of(found: Guess) -> tuple[str, str | None, object]:
    return found.text, found.text_pair, found.label


@pytest.mark.parametrize("kind", MACHINE_MADE)
@pytest.mark.parametrize("name", ["id", "text", "question", "x"])
def test_what_a_machine_made_is_never_text(kind: str, name: str) -> None:
    found = guess({name: MACHINE_MADE[kind], "remark": TEXTS, "label": LABELS})
    assert columns_of(found) == ("remark", None, "label")


@pytest.mark.parametrize("kind", MACHINE_MADE)
def test_what_a_machine_made_is_no_second_text(kind: str) -> None:
    found = guess({"text1": TEXTS, "text2": MACHINE_MADE[kind], "label": LABELS})
    assert columns_of(found) == ("text1", None, "label")


def test_id_text_label_is_not_a_pair() -> None:
    found = guess({"id": ["1", "2", "3", "4", "5", "6"], "text": TEXTS, "label": LABELS})
    assert columns_of(found) == ("text", None, "label")
    assert (found.kind, found.problem, found.separator) == ("text-classification", "single-label", None)


@pytest.mark.parametrize("name", ["Text", "REVIEW", "sentence", "Review Text", "commentText", "tweet_text", "内容"])
def test_text_is_found_by_its_name_beside_other_free_text(name: str) -> None:
    found = guess({"remarks": OTHERS, name: TEXTS, "label": LABELS})
    assert columns_of(found) == (name, None, "label")
    assert any(line.startswith("not used: 'remarks', free text") and "--text-pair" in line for line in found.why)


@pytest.mark.parametrize(
    "pair",
    [
        ("sentence1", "sentence2"),
        ("premise", "hypothesis"),
        ("question1", "question2"),
        ("question", "sentence"),
        ("text_a", "text_b"),
        ("text1", "text2"),
        ("query", "passage"),
        ("#1 String", "#2 String"),
        ("textA", "textB"),
    ],
)
def test_pairs_are_found_by_their_names(pair: tuple[str, str]) -> None:
    found = guess({"index": range(6), pair[0]: TEXTS, pair[1]: OTHERS, "label": LABELS})
    assert columns_of(found) == (*pair, "label")
    assert any("--text-pair" in line for line in found.why)


def test_of_several_numbered_pairs_the_shortest_names_win() -> None:
    parsed = [f"( {text} )" for text in TEXTS]
    columns = {"gold_label": LABELS, "sentence1_parse": parsed, "sentence2_parse": parsed}
    found = guess({**columns, "sentence1": TEXTS, "sentence2": OTHERS, "label1": LABELS})
    assert columns_of(found) == ("sentence1", "sentence2", "gold_label")


@pytest.mark.parametrize("name", ["label", "Labels", "class", "category", "target", "intent", "sentiment", "tag", "y"])
def test_labels_are_found_by_their_names_beside_other_classes(name: str) -> None:
    found = guess({"text": TEXTS, "author": ["ann", "bob", "bob"] * 2, name: LABELS})
    assert columns_of(found) == ("text", None, name)


def test_a_name_that_only_contains_the_word_comes_after_the_word_itself() -> None:
    assert guess({"label": LABELS, "Text": TEXTS, "lable_num": ["1", "0"] * 3}).label == "label"
    columns = {"airline_sentiment": LABELS, "airline_sentiment_gold": ["pos", *[""] * 5], "name": ["a", "b", "b"] * 2}
    assert guess({**columns, "text": TEXTS}).label == "airline_sentiment"


def test_without_telling_names_content_decides() -> None:
    found = guess(
        {"v1": LABELS, "v2": TEXTS, "": [""] * 6, "spill": ["a few stray words", "and more of them", *[""] * 4]}
    )
    assert columns_of(found) == ("v2", None, "v1")


def test_chinese_text_needs_no_spaces() -> None:
    texts = [f"这家酒店的服务{word}好，下次还会来" for word in "很最真不太更"]
    found = guess({"author": ["安", "白", "陈", "戴", "方", "高"], "a": texts, "b": ["好", "坏"] * 3})
    assert columns_of(found) == ("a", None, "b")


def test_short_texts_do_where_there_is_nothing_longer() -> None:
    found = guess({"a": ["Anna", "Bruno", "Carla", "Dario", "Elsa", "Fabio"], "b": ["f", "m"] * 3})
    assert columns_of(found) == ("a", None, "b")


def test_two_texts_without_telling_names_are_a_question() -> None:
    with pytest.raises(
        DataError, match=r"2 columns may be the text: 'left_over', 'remark'. Pass --text, once or for each"
    ):
        guess({"left_over": TEXTS, "remark": OTHERS, "label": LABELS})
    with pytest.raises(DataError, match=r"2 columns may be the text: 'text', 'review'"):
        guess({"text": TEXTS, "review": OTHERS, "label": LABELS})


def test_several_possible_labels_are_a_question() -> None:
    with pytest.raises(DataError, match=r"2 columns may be the label: 'a', 'b'. Pass --label"):
        guess({"text": TEXTS, "a": LABELS, "b": ["x", "y", "y"] * 2})


def test_without_a_label_every_column_is_described() -> None:
    with pytest.raises(DataError) as told:
        guess({"id": ["1", "2", "3", "4", "5", "6"], "text": TEXTS}, file="train.csv")
    assert str(told.value) == (
        "train.csv: no column looks like a label. Pass --label COLUMN. The columns:\n"
        "  'id': ids\n"
        "  'text': free text, 9 words on average"
    )


def test_without_a_text_every_column_is_described() -> None:
    with pytest.raises(DataError, match=r"no column looks like text. Pass --text COLUMN[^$]*'when': dates"):
        guess({"when": MACHINE_MADE["dates"], "label": LABELS})


def test_a_missing_column_names_the_nearest_one() -> None:
    with pytest.raises(DataError, match=r"no column 'sentense' for the text .* Did you mean 'sentence'"):
        guess({"sentence": TEXTS, "label": LABELS}, text="sentense")
    with pytest.raises(DataError, match=r"no column 'lable' for the label .* Did you mean 'label'"):
        guess({"sentence": TEXTS, "label": LABELS}, label="lable")


def test_what_the_user_fixed_is_kept() -> None:
    columns = {
        "id": MACHINE_MADE["codes"],
        "text1": TEXTS,
        "text2": OTHERS,
        "label": LABELS,
        "other": ["a", "b", "b"] * 2,
    }
    assert columns_of(guess(columns, text="id")) == ("id", None, "label")
    assert columns_of(guess(columns, text="text2", label="other")) == ("text2", None, "other")
    assert columns_of(guess(columns, text="text2", text_pair="text1")) == ("text2", "text1", "label")
    assert columns_of(guess(columns, label=("other",))) == ("text1", "text2", "other")
    assert "text 'text2': free text, 7 words on average (as asked)" in guess(columns, text="text2").why
    with pytest.raises(DataError, match="'text1' cannot be used twice"):
        guess(columns, text="text1", text_pair="text1")


def problem_of(values: list[object], problem: str | None = None, **said: Any) -> Guess:
    texts = [f"sentence {n} of a file made for this test" for n in range(len(values))]
    return guess({"text": texts, "label": values}, asked=AskedLabels(problem, **said))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (["pos", "neg"] * 3, "single-label"),
        ([True, False] * 3, "single-label"),
        (["true", "FALSE"] * 3, "single-label"),
        (["0", "1"] * 3, "single-label"),
        ([0, 1, 2] * 2, "single-label"),
        (["-1", "+1"] * 3, "single-label"),
        (["3.0", "4.0"] * 3, "single-label"),
        ([3.0, 4.0, float("nan")] * 2, "single-label"),
        ([*map(str, range(20))] * 2, "single-label"),
        (["0.5", "1", "2.75", "4"] * 2, "regression"),
        ([0.1, 0.9, 0.4, 0.2], "regression"),
        (["1e-3", "2.5", "3"], "regression"),
        ([["a"], ["a", "b"], []] * 2, "multi-label"),
        (['["a"]', '["a", "b"]', "[]"] * 2, "multi-label"),
        (["5 stars", "4 stars", "3"] * 2, "single-label"),
    ],
)
def test_the_label_column_tells_the_problem(values: list[object], problem: str) -> None:
    assert problem_of(values).problem == problem


@given(st.lists(st.sampled_from(["", " ", None, float("nan")]), max_size=4), st.integers(0, 6))
@settings(max_examples=50, deadline=None)
def test_blank_cells_change_no_decision(blanks: list[object], place: int) -> None:
    for values in (["0", "1"] * 3, [1.0, 2.0] * 3, ["0.5", "2"] * 3, ["a", "b"] * 3, ["a|b", "b", "a"] * 2):
        holed = [*values[:place], *blanks, *values[place:]]
        full, blank = problem_of(values), problem_of(holed)
        assert (full.problem, full.separator) == (blank.problem, blank.separator)
        assert not any("nan" in line for line in blank.why)


@pytest.mark.parametrize(
    "values", [[*map(str, range(26))] * 4, [*range(0, 101, 5)] * 3, [0, 0, 1, 1, 2], ["10", "20", "30"]]
)
def test_the_doubtful_middle_names_both_flags(values: list[object]) -> None:
    with pytest.raises(
        DataError, match=r"distinct numbers in 'label': regression or classes\? Pass --regression or --sing"
    ):
        problem_of(values)
    assert problem_of(values, problem="regression").problem == "regression"
    assert problem_of(values, problem="single-label").problem == "single-label"


def test_26_numbers_are_counted_in_words() -> None:
    with pytest.raises(DataError, match="26 distinct numbers in 'score': regression or classes"):
        guess({"text": [f"sentence {n} of a file" for n in range(52)], "score": [*map(str, range(26))] * 2})


@pytest.mark.parametrize(
    ("values", "separator"),
    [
        (["joy|anger", "joy", "anger", "fear|joy"], "|"),
        (["joy; anger", "joy", "anger", "fear; joy", "fear"], ";"),
        (["a,b", "b,c", "a", "c", "b", "a,c"], ","),
    ],
)
def test_parts_that_recur_between_separators_are_labels(values: list[str], separator: str) -> None:
    found = problem_of(values * 3)
    assert (found.problem, found.separator) == ("multi-label", separator)
    assert any(f"separated by '{separator}' (--single-label" in line for line in found.why)


def test_a_separator_within_a_name_is_only_mentioned() -> None:
    found = problem_of(["Washington, DC", "Paris", "Rome", "Portland, Oregon"] * 3)
    assert (found.problem, found.separator) == ("single-label", None)
    assert found.why[-1] == (
        "single-label: one of 4 classes for each row; 6 of them hold ',', "
        "which --multi-label takes as a separator (--multi-label)"
    )
    asked = problem_of(["Washington, DC", "Paris"] * 3, problem="multi-label")
    assert (asked.problem, asked.separator) == ("multi-label", ",")


def test_columns_of_0_and_1_after_the_text_are_labels() -> None:
    flags = {"toxic": ["1", "0"] * 3, "threat": ["0"] * 6, "insult": [True, False, False] * 2}
    found = guess({"id": MACHINE_MADE["codes"], "seen": ["0", "1"] * 3, "comment_text": TEXTS, **flags})
    assert columns_of(found) == ("comment_text", None, ("toxic", "threat", "insult"))
    assert found.problem == "multi-label"
    assert found.why[-1] == "multi-label: 3 columns of 0 and 1, one per label (--label)"


def test_columns_of_0_and_1_may_be_called_label_and_number() -> None:
    found = guess({"text": TEXTS, "label_a": ["0", "1"] * 3, "label_b": ["1", "0"] * 3})
    assert found.label == ("label_a", "label_b")


def test_several_named_label_columns_must_hold_0_and_1() -> None:
    columns = {"text": TEXTS, "a": ["0", "1"] * 3, "b": ["0", "1", "1"] * 2, "c": LABELS}
    assert guess(columns, label=("a", "b")).label == ("a", "b")
    with pytest.raises(DataError, match="but 'c' holds 2 distinct values: neg, pos"):
        guess(columns, label=("a", "c"))
    with pytest.raises(DataError, match="2 label columns are a multi-label task, not regression"):
        guess(columns, label=("a", "b"), asked=AskedLabels("regression"))


def test_labels_that_are_all_different_are_no_labels() -> None:
    with pytest.raises(
        DataError, match="every one of the 6 labels in 'label' is different: it looks like text or an id"
    ):
        problem_of(["a", "b", "c", "d", "e", "f"])


@pytest.mark.parametrize("values", [["pos"] * 6, ["1"] * 6, [0.5] * 6, ["pos", "", "pos", None]])
def test_one_label_only_is_nothing_to_learn(values: list[object]) -> None:
    with pytest.raises(DataError, match=r"every label in 'label' is '.*': there is nothing to tell apart"):
        problem_of(values)


def test_an_empty_label_column_is_said_to_be_empty() -> None:
    with pytest.raises(DataError, match="label column 'label' is empty"):
        problem_of(["", None, ""])


def test_a_regression_needs_numbers() -> None:
    with pytest.raises(DataError, match="--regression wants numbers, but 'label' holds 'high'"):
        problem_of(["1", "high", "2", "1"], problem="regression")


def test_numbers_with_a_word_among_them_are_a_question() -> None:
    values = [f"{n}.5" for n in range(30)] + ["unclear"]
    with pytest.raises(DataError, match="holds 30 numbers, but also 'unclear'"):
        problem_of(values)
    with pytest.raises(DataError, match="the numbers in 'label' are written like '1,5'"):
        problem_of(["1,5", "2,5", "1,7", "2,7"] * 2)


def test_every_guess_names_the_flag_against_it() -> None:
    found = guess({"sentence1": TEXTS, "sentence2": OTHERS, "label": ["0", "1"] * 3})
    assert found.why == [
        "task text-classification (--task)",
        "text 'sentence1': free text, 9 words on average (--text)",
        "second text 'sentence2': free text, 7 words on average (--text-pair)",
        "label 'label': 2 distinct values: 0, 1 (--label)",
        "single-label: 2 whole numbers are classes (--regression)",
    ]


def test_tokens_with_tags_are_token_classification() -> None:
    tokens, tags = [["Anna", "sings"], ["Rome"]], [["B-PER", "O"], ["B-LOC"]]
    found = guess({"id": [0, 1], "tokens": tokens, "pos_tags": [["N", "V"], ["N"]], "ner_tags": tags})
    assert (found.kind, found.problem, *columns_of(found)) == ("token-classification", None, "tokens", None, "ner_tags")
    assert "--task" in found.why[0]
    quoted = {"words": ['["Anna", "sings"]', '["Rome"]'], "labels": ['["B-PER", "O"]', '["B-LOC"]']}
    assert guess(quoted).kind == "token-classification"


def test_spans_beside_a_text_are_token_classification() -> None:
    spans = [[[0, 4, "PER"]], []] * 3
    assert guess({"text": TEXTS, "label": spans}).kind == "token-classification"
    assert guess({"text": TEXTS, "entities": [[{"start": 0, "end": 4, "label": "PER"}]] * 6}).label == "entities"


def test_lists_of_labels_are_not_tags() -> None:
    assert guess({"text": TEXTS, "labels": [["a", "b"], ["b"], ["a"]] * 2}).kind == "text-classification"
    uneven = {"tokens": [["a", "b"], ["c"]], "tags": [["x"], ["y"]], "text": TEXTS[:2]}
    assert guess(uneven).kind == "text-classification"


def test_question_context_and_answers_are_question_answering() -> None:
    answers = [{"text": ["first"], "answer_start": [12]}] * 6
    found = guess({"id": MACHINE_MADE["codes"], "context": TEXTS, "question": OTHERS, "answers": answers})
    assert (found.kind, *columns_of(found)) == ("question-answering", "question", "context", "answers")
    judged = guess({"question": OTHERS, "context": TEXTS, "answers": LABELS, "label": LABELS}, label="label")
    assert judged.kind == "text-classification"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (TEXTS, "free text, 9 words on average"),
        (["0", "1", "1", ""], "2 distinct values: 0, 1"),
        (["c", "b", "a"] * 4 + ["d", "e", "f"], "6 distinct values: a, b, c, d, e, …"),
        (["10", "9", "10", "9"], "2 distinct values: 9, 10"),
        (["same"] * 3, "1 distinct value: same"),
        (MACHINE_MADE["uuids"], "ids"),
        (MACHINE_MADE["ids"], "ids"),
        (MACHINE_MADE["URLs"], "URLs"),
        (MACHINE_MADE["dates"], "dates"),
        (MACHINE_MADE["file names"], "file names"),
        (MACHINE_MADE["e-mail addresses"], "e-mail addresses"),
        (["0.5", "2.25"], "fractions from 0.5 to 2.25"),
        ([["a"], ["a", "b"]], "lists, 1.5 items on average"),
        (["", None, float("nan")], "empty"),
        (["NA", "null", "None", "null"], "3 distinct values: NA, None, null"),
    ],
)
def test_a_column_is_described_in_a_few_words(values: list[object], words: str) -> None:
    assert str(look(values)) == words


@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=12), st.integers(), st.floats(), st.lists(st.integers(), max_size=2))
    )
)
@settings(max_examples=100, deadline=None)
def test_any_column_can_be_described_and_any_file_ends_in_a_guess_or_a_plain_error(values: list[object]) -> None:
    assert str(look(values))
    texts = [f"sentence {n} of this file" for n in range(len(values))]
    columns = {"text": texts, "label": values, "more": values}
    assert outcome(columns).startswith(("text-classification", "the file: "))


def outcome(columns: dict[str, list[object]]) -> str:
    try:
        return guess(columns).kind
    except DataError as error:
        return str(error)
