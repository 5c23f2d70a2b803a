"""The page at `/`: one file, sent as it is, which may load nothing and run nothing but what stands in it."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

from fastapi.responses import Response

from bertft.serving.problems import NOT_FOUND, Refused

PAGE = Path(__file__).with_name("page.html")


async def front_page() -> Response:
    if not PAGE.is_file():
        raise Refused(404, NOT_FOUND, "There is no page here; GET /info tells what can be asked.")
    text, policy = _page()
    return Response(text, media_type="text/html; charset=utf-8", headers={"content-security-policy": policy})


@cache
def _page() -> tuple[str, str]:
    """The page, and its policy: scripts and styles by their hashes."""
    text = PAGE.read_text(encoding="utf-8")
    hashes = {
        name: " ".join(map(_hash, re.findall(rf"<{name}[^>]*>(.*?)</{name}>", text, re.DOTALL)))
        for name in ("script", "style")
    }
    return text, (
        f"default-src 'none'; script-src {hashes['script'] or chr(39) + 'none' + chr(39)}; "
        f"style-src {hashes['style'] or chr(39) + 'none' + chr(39)}; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"
