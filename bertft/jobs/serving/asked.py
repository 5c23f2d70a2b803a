"""What a request to the service asks of a run, as works of `serving/`: rows are read, encoded, decoded and recorded by the same
code as in `predict`; only the network's outputs come from a batch that other requests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from bertft.adapters import Adapter, Feature, Prediction
from bertft.embedding.embedder import NOTHING, Embedder
from bertft.embedding.encoding import TextInput
from bertft.engine.answerer import Answerer
from bertft.engine.meter import Meter
from bertft.errors import UserError
from bertft.gold import Example, Read, Refusal
from bertft.rows.row import Row
from bertft.serving.problems import invalid, too_large, without_flags
from bertft.serving.work import Answers

SLICE = 32
"""Texts that are read before another request has its turn."""
AT_ONCE = 256
"""Rows of a file that wait to be computed together."""

Windows = list[list[Feature]]


@dataclass(frozen=True)
class Asked:
    """All that is known of a request's rows once they are computed."""

    adapter: Adapter
    reads: Sequence[Read]
    predictions: Sequence[Prediction]
    outputs: Sequence[Sequence[Any]]
    """What the network said of the windows of each row that could be read."""
    truncated: int

    def whole(self) -> list[tuple[Read, Prediction]]:
        """Every row with its prediction; invalid where one has none: the answer's form has no place for a reason."""
        pairs = list(zip(self.reads, self.predictions, strict=True))
        for number, (_, prediction) in enumerate(pairs, 1):
            if prediction.values is None:
                raise invalid(f"Text {number} cannot be answered: {prediction.reason}.")
        return pairs


@dataclass
class RowWork:
    """Rows and what is said of them. `read` gives the rows and the adapter that fits them; it is called where rows are read."""

    texts: int
    read: Callable[[], tuple[Iterator[Read], Adapter]]
    say: Callable[[Asked], Any]
    other_tokenizer: Any
    """The adapter's tokenizer again, for another thread than that which encodes."""
    max_text_tokens: int
    truncate: bool = True
    """Whether texts may be cut that the run would cut."""
    _adapter: Adapter = field(init=False)
    _reads: list[Read] = field(default_factory=list)
    _windows: Windows = field(default_factory=list)

    def slices(self) -> Iterator[Windows]:
        with_sentences = as_refusals(self._slices())
        yield from with_sentences

    def _slices(self) -> Iterator[Windows]:
        rows, self._adapter = self.read()
        while chunk := list(islice(rows, SLICE)):
            asked = [read for read in chunk if isinstance(read, Example)]
            windows = self._adapter.encode(asked) if asked else []
            for read, found in zip(asked, windows, strict=True):
                self._check(read, found)
            self._reads += chunk
            self._windows += windows
            yield windows

    def _check(self, read: Example, windows: Sequence[Feature]) -> None:
        number, tokens = read.row.index + 1, sum(len(window.input_ids) for window in windows)
        if tokens > self.max_text_tokens:
            raise too_large(f"Text {number} has more than {self.max_text_tokens:,} tokens. Split it.")
        if windows[0].truncated and not self.truncate:
            most = self._adapter.options.max_length
            raise invalid(f'Text {number} is longer than {most:,} tokens. Shorten it, or send "truncate": true.')

    def finish(self, outputs: Sequence[Sequence[Any]]) -> Answers:
        adapter = replace(self._adapter, tokenizer=self.other_tokenizer)
        found = iter(adapter.decode_rows(list(zip(outputs, self._windows, strict=True))) if outputs else ())
        predictions = [
            Prediction(None, read.reason) if isinstance(read, Refusal) else next(found) for read in self._reads
        ]
        truncated = sum(windows[0].truncated for windows in self._windows)
        asked = Asked(adapter, self._reads, predictions, outputs, truncated)
        try:
            return Answers(self.say(asked), truncated)
        except UserError as problem:
            raise invalid(without_flags(str(problem))) from None


def as_refusals(slices: Iterator[Windows]) -> Iterator[Windows]:
    """A user's mistake is the client's."""
    try:
        yield from slices
    except UserError as problem:
        raise invalid(without_flags(str(problem))) from None


@dataclass(frozen=True)
class AskingAnswerer(Answerer):
    """Answers as its network does, which computes for others too: for `predict`, of a whole file."""

    ask: Callable[[Any], Answers]
    work: Callable[..., RowWork]

    def answer(self, window: Sequence[Read], meter: Meter) -> list[Prediction]:
        found: list[Prediction] = []
        for start in range(0, len(window), AT_ONCE):
            part = window[start : start + AT_ONCE]
            said = self.ask(self.work(len(part), lambda part=part: (iter(part), self.adapter), _predictions))
            found += said.value
            meter.truncated += said.truncated
            meter.examples += len(part)
        return found


def _predictions(asked: Asked) -> Sequence[Prediction]:
    return asked.predictions


@dataclass
class VectorWork:
    """Texts and their vectors (N, D)."""

    inputs: Sequence[str]
    embedder: Callable[[], Embedder]
    say: Callable[[Any, int], Any]
    """Vectors, and the number of tokens."""
    truncate: bool
    normalize: bool
    max_text_tokens: int
    _tokens: int = 0
    _truncated: int = 0

    @property
    def texts(self) -> int:
        return len(self.inputs)

    def slices(self) -> Iterator[Windows]:
        encoder = self.embedder().encoder
        for start in range(0, len(self.inputs), SLICE):
            some = [
                TextInput(Row(number, f"text {number + 1}", {}), (text,))
                for number, text in enumerate(self.inputs[start : start + SLICE], start)
            ]
            for one in some:
                if not one.texts[0].strip():
                    raise invalid(f"Text {one.row.index + 1} is empty.")
            encoded = encoder.encode(some)
            for one, found in zip(some, encoded, strict=True):
                if found.is_blank:
                    raise invalid(f"Text {one.row.index + 1}: {NOTHING}.")
                if found.feature.truncated and not self.truncate:
                    raise invalid(
                        f"Text {one.row.index + 1} is longer than {encoder.max_length:,} tokens. Shorten it, or send "
                        f'"truncate": true.'
                    )
                self._tokens += len(found.feature.input_ids)
                self._truncated += found.feature.truncated
            yield [[found.feature] for found in encoded]

    def finish(self, outputs: Sequence[Sequence[Any]]) -> Answers:
        vectors = np.stack([found[0] for found in outputs])
        if self.normalize:
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = vectors / np.where(lengths > 0, lengths, 1)
        return Answers(self.say(vectors, self._tokens), self._truncated)
