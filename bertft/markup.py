"""HTML and SVG that data cannot break out of. Markup is `Html`, which only `element` and `joined` make; every other string is
text from somewhere, and is escaped. Control and direction characters are shown, not obeyed. A page made of this runs no script
and follows no link: it holds the elements and attributes of two short lists, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from bertft.console import plain
from bertft.errors import InternalError

_TAG = re.compile(
    "html|head|meta|title|body|nav|section|footer|h1|h2|p|ul|li|a|b|br|small|span|div|dl|dt|dd|bdi|mark|figure|figcaption|"
    "details|summary|table|caption|thead|tbody|tr|th|td|svg|text|line|path|circle|rect"
)
"""What a page is made of."""
_ATTRIBUTE = re.compile(
    "id|class|title|lang|dir|role|tabindex|aria-label|charset|http-equiv|name|content|href|scope|colspan|hidden|"
    "xmlns|viewBox|width|height|x|y|x1|x2|y1|y2|cx|cy|r|rx|d|transform|text-anchor|fill-opacity"
)
"""None of them loads or runs anything, once `_is_held` agrees with the value."""
_EMPTY = {"meta", "br", "hr"}
_NEVER_TEXT = re.compile("[\ufffe\uffff]")
"""What XML has no place for."""


class Html(str):
    """Markup. What is made of it in any other way than by `element` and `joined` (`+`, f-strings) is a plain string again, and
    would be escaped."""

    __slots__ = ()


Part = str | None
"""Html as it is, other strings as text, None as nothing."""
Value = str | float | bool | None
"""Of an attribute; None and False leave it out."""


def element(tag: str, *parts: Part, **attributes: Value) -> Html:
    """`element("td", text, class_="number")`. `_` in an attribute's name stands for `-`, at its end for nothing."""
    if not _TAG.fullmatch(tag):
        raise InternalError(f"a page holds no {tag}")
    opening = "".join([tag, *(_attribute(name, value) for name, value in attributes.items())])
    return Html(f"<{opening}>" if tag in _EMPTY else f"<{opening}>{joined(parts)}</{tag}>")


def joined(parts: Iterable[Part], between: str = "") -> Html:
    """One after the other, text escaped."""
    return Html(_safe(between).join(_safe(part) for part in parts if part is not None))


def _safe(text: str) -> str:
    return text if isinstance(text, Html) else escape(_NEVER_TEXT.sub("\ufffd", plain(text)))


def _attribute(name: str, value: Value) -> str:
    spelt = name.rstrip("_").replace("_", "-")
    if not _ATTRIBUTE.fullmatch(spelt) or not _is_held(spelt, str(value)):
        raise InternalError(f"a page holds no {spelt}")
    if value is None or value is False:
        return ""
    return f" {spelt}" if value is True else f' {spelt}="{_in_quotes(value)}"'


def _is_held(name: str, value: str) -> bool:
    """Whether the value leads nowhere: a link stays in the page, and `http-equiv` only sets its policy."""
    return {"href": value.startswith("#"), "http-equiv": value == "Content-Security-Policy"}.get(name, True)


def _in_quotes(value: str | float) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return str(escape(_NEVER_TEXT.sub("\ufffd", plain(text))))
