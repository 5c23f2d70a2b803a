"""The page at `/`: its parts in `web/` become one file that asks nobody else for anything; and the policy that allows exactly its
own stylesheet and script. Data from the service only ever becomes text, which the browser itself holds the page to."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

WEB = Path(__file__).parent / "web"
SCRIPTS = ("dom", "service", "code", "marks", "answers", "forms", "asking", "files", "start")
"""In the order in which they need each other."""


@dataclass(frozen=True)
class WebPage:
    """What answers a GET of `/`."""

    body: bytes
    headers: dict[str, str]


@cache
def web_page() -> WebPage:
    style, script = _read("style.css"), "".join(_read(f"{name}.js") for name in SCRIPTS)
    whole = _read("page.html").replace("{style}", style, 1).replace("{script}", script, 1)
    return WebPage(
        whole.encode(),
        {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy_of(style, script),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Frame-Options": "DENY",
        },
    )


def policy_of(style: str, script: str) -> str:
    """Inline parts by their hash, requests to the page's own service, and no text as markup (trusted types)."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hashed(script)}'",
            f"style-src '{_hashed(style)}'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hashed(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _read(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")
