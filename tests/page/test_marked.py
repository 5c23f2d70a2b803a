"""Marked texts: nothing of the text is lost or doubled, whatever the marks; and what is left out is counted."""

from __future__ import annotations

import random
import re
from html import unescape

import pytest

from bertft.page.marked import AROUND, WHOLE, Mark, passage

SIGNS = "ab <&>\"'\n\u05e9\u0301👩好e"


def without_markup(html: str) -> str:
    """The text without names of marks."""
    return unescape(re.sub("<[^>]*>", "", re.sub("<small>.*?</small>", "", html)))


@pytest.mark.parametrize("seed", range(60))
def test_the_text_comes_out_as_it_went_in(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choices(SIGNS, k=chance.randint(1, 80)))
    places = [sorted(chance.choices(range(len(text) + 1), k=2)) for _ in range(chance.randint(0, 6))]
    marks = [Mark(start, end, f"shade{n}") for n, (start, end) in enumerate(places)]
    html = passage(text, marks)
    assert without_markup(html) == text
    for mark in marks:
        parts = re.findall(rf'<mark class="(?:[^"]* )?{mark.shade}(?: [^"]*)?">(.*?)</mark>', html, flags=re.DOTALL)
        assert unescape("".join(parts)) == text[mark.start : mark.end]


def test_a_name_stands_where_its_mark_ends() -> None:
    html = passage("Anna Bell lives here", [Mark(0, 4, "gold", "PER (gold)"), Mark(0, 9, "said", "PER (predicted)")])
    assert re.sub("<[^>]*>", "|", html).count("PER (gold)") == 1
    assert html.index("Anna") < html.index("PER (gold)") < html.index("Bell") < html.index("PER (predicted)")


@pytest.mark.parametrize("seed", range(20))
def test_of_a_long_text_the_marks_are_shown_and_the_rest_is_counted(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choices("abcdefg ", k=chance.randint(WHOLE + 1, 20_000)))
    starts = [chance.randrange(len(text) - 5) for _ in range(chance.randint(1, 4))]
    html = passage(text, [Mark(start, start + 5, "gold") for start in starts])
    shown = without_markup(re.sub(r'<span class="gap">.*?</span>', "\0", html))
    left_out = [int(found.replace(",", "")) for found in re.findall(r"\[… ([\d,]+) characters …\]", html)]
    assert len(shown.replace("\0", "")) + sum(left_out) == len(text)
    assert all(part in text for part in shown.split("\0"))
    assert all(text[max(start - AROUND, 0) : start + 5 + AROUND] in shown for start in starts)


def test_a_long_text_without_marks_shows_its_beginning() -> None:
    html = passage("x" * (WHOLE + 1234), [])
    assert html.count("x") == WHOLE
    assert "[… 1,234 characters …]" in html


def test_texts_and_names_are_escaped() -> None:
    html = passage("<script>alert(1)</script>", [Mark(0, 8, "gold", "<b>PER</b>")], name="<i>")
    assert "<script" not in html
    assert "<b>PER" not in html
    assert "<i>" not in html
