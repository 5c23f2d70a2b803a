"""Markup: whatever text is put into it, a parser finds that text again, and nothing else."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertft.console import plain
from bertft.errors import InternalError
from bertft.markup import Html, element, joined

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=a()>',
    "</style>",
    "' onload='x",
    "&lt;",
    "\x1b[2J",
    "\u202e",
    "\ud800",
]


class Parsed(HTMLParser):
    """Tags, attributes and text, as a browser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    found = Parsed(element("p", text, title=text))
    assert found.tags == [("p", {"title": plain(text)})]
    assert found.text == plain(text)


@given(st.text(st.characters(exclude_characters="\ufffe\uffff\r")))
def test_any_text_stays_text(text: str) -> None:
    found = Parsed(joined([element("b", text), text], between="<"))
    assert [tag for tag, _ in found.tags] == ["b"]
    assert found.text == f"{plain(text)}<{plain(text)}"


def test_markup_is_kept_and_what_is_made_of_it_is_text_again() -> None:
    inner = element("b", "x")
    assert element("p", inner) == "<p><b>x</b></p>"
    assert not isinstance(inner + "<i>", Html)
    assert element("p", inner + "<i>") == "<p>&lt;b&gt;x&lt;/b&gt;&lt;i&gt;</p>"


@pytest.mark.parametrize(
    "tag",
    ["script", "SCRIPT", "iframe", "img", "link", "form", "object", "use", "foreignObject", "set", "svg/onload=x", ""],
)
def test_elements_that_load_or_run_are_refused(tag: str) -> None:
    with pytest.raises(InternalError):
        element(tag)


@pytest.mark.parametrize(
    "name",
    ["onclick", "ONCLICK", "style", "src", "href", "HREF", "xlink_href", "xlink:href", "action", "fill", "a onclick"],
)
def test_attributes_that_load_or_run_are_refused(name: str) -> None:
    with pytest.raises(InternalError):
        element("a", **{name: "javascript:alert(1)"})


@pytest.mark.parametrize("value", ["refresh", "Refresh", "set-cookie"])
def test_a_page_that_goes_elsewhere_by_itself_is_refused(value: str) -> None:
    with pytest.raises(InternalError):
        element("meta", http_equiv=value, content="0;url=http://127.0.0.1:9/")


def test_places_in_the_page_may_be_linked() -> None:
    assert element("a", "x", href="#s1") == '<a href="#s1">x</a>'
    assert element("td", None, colspan=2, hidden=False) == '<td colspan="2"></td>'
