"""The page at `/`, as an answer of the service."""

from __future__ import annotations

from fastapi.responses import Response

from bertft.serving.page_file import web_page


async def front_page() -> Response:
    return Response(web_page().body, headers=web_page().headers)
