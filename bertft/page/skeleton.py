"""The page around the sections: one file without links, scripts or fonts, light and dark, for a phone and for paper. Its policy
allows this stylesheet and nothing else, so that even markup that slipped in could load and run nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from bertft.markup import Html, element, joined
from bertft.page.blocks import Plot
from bertft.page.mark_style import MARK_STYLE
from bertft.page.style import STYLE
from bertft.plots.style import PLOT_STYLE
from bertft.system.versions import versions


@dataclass(frozen=True)
class Section:
    """A part of a page. One with an empty body is left out."""

    title: str
    body: Html
    plots: tuple[Plot, ...] = ()
    """Those in the body, which --plots also writes as files."""


def write_page(title: str, lead: Html, sections: Sequence[Section]) -> str:
    """The whole file. `lead` stands between the title and the list of sections."""
    shown = [section for section in sections if section.body]
    parts = [element("section", element("h2", one.title), one.body, id=f"s{n}") for n, one in enumerate(shown, 1)]
    body = element("body", element("h1", title), lead, _contents(shown), *parts, _foot())
    return f"<!doctype html>\n{element('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Html:
    style = STYLE + PLOT_STYLE + MARK_STYLE
    policy = f"default-src 'none'; style-src 'sha256-{_digest(style)}'; base-uri 'none'; form-action 'none'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        Html(f"<style>{style}</style>"),
    )


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _contents(sections: Sequence[Section]) -> Html:
    links = [element("li", element("a", one.title, href=f"#s{n}")) for n, one in enumerate(sections, 1)]
    return element("nav", element("ul", *links)) if len(links) > 1 else joined([])


def _foot() -> Html:
    return element("footer", f"Written by bertft {versions()['bertft']}.")
