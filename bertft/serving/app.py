"""The application: paths to works, outcomes to answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import Response

from bertft import __version__
from bertft.serving.endpoints import ASKED, Handler, file
from bertft.serving.front import front_page
from bertft.serving.guard import Guard, Trust
from bertft.serving.limits import Disconnected
from bertft.serving.problems import Refused
from bertft.serving.service import JSON, Service
from bertft.serving.shapes import Body

LARGE = 4096
"""Bytes of a body."""


def application(service: Service, trust: Trust) -> Any:
    """The ASGI application."""
    app = FastAPI(title="bertft", version=__version__, docs_url=None, redoc_url=None)
    for path, (shape, handler) in ASKED.items():
        app.add_api_route(
            path, _answered(service, shape, handler), methods=["POST"], openapi_extra=_documented(shape), name=path
        )
    app.add_api_route("/file", _filed(service), methods=["POST"])
    app.add_api_route("/health", _health(service), methods=["GET"])
    app.add_api_route("/info", _info(service), methods=["GET"])
    app.add_api_route("/metrics", _metrics(service), methods=["GET"])
    app.add_api_route("/", front_page, methods=["GET"])
    app.add_exception_handler(Exception, _raise)
    app.add_exception_handler(404, _raise)
    app.add_exception_handler(405, _raise)
    guarded: Any = Guard(app, trust, service.fleet.metrics)
    if not trust.origins:
        return guarded
    return CORSMiddleware(
        guarded,
        allow_origins=list(trust.origins),
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["X-Truncated", "X-Rows", "X-Unanswered", "X-Rejected", "Retry-After"],
    )


async def _raise(_: Request, problem: Exception) -> Response:
    try:
        raise problem
    finally:
        del problem  # else this frame and its traceback hold each other


def _documented(shape: type[Body]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {JSON: {"schema": shape.model_json_schema()}}}}


def _answered(service: Service, shape: type[Body], handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        value = await service.value(request, shape)
        return await unless_gone(request, handler(service, value))

    return endpoint


async def unless_gone(request: Request, work: Coroutine[Any, Any, Response]) -> Response:
    """What is asked by a client that has gone is dropped. A small body is answered sooner than that is found out."""
    if int(request.headers.get("content-length", LARGE)) < LARGE:
        return await work
    answering, leaving = asyncio.ensure_future(work), asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            raise Disconnected
        return answering.result()
    finally:
        answering.cancel()
        leaving.cancel()
        del answering, leaving  # a problem that is raised holds this frame; its task must not be held as well


def _filed(service: Service) -> Callable[[Request], Awaitable[Response]]:
    async def filed(request: Request) -> Response:
        return await file(service, request)

    return filed


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
