"""HTML and SVG that data cannot break out of. Markup is `Html`, which only `element` and `joined` make; every other string is
text from somewhere, and is escaped. Control and direction characters are shown, not obeyed. A page made of this runs no script
and follows no link: elements and attributes that could are refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from bertft.console import plain
from bertft.errors import InternalError

_REFUSED = {
    "script",
    "iframe",
    "frame",
    "object",
    "embed",
    "link",
    "base",
    "form",
    "img",
    "image",
    "video",
    "audio",
    "use",
}
_FOLLOWED = {
    "style",
    "src",
    "srcset",
    "srcdoc",
    "action",
    "formaction",
    "data",
    "ping",
    "background",
    "poster",
    "xlink-href",
}
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
    if tag in _REFUSED:
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
    leads_away = spelt == "href" and not str(value).startswith("#")
    if spelt in _FOLLOWED or spelt.startswith("on") or leads_away:
        raise InternalError(f"a page holds no {spelt}")
    if value is None or value is False:
        return ""
    return f" {spelt}" if value is True else f' {spelt}="{_in_quotes(value)}"'


def _in_quotes(value: str | float) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return str(escape(_NEVER_TEXT.sub("\ufffd", plain(text))))
