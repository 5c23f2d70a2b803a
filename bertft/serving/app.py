"""The application: paths to works, outcomes to answers."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import Response

from bertft import __version__, console
from bertft.serving.fleet import Fleet
from bertft.serving.front import front_page
from bertft.serving.guard import Guard, Trust
from bertft.serving.inputs import predict_inputs, text_list
from bertft.serving.limits import Limits, read_body, value_of
from bertft.serving.problems import Refused, invalid, overloaded, timed_out
from bertft.serving.shapes import (
    AnswerBody,
    Body,
    EmbedBody,
    EntitiesBody,
    ExplainBody,
    OpenAIBody,
    PredictBody,
    RowsBody,
    Shape,
    SimilarityBody,
    parsed,
)
from bertft.serving.work import Answers, Served, Work

EXPLAINS_WAITING = 8
JSON = "application/json"


@dataclass
class Service:
    """What the paths share."""

    fleet: Fleet
    limits: Limits
    log_texts: bool
    about: Mapping[str, Any]
    """Limits as /info tells them."""
    is_stopping: bool = False
    _explaining: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    _explains: int = 0

    async def value(self, request: Request, shape: type[Shape]) -> Shape:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise invalid(f"Content-Type is '{kind[:100]}', wanted {JSON}.", 415)
        body = await self.body(request)
        return parsed(shape, value_of(body))

    async def body(self, request: Request) -> bytes:
        body = await read_body(request.receive, request.headers.get("content-length", ""), self.limits)
        if self.log_texts:
            console.note(f"{request.url.path} {body.decode('utf-8', errors='backslashreplace')}")
        return body

    async def ask(self, name: str | None, make: Callable[[Served], Work], *, vectors: bool = False) -> Answers:
        """What comes of a work in time."""
        future = asyncio.wrap_future(self.fleet.submit(name, make, vectors=vectors))
        try:
            async with asyncio.timeout(self.limits.seconds):
                found: Answers = await future
                return found
        except TimeoutError:
            raise timed_out(self.limits.seconds) from None

    async def explained(self, explain: Callable[[], Any]) -> Any:
        """In a thread, one after the other: each takes as long as dozens of answers."""
        if self._explains >= EXPLAINS_WAITING:
            raise overloaded(f"{self._explains} texts wait to be explained already; ask again a little later.", 5)
        self._explains += 1
        try:
            async with asyncio.timeout(self.limits.seconds), self._explaining:
                return await asyncio.to_thread(explain)
        except TimeoutError:
            raise timed_out(self.limits.seconds) from None
        finally:
            self._explains -= 1

    def reply(self, value: Any, truncated: int = 0) -> Response:
        try:
            data = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:  # half a character, as JavaScript cuts texts
            data = json.dumps(value, allow_nan=False).encode()
        headers = {"x-truncated": str(truncated)} if truncated else None
        return Response(data, media_type=JSON, headers=headers)


def application(service: Service, trust: Trust) -> Any:
    """The ASGI application."""
    app = FastAPI(title="bertft", version=__version__, docs_url=None, redoc_url=None)
    for path, (shape, handler) in _ASKED.items():
        app.add_api_route(
            path, _answered(service, shape, handler), methods=["POST"], openapi_extra=_documented(shape), name=path
        )
    app.add_api_route("/health", _health(service), methods=["GET"])
    app.add_api_route("/info", _info(service), methods=["GET"])
    app.add_api_route("/metrics", _metrics(service), methods=["GET"])
    app.add_api_route("/", front_page, methods=["GET"])
    app.add_exception_handler(Exception, _raise)
    app.add_exception_handler(404, _raise)
    app.add_exception_handler(405, _raise)
    return Guard(app, trust, service.fleet.metrics)


async def _raise(_: Request, problem: Exception) -> Response:
    raise problem


def _documented(shape: type[Body]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": shape.model_json_schema()}}}}


Handler = Callable[[Service, Any], Awaitable[Response]]


def _answered(service: Service, shape: type[Body], handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await handler(service, await service.value(request, shape))

    return endpoint


async def predict(service: Service, body: PredictBody) -> Response:
    inputs, is_batch = predict_inputs(body.inputs)
    service.limits.check_texts(inputs)
    found = await service.ask(body.model, lambda run: run.labels(inputs, raw=body.raw_scores, truncate=body.truncate))
    return service.reply(found.value if is_batch else found.value[0], found.truncated)


async def entities(service: Service, body: EntitiesBody) -> Response:
    inputs = [body.inputs] if isinstance(body.inputs, str) else body.inputs
    service.limits.check_texts(inputs)
    found = await service.ask(body.model, lambda run: run.entities(inputs))
    return service.reply(found.value, found.truncated)


async def answer(service: Service, body: AnswerBody) -> Response:
    one = body.question is not None or body.context is not None
    if one == (body.inputs is not None):
        raise invalid("Wanted: 'question' and 'context', or 'inputs', a list of objects with both.")
    if body.inputs is None and (body.question is None or body.context is None):
        raise invalid("A question needs its context: 'question' and 'context'.")
    pairs = (
        [(str(body.question), str(body.context))] if one else [(ask.question, ask.context) for ask in body.inputs or ()]
    )
    service.limits.check_texts(pairs)
    found = await service.ask(body.model, lambda run: run.answers(pairs))
    return service.reply(found.value[0] if one else found.value, found.truncated)


async def explain(service: Service, body: ExplainBody) -> Response:
    given = body.inputs if isinstance(body.inputs, str) else tuple(body.inputs)
    service.limits.check_texts([given])
    run = service.fleet.served(body.model)
    found = await service.explained(lambda: run.explain(given, service.fleet.turns.turn))
    return service.reply(found)


async def rows(service: Service, body: RowsBody) -> Response:
    service.limits.check_texts(body.rows)
    found = await service.ask(body.model, lambda run: run.rows(body.rows, body.columns, body.options))
    return service.reply(found.value)


async def embed(service: Service, body: EmbedBody) -> Response:
    found = await _vectors(service, body.model, text_list(body.inputs), body.normalize, body.truncate, _plain)
    return service.reply(found.value, found.truncated)


async def similarity(service: Service, body: SimilarityBody) -> Response:
    texts = [body.inputs.source_sentence, *body.inputs.sentences]

    def cosines(vectors: Any, tokens: int) -> list[float]:
        return [float(one) for one in vectors[1:] @ vectors[0]]

    found = await _vectors(service, body.model, texts, True, False, cosines)
    return service.reply(found.value)


async def openai(service: Service, body: OpenAIBody) -> Response:
    name = service.fleet.served(body.model).name

    def shown(vectors: Any, tokens: int) -> dict[str, Any]:
        write: Any = _base64 if body.encoding_format == "base64" else np.ndarray.tolist
        data = [{"object": "embedding", "index": place, "embedding": write(one)} for place, one in enumerate(vectors)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": name, "usage": usage}

    found = await _vectors(service, body.model, text_list(body.input), True, False, shown)
    return service.reply(found.value)


def _plain(vectors: Any, tokens: int) -> Any:
    return vectors.tolist()


def _base64(vector: Any) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


async def _vectors(
    service: Service,
    model: str | None,
    texts: list[str],
    normalize: bool,
    truncate: bool,
    say: Callable[[Any, int], Any],
) -> Answers:
    service.limits.check_texts(texts)
    return await service.ask(
        model, lambda run: run.vectors(texts, say, normalize=normalize, truncate=truncate), vectors=True
    )


_ASKED: dict[str, tuple[type[Body], Handler]] = {
    "/predict": (PredictBody, predict),
    "/entities": (EntitiesBody, entities),
    "/answer": (AnswerBody, answer),
    "/explain": (ExplainBody, explain),
    "/rows": (RowsBody, rows),
    "/embed": (EmbedBody, embed),
    "/similarity": (SimilarityBody, similarity),
    "/v1/embeddings": (OpenAIBody, openai),
}


def _health(service: Service) -> Callable[[], Awaitable[Response]]:
    async def health() -> Response:
        if service.is_stopping:
            raise Refused(503, "unhealthy", "The service is stopping.")
        return Response(status_code=200)

    return health


def _info(service: Service) -> Callable[[], Awaitable[Response]]:
    async def info() -> Response:
        models = [
            {**station.served.about(), "reload_error": service.fleet.faults.get(name)}
            for name, station in service.fleet.stations.items()
        ]
        first = models[0]
        tei = {
            "model_id": first["name"],
            "model_sha": first["identity"],
            "model_dtype": first["precision"],
            "model_type": _model_type(first),
            "max_input_length": first["max_length"],
        }
        return service.reply({"version": __version__, "models": models, **service.about, **tei})

    return info


def _model_type(about: Mapping[str, Any]) -> dict[str, Any]:
    """As text-embeddings-inference has it."""
    if "predict" not in about["answers"]:
        return {"embedding": {"pooling": "mean"}}
    labels = about["labels"] or ["score"]
    places = {str(place): label for place, label in enumerate(labels)}
    return {"classifier": {"id2label": places, "label2id": {label: int(place) for place, label in places.items()}}}


def _metrics(service: Service) -> Callable[[], Awaitable[Response]]:
    async def metrics() -> Response:
        return Response(service.fleet.metrics.shown(), media_type="text/plain; version=0.0.4")

    return metrics
