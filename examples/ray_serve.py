"""A Ray Serve app: `serve run ray_app:app` in this folder. POST {"inputs": …} to it; what `bertft predict` adds comes back.

`inputs` is a text, a dict of columns (`text` and `text_pair` for pairs, `question` and `context` for questions), or a list of
these; `parameters` holds wishes such as top_k. The run lies in this folder, or where BERTFT_RUN says."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse

import bertft

RUN = os.environ.get("BERTFT_RUN") or str(Path(__file__).resolve().parent)


@serve.deployment(max_ongoing_requests=64)
class Answers:
    def __init__(self, run: str) -> None:
        self.model = bertft.load(run)

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.005)
    async def answers(self, inputs: list[Any]) -> list[Any]:
        """Of the requests that wait, together. A mistake in one is its own answer."""
        return await asyncio.to_thread(self._answers, inputs)

    def _answers(self, inputs: list[Any]) -> list[Any]:
        try:
            return list(self.model(inputs))
        except bertft.errors.UserError:
            return [self._answer(one) for one in inputs]

    def _answer(self, one: Any) -> Any:
        try:
            return self.model([one])[0]
        except bertft.errors.UserError as problem:
            return problem

    async def __call__(self, request: Request) -> Any:
        try:
            body = await request.json()
            inputs, wishes = body["inputs"], body.get("parameters") or {}
            if wishes:
                return await asyncio.to_thread(lambda: self.model(inputs, **wishes))
            found = await asyncio.gather(
                *(self.answers(one) for one in (inputs if isinstance(inputs, list) else [inputs]))
            )
            if wrong := next((one for one in found if isinstance(one, Exception)), None):
                raise wrong
            return found if isinstance(inputs, list) else found[0]
        except (bertft.errors.UserError, ValueError, KeyError, TypeError, AttributeError) as problem:
            return JSONResponse({"error": str(problem), "error_type": "validation"}, status_code=422)


app = Answers.bind(RUN)
