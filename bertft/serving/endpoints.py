"""The endpoints: a body in its shape in, an answer in the form that its clients know out."""

from __future__ import annotations

import base64
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
from fastapi import Request
from fastapi.responses import Response

from bertft.serving.files import TYPES, check_content, ending_of
from bertft.serving.inputs import listed, options_of, predict_inputs
from bertft.serving.problems import invalid
from bertft.serving.service import Service
from bertft.serving.shapes import (
    AnswerBody,
    Body,
    EmbedBody,
    EntitiesBody,
    ExplainBody,
    OpenAIBody,
    PredictBody,
    RowsBody,
    SimilarityBody,
)
from bertft.serving.work import Answers

Handler = Callable[[Service, Any], Coroutine[Any, Any, Response]]


async def predict(service: Service, body: PredictBody) -> Response:
    inputs, is_batch = predict_inputs(body.inputs)
    service.limits.check_texts(inputs)
    found = await service.ask(body.model, lambda run: run.labels(inputs, raw=body.raw_scores, truncate=body.truncate))
    return service.reply(found.value if is_batch else found.value[0], found.truncated)


async def entities(service: Service, body: EntitiesBody) -> Response:
    inputs = listed(body.inputs)
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
        [(str(body.question), str(body.context))]
        if one
        else [(ask.question, ask.context) for ask in listed(body.inputs or [])]
    )
    service.limits.check_texts(pairs)
    found = await service.ask(body.model, lambda run: run.answers(pairs))
    return service.reply(found.value[0] if one else found.value, found.truncated)


async def explain(service: Service, body: ExplainBody) -> Response:
    given = body.inputs if isinstance(body.inputs, str) else tuple(body.inputs)
    service.limits.check_texts([given])
    run = service.fleet.served(body.model)
    found = await service.explained(lambda turn: run.explain(given, turn))
    return service.reply(found.value, found.truncated)


async def rows(service: Service, body: RowsBody) -> Response:
    service.limits.check_texts(body.rows)
    found = await service.ask(body.model, lambda run: run.rows(body.rows, body.columns, body.options))
    return service.reply(found.value)


async def embed(service: Service, body: EmbedBody) -> Response:
    found = await _vectors(service, "/embed", body.model, listed(body.inputs), body.normalize, body.truncate, _plain)
    return service.reply(found.value, found.truncated)


async def similarity(service: Service, body: SimilarityBody) -> Response:
    texts = [body.inputs.source_sentence, *listed(body.inputs.sentences)]

    def cosines(vectors: Any, tokens: int) -> list[float]:
        return [float(one) for one in vectors[1:] @ vectors[0]]

    found = await _vectors(service, "/similarity", body.model, texts, True, body.truncate, cosines)
    return service.reply(found.value, found.truncated)


async def openai(service: Service, body: OpenAIBody) -> Response:
    name = service.fleet.served(body.model).name

    def shown(vectors: Any, tokens: int) -> dict[str, Any]:
        write: Any = _base64 if body.encoding_format == "base64" else np.ndarray.tolist
        data = [{"object": "embedding", "index": place, "embedding": write(one)} for place, one in enumerate(vectors)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": name, "usage": usage}

    found = await _vectors(service, "/v1/embeddings", body.model, listed(body.input), True, body.truncate, shown)
    return service.reply(found.value, found.truncated)


def _plain(vectors: Any, tokens: int) -> Any:
    return vectors.tolist()


def _base64(vector: Any) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


async def _vectors(
    service: Service,
    path: str,
    model: str | None,
    texts: list[str],
    normalize: bool,
    truncate: bool,
    say: Callable[[Any, int], Any],
) -> Answers:
    service.limits.check_texts(texts)
    return await service.ask(
        model, lambda run: run.vectors(path, texts, say, normalize=normalize, truncate=truncate), vectors=True
    )


async def file(service: Service, request: Request) -> Response:
    options = options_of(request.query_params.multi_items())
    ending = ending_of(options.pop("filename", None), request.headers.get("content-type", ""))
    name = options.pop("model", None)
    body = await service.body(request)
    check_content(body, ending)
    content, said = await service.filed(name, body, ending, options)
    headers = {f"x-{name}": str(value) for name, value in {**said.value, "truncated": said.truncated}.items()}
    return Response(content, media_type=TYPES[ending], headers=headers)


ASKED: dict[str, tuple[type[Body], Handler]] = {
    "/predict": (PredictBody, predict),
    "/entities": (EntitiesBody, entities),
    "/answer": (AnswerBody, answer),
    "/explain": (ExplainBody, explain),
    "/rows": (RowsBody, rows),
    "/embed": (EmbedBody, embed),
    "/similarity": (SimilarityBody, similarity),
    "/v1/embeddings": (OpenAIBody, openai),
}
