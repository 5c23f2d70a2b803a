"""A report of a stranger's run: whatever it says is text. Nothing of it runs, loads or leads anywhere, also in a real browser."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from browser import Seen, found_browser, opened
from conftest import bertft, texts, write_jsonl

from bertft.markup import Html, joined
from bertft.page.skeleton import Section, write_page

EVIL = [
    "<script>console.error('ran')</script>",
    '"><img src=http://127.0.0.1:9/x.png onerror=console.error(1)>',
    "'><svg/onload=console.error(2)>",
    "</style><style>@import 'http://127.0.0.1:9/a.css';</style>",
    "</title></textarea></bdi></table><iframe src='http://127.0.0.1:9/'>",
    "[click](javascript:console.error(3)) javascript:alert(1)",
    '<a href="javascript:console.error(4)">x</a>',
    '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/">',
    "\x00\x07\x1b[2J\u202eevil\u2066\ud83d <!-- --> ]]> {{7*7}} &#60;script&#62;",
]
OURS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "nav",
        "section",
        "footer",
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "a",
        "b",
    ),
    *(
        "div",
        "span",
        "dl",
        "dt",
        "dd",
        "bdi",
        "code",
        "mark",
        "figure",
        "figcaption",
        "details",
        "summary",
        "strong",
        "em",
    ),
    *(
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "svg",
        "text",
        "line",
        "path",
        "circle",
        "rect",
        "i",
        "u",
        "ins",
        "del",
    ),
    *("ol", "br", "small", "g", "abbr", "sup", "sub", "s", "u", "ins", "del"),
}


class Parsed(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def strange(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page about a run that says evil things wherever it can; its plots stand beside it."""
    place = tmp_path_factory.mktemp("strange")
    rows = [{"te<b>xt": f"{text} {EVIL[n % 8]}", "label": EVIL[n % 8]} for n, text in enumerate(texts(120))]
    data, folder = write_jsonl(place / "evil<i>\x1b\"'&name.jsonl", rows), place / "run<script>"
    bertft("train", data, "--text", "te<b>xt", "--model", tiny, "--max-steps", 3, "--no-refit", "-o", folder)
    record = json.loads((folder / "run.json").read_text())
    for number, part in enumerate(("backbone", "device", "repeat", "command", "finished", "task")):
        record[part] = EVIL[number] if part != "finished" else "<script>2026"
    record["versions"] = {EVIL[0]: EVIL[1]}
    record["rows"] |= {EVIL[2]: EVIL[3]}
    record["reference"]["summary"] = " ".join(EVIL)
    (folder / "run.json").write_text(json.dumps(record))
    lines = [json.dumps({"step": n, "validation": {"accuracy": n, EVIL[0]: 1}, "loss": n}) for n in range(3)]
    (folder / "history.jsonl").write_text("\n".join(lines) + "\n")
    plan = (folder / "plan.toml").read_text()
    (folder / "plan.toml").write_text(plan.replace("[output]", '[output]\ncard_title = "</title><script>x()</script>"'))
    bertft("report", folder, "--plots", folder / "plots")
    return folder / "report.html"


def test_all_that_a_strange_run_says_is_text(strange: Path) -> None:
    text = strange.read_text(encoding="utf-8")
    found = Parsed(text)
    assert {tag for tag, _ in found.tags} <= OURS
    attributes = [(name, value) for _, named in found.tags for name, value in named.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name in ("style", "src", "action")]
    assert all(str(value).startswith("#") for name, value in attributes if name == "href")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert "<script>console.error('ran')</script>" in found.text
    assert [tag for tag, _ in found.tags].count("style") == 1
    for plot in (strange.parent / "plots").glob("*.svg"):
        tags = {part.tag.rsplit("}", 1)[-1] for part in ElementTree.parse(plot).iter()}
        assert tags <= {"svg", "style", "title", "text", "line", "path", "circle", "rect"}, plot


def test_the_policy_allows_the_stylesheet_and_nothing_else(strange: Path) -> None:
    text = strange.read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style.group(1).encode()).digest()).decode()
    named: list[dict[str, Any]] = [named for tag, named in Parsed(text).tags if tag == "meta"]
    (policy,) = [one["content"] for one in named if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.fixture
def look(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Seen]:
    browser = found_browser()
    if browser is None:
        pytest.skip("no Chromium on this machine")
    return lambda page: opened(str(browser), page, tmp_path_factory.mktemp("browser"))


def test_a_browser_runs_nothing_and_asks_for_nothing(look: Callable[[Path], Seen], strange: Path) -> None:
    seen = look(strange)
    assert (seen.console, seen.requests) == ([], [])
    assert "Scores" in seen.page


def test_a_browser_would_tell_and_the_policy_holds(look: Callable[[Path], Seen], tmp_path: Path) -> None:
    """Markup that slipped in runs without our policy, and does not with it."""
    slipped = Html("<script>console.log('ran')</script><img src='http://127.0.0.1:9/x.png'>")
    page = write_page("slipped", joined([]), [Section("In", slipped)])
    (tmp_path / "guarded.html").write_text(page)
    (tmp_path / "bare.html").write_text(re.sub(r"<meta http-equiv[^>]*>", "", page))
    bare, guarded = look(tmp_path / "bare.html"), look(tmp_path / "guarded.html")
    assert any(line.startswith('"ran"') for line in bare.console)
    assert bare.requests == ["http://127.0.0.1:9/x.png"]
    assert not any(line.startswith('"ran"') for line in guarded.console)
    assert guarded.requests == []
