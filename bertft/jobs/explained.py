"""The words that mattered to one answer: a row in, its label and the weight of each word out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np

from bertft.adapters.texts.text_adapter import TextAdapter
from bertft.engine.answerer import Answerer
from bertft.engine.meter import Meter
from bertft.gold import Refusal
from bertft.insight import explain
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
    pieces = [
        {
            "input": number,
            "text": text[word.start : word.end],
            "start": word.start,
            "end": word.end,
            "weight": word.weight,
        }
        for number, (text, words) in enumerate(zip(found.texts, found.words, strict=True))
        for word in words
    ]
    names = adapter.labels.names or ("score",)
    return Answers({"label": names[best], "score": float(values[best]), "pieces": pieces}, meter.truncated)
