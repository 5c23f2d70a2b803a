"""The words that mattered to one answer: a row in, its label and the weight of each word out."""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np

from bertft.adapters.texts.text_adapter import TextAdapter
from bertft.engine.answerer import Answerer
from bertft.engine.meter import Meter
from bertft.gold import Refusal
from bertft.gold.cells import starts_in_joined
from bertft.gold.texts import text_parts
from bertft.insight import Explanation, explain
from bertft.rows.fields import Fields
from bertft.rows.row import Row
from bertft.serving.problems import invalid
from bertft.serving.work import Answers


def explained(answerer: Answerer, row: Row, turn: Callable[[], AbstractContextManager[None]]) -> Answers:
    """The words are weighed for the best label; of a number, for a larger one; those that were cut have no weight. `turn`: in
    which the network may compute."""
    adapter = replace(answerer.adapter, tokenizer=copy.deepcopy(answerer.adapter.tokenizer))
    assert isinstance(adapter, TextAdapter)
    answerer = replace(answerer, adapter=adapter)
    read = next(iter(adapter.reader.predictable([row])))
    if isinstance(read, Refusal):
        raise invalid(f"The text cannot be answered: {read.reason}.")
    accelerator: Any = answerer.accelerator
    meter = Meter()
    with turn():
        values = answerer.answer([read], meter)[0].values
    best = int(values.argmax())
    direction = np.eye(len(values))[best]
    network = accelerator.unwrap_model(answerer.network)
    found = explain(network, adapter, read, direction, device=accelerator.device, turn=turn)  # type: ignore[arg-type]
    names = adapter.labels.names or ("score",)
    pieces = list(_pieces(found, adapter.fields, row))
    return Answers({"label": names[best], "score": float(values[best]), "pieces": pieces}, meter.truncated)


def _pieces(found: Explanation, fields: Fields, row: Row) -> Iterator[dict[str, Any]]:
    """Words by their places in the texts that were given, which may have been joined: `input` counts those, from 0."""
    parts = text_parts(fields)
    given = [column for columns in parts for column in columns]
    for columns, text, words in zip(parts, found.texts, found.words, strict=True):
        starts = starts_in_joined(columns, row)
        for word in words:
            column, first = starts[bisect_right(starts, word.start, key=lambda one: one[1]) - 1]
            place = {"start": word.start - first, "end": word.end - first}
            held = text[word.start : word.end]
            yield {"input": given.index(column), "text": held, **place, "weight": word.weight}
