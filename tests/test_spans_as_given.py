"""Gold spans stay what they are: checked against their own words, kept whole in scripts without spaces, scored as given."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, read_jsonl, write_csv, write_jsonl

from bertft.errors import DataError
from bertft.rows.offsets import Claim, placed
from bertft.scoring import score_tags
from bertft.tags import Span, counting
from bertft.tags.counting import unit_of_file
from bertft.tags.rows import GoldTags
from bertft.tags.spans import (
    OVERLAPPING,
    SEVERAL,
    WIDENED,
    Altered,
    CharSpan,
    char_spans,
    ends_inside,
    to_word_spans,
    true_spans,
)
from bertft.tags.words import Words, cut_inside, split_words

Run = Callable[..., Said]
TEXT = "🎉 Zoë\r\nmet Al\r\nin Ems 🎉, he is ok"
UNITS: dict[str, Callable[[str], int]] = {
    "UTF-16 units": lambda text: len(text.encode("utf-16-le")) // 2,
    "UTF-8 bytes": lambda text: len(text.encode()),
    "characters, a line's end as one": lambda text: len(text.replace("\r\n", "\n")),
    "UTF-16 units, a line's end as one": lambda text: len(text.replace("\r\n", "\n").encode("utf-16-le")) // 2,
    "characters, the ends inclusive": len,
    "characters from 1": lambda text: len(text) + 1,
    "": len,
}


def counted(unit: str, *names: str) -> list[dict[str, Any]]:
    """Spans over names, as a tool counts that has this unit."""
    spans = []
    for name in names:
        start, end = (UNITS[unit](TEXT[: TEXT.index(name) + length]) for length in (0, len(name)))
        spans.append({"start": start, "end": end - unit.endswith("inclusive"), "label": "X", "text": name})
    return spans


@pytest.mark.parametrize("unit", UNITS)
def test_spans_with_their_own_words_tell_how_they_are_counted(unit: str) -> None:
    found, said = true_spans(char_spans(counted(unit, "Al", "Ems")) or [], TEXT)
    assert [TEXT[span.start : span.end] for span in found] == ["Al", "Ems"]
    if unit != "characters from 1":  # after one emoji the same as UTF-16 units
        assert said == ([f"spans whose places count {unit}: put right"] if unit else [])


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ((18, 20, "Al"), "span 18 to 20 (X) says 'Al', but 'ms' stands there; that stands at 12"),
        ((0, 2, "Bob"), "that is nowhere in the text"),
        ((0, 999, "Al"), "that stands at 12"),
        ((-5, -3, "Al"), "that stands at 12"),
    ],
)
def test_words_that_fit_no_way_of_counting_are_refused_with_their_place(span: tuple[int, int, str], said: str) -> None:
    text = "🎉 Zoë went Al in Ems"
    with pytest.raises(DataError) as told:
        true_spans([CharSpan(span[0], span[1], "X", span[2])], text)
    assert said.replace("12", str(text.index("Al"))) in str(told.value)


def test_signs_that_html_escapes_may_count_as_one() -> None:
    text = " A&amp;B &lt;in&gt; R&#38;D"
    spans = [CharSpan(1, 4, "X", "A&B"), CharSpan(6, 8, "X", "in"), CharSpan(10, 13, "X", "R&D")]
    found, said = true_spans(spans, text)
    assert [text[span.start : span.end] for span in found] == ["A&amp;B", "in", "R&#38;D"]
    assert len(said) == 1
    assert true_spans([CharSpan(0, 1, "X", "a")], text)[1] == [
        "spans whose places count characters after the spaces before the text: put right"
    ]


NAMES = ["Zoë Müller", "Köln", "Łódź", "🎉 AG", "Ems"]


def told(unit: str, count: int) -> list[tuple[list[CharSpan], str]]:
    """Texts with spans that do not say which words they cover."""
    rows = []
    for number in range(count):
        names = [NAMES[number % len(NAMES)], NAMES[(number + 2) % len(NAMES)]]
        text = f"Wir – 🎉 über {names[0]} und {names[1]} sprächen"
        places = [
            (UNITS[unit](text[: text.index(name)]), UNITS[unit](text[: text.index(name) + len(name)])) for name in names
        ]
        rows.append(([CharSpan(*place, "X") for place in places], text))
    return rows


@pytest.mark.parametrize("unit", ["UTF-16 units", "UTF-8 bytes", ""])
@pytest.mark.parametrize("count", [2, 40])
def test_the_words_of_a_file_tell_how_its_places_are_counted(unit: str, count: int) -> None:
    assert unit_of_file(told(unit, count)) == unit


def test_places_in_characters_are_never_taken_for_others() -> None:
    """Also where most of them end inside words."""
    korean = [([CharSpan(0, 2, "LOC")], f"{name}에서 산다 🎉") for name in ("서울", "부산", "대구", "광주")]
    assert unit_of_file(korean) == ""
    assert unit_of_file([([CharSpan(13, 14, "X")], "Wir – 🎉 über")] * 9) == ""
    assert unit_of_file(told("UTF-8 bytes", 1)) == ""
    assert unit_of_file([]) == ""


def test_a_file_in_bytes_is_put_right_and_said(run: Run, tiny: str) -> None:
    rows = [
        {"text": text, "label": [[s.start, s.end, s.label] for s in spans]} for spans, text in told("UTF-8 bytes", 20)
    ]
    write_jsonl(Path("bytes.jsonl"), rows)
    for words in (
        ("convert", "bytes.jsonl", "-o", "o.jsonl"),
        ("train", "bytes.jsonl", "--model", tiny, "--max-steps", 1),
    ):
        assert "20 rows with spans whose places count UTF-8 bytes: put right" in run(*words).err
    run("convert", "bytes.jsonl", "-o", "o.jsonl", "--form", "spans")
    found = {row["text"][one["start"] : one["end"]] for row in read_jsonl(Path("o.jsonl")) for one in row["entities"]}
    assert found == set(NAMES)


def test_words_may_differ_in_spaces_and_unicode_form() -> None:
    text = "in New\n  York, Zoe\u0308"
    claims = [Claim(3, 13, "New York"), Claim(15, 19, "Zoë"), Claim(3, 14, "New York,")]
    assert placed(claims, text) == placed([Claim(c.start, c.end, None) for c in claims], text)


def test_spans_without_words_are_taken_as_they_are() -> None:
    spans = [CharSpan(1, 2, "X"), CharSpan(99, 100, "X")]
    assert true_spans(spans, TEXT) == (spans, [])


SCRIPTS = {
    "Thai": ("สมชายอยู่ที่กรุงเทพครับ", "กรุงเทพ"),
    "Lao": ("ຂ້ອຍຢູ່ວຽງຈັນ", "ວຽງຈັນ"),
    "Khmer": ("ខ្ញុំនៅភ្នំពេញ។", "ភ្នំពេញ"),
    "Burmese": ("ကျွန်တော်ရန်ကုန်မှာနေတယ်", "ရန်ကုန်"),
    "Japanese": ("タナカさんは東京タワーにいる", "東京タワー"),
    "Korean": ("철수는 서울에서 산다", "서울"),
    "half-width kana": ("ﾀﾅｶさんはﾎﾟｽﾄにいる", "ﾎﾟｽﾄ"),
    "Latin inside": ("わたしのiPhoneをかう", "iPhone"),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_without_spaces_keep_their_spans(script: str) -> None:
    text, name = SCRIPTS[script]
    span = CharSpan(text.index(name), text.index(name) + len(name), "X")
    assert ends_inside([span], text)
    words = split_words(text, by_character=True)
    (found,), remarks, altered = to_word_spans([span], words)
    assert (remarks, altered) == ([], None)
    assert text[words.starts[found.start] : words.ends[found.end - 1]] == name
    assert "".join(words.texts) == text.replace(" ", "")


@pytest.mark.parametrize(("text", "end"), [("Londoners 서울", 6), ("서울에서 산다", 4), ("我们在伦敦", 2), ("Ems", 3)])
def test_other_words_stay_whole(text: str, end: int) -> None:
    assert not ends_inside([CharSpan(0, end, "X")], text)


def test_words_are_cut_only_inside() -> None:
    words = split_words("Londoners in Ems")
    assert cut_inside(words, {0, 6, 9, 10, 12, 16}).texts == ("London", "ers", "in", "Ems")
    assert cut_inside(words, {9, 10}) is words


def gold(tags: list[str], altered: Altered | None) -> GoldTags:
    found = GoldTags(tags)
    found.altered = altered
    return found


def test_what_was_widened_for_learning_is_scored_as_given() -> None:
    """`London` of `Londoners`: whoever predicts the whole word is wrong, at its borders."""
    words = split_words("Londoners saw New York Times")
    spans = [CharSpan(0, 6, "LOC"), CharSpan(14, 28, "ORG"), CharSpan(14, 22, "LOC")]
    found, _, altered = to_word_spans(spans, words)
    assert [(span.label, span.start, span.end) for span in found] == [("LOC", 0, 1), ("ORG", 2, 5)]
    tags = ["B-LOC", "O", "B-ORG", "I-ORG", "I-ORG"]
    scores = score_tags([gold(tags, altered)], [tags], scheme="IOB2")
    assert scores.values["recall"] == pytest.approx(1 / 3)
    assert scores.values["precision"] == pytest.approx(1 / 2)
    assert scores.errors["boundary"] == 1
    other = ["O", "O", "B-LOC", "I-LOC", "O"]
    scores = score_tags([gold(tags, altered)], [other], scheme="IOB2")
    assert (scores.values["precision"], scores.values["recall"]) == (1, pytest.approx(1 / 3))


THAI = [
    {"text": f"{who}อยู่ที่{town}ครับ", "entities": [[0, len(who), "PER"], [len(who) + 7, len(who) + 7 + len(town), "LOC"]]}
    for who in ("สมชาย", "มานี", "ปิติ", "ชูใจ")
    for town in ("กรุงเทพ", "ตราด", "น่าน")
]


@pytest.fixture
def thai() -> Path:
    assert all(row["text"][slice(*row["entities"][1][:2])] in ("กรุงเทพ", "ตราด", "น่าน") for row in THAI)
    return write_jsonl(Path("thai.jsonl"), THAI)


def test_a_run_cuts_texts_as_its_gold_needs_it_in_predict_too(thai: Path, tiny: str, run: Run) -> None:
    quick = ("--max-steps", 1, "--precision", "fp32", "--no-refit")
    said = run("train", thai, "--model", tiny, "-o", "run", *quick).err
    assert "what is written without spaces is cut into characters" in said
    assert "widened" not in said
    stored = json.loads(Path("run/bertft.json").read_text())["stored"]
    assert stored["by_character"] is True
    scores = json.loads(run("eval", "run", thai, "--json").out)
    assert sum(one["support"] for one in scores["per_class"].values()) == 24
    write_jsonl(Path("new.jsonl"), [{"text": row["text"]} for row in THAI])
    run("predict", "run", "new.jsonl", "-o", "out.jsonl")
    for row in read_jsonl(Path("out.jsonl")):
        assert tuple(row["words"]) == split_words(row["text"], by_character=True).texts


@pytest.mark.parametrize("form", ["spans", "doccano", "prodigy", "label-studio", "tokens"])
def test_convert_keeps_every_span_as_given(thai: Path, run: Run, form: str) -> None:
    run("convert", thai, "-o", "out.jsonl", "--form", form)
    run("convert", "out.jsonl", "-o", "back.jsonl", "--form", "spans")
    for row, known in zip(read_jsonl(Path("back.jsonl")), THAI, strict=True):
        text = row["text"] if form != "tokens" else row["text"].replace(" ", "")
        assert text == known["text"]
        if form != "tokens":
            assert [[e["start"], e["end"], e["label"]] for e in row["entities"]] == known["entities"]


@pytest.mark.parametrize("form", ["spans", "doccano", "prodigy", "label-studio"])
def test_convert_keeps_spans_that_overlap_or_end_inside_words(run: Run, form: str) -> None:
    spans = [[0, 6, "LOC"], [0, 9, "PER"], [14, 28, "ORG"], [14, 28, "NEWS"], [18, 22, "LOC"]]
    write_jsonl(Path("in.jsonl"), [{"text": "Londoners saw New York Times", "label": spans}])
    said = run("convert", "in.jsonl", "-o", "out.jsonl", "--form", form).err
    run("convert", "out.jsonl", "-o", "back.jsonl", "--form", "doccano")
    assert sorted(read_jsonl(Path("back.jsonl"))[0]["label"]) == sorted(spans)
    assert "dropped" not in said
    said = run("convert", "in.jsonl", "-o", "tags.jsonl").err
    for what in ("spans widened to word borders", "overlapping spans dropped", "several labels on one span"):
        assert what in said


def test_wrong_words_name_their_row_in_every_door(run: Run, tiny: str) -> None:
    rows = [("Al is in Ems", json.dumps([{"start": 9, "end": 12, "text": "Ems", "labels": ["LOC"]}]))] * 5
    bad = ("We met Al", json.dumps([{"start": 0, "end": 2, "text": "Al", "labels": ["PER"]}]))
    write_csv(Path("t.csv"), ["text", "label"], [*rows, bad])
    for words in (("convert", "t.csv", "-o", "o.jsonl"), ("train", "t.csv", "--model", tiny, "-o", "run")):
        said = run(*words, ok=2).err
        assert "t.csv:7: span 0 to 2 (PER) says 'Al', but 'We' stands there; that stands at 7" in said


class Unsearched(tuple[int, ...]):
    """Not to be looked through for each span."""

    def __contains__(self, one: object) -> bool:
        raise AssertionError("searched from its start")


def test_words_are_not_searched_for_each_span(monkeypatch: pytest.MonkeyPatch) -> None:
    def split(text: str) -> Words:
        words = split_words(text)
        return Words(words.texts, Unsearched(words.starts), Unsearched(words.ends), text)

    monkeypatch.setattr(counting, "split_words", split)
    assert unit_of_file(told("UTF-8 bytes", 20)) == "UTF-8 bytes"


def test_spans_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    same = Span.__eq__
    monkeypatch.setattr(Span, "__eq__", lambda one, other: compared.append(one) or same(one, other))
    text = "Rome " * 300
    spans = [CharSpan(place, place + 4, label) for place in range(0, len(text), 5) for label in "XY"]
    kept, said, _ = to_word_spans([*spans, CharSpan(0, 9, "X"), CharSpan(2, 4, "Z")], split_words(text))
    assert (len(kept), set(said)) == (299, {SEVERAL, OVERLAPPING, WIDENED})
    assert len(compared) <= 10 * len(spans)
