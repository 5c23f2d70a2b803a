"""A run folder in, a run that answers requests out: what the service is handed (`serving/work.py`)."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from bertft import console
from bertft.adapters import Adapter, Answer
from bertft.adapters.questions.answering import QuestionAnswering
from bertft.adapters.tagging.tagger import WordTagger
from bertft.adapters.texts.text_adapter import TextAdapter
from bertft.embedding.embedder import Embedder
from bertft.embedding.opening import find_encoder, open_embedder
from bertft.engine.answerer import Answerer
from bertft.engine.eval_loop import model_outputs
from bertft.engine.meter import Meter
from bertft.errors import DataError, UsageError, UserError
from bertft.gold import Read
from bertft.graph import GraphNetwork
from bertft.insight import embedding_of
from bertft.jobs.opening import check_reads_rows, open_run, with_max_answer
from bertft.jobs.predicting.model import row_of, wish
from bertft.jobs.predicting.predict import predict, read_rows, settled
from bertft.jobs.predicting.prediction_file import MODEL_FILES
from bertft.jobs.predicting.unsure import with_own_probabilities
from bertft.jobs.requests import PredictRequest
from bertft.jobs.serving.asked import Asked, AskingAnswerer, RowWork, VectorWork
from bertft.jobs.serving.explained import explained
from bertft.jobs.serving.served_options import COLUMNS, OF_A_FILE, OPTIONS, check_known, reading_of
from bertft.model.folder import read_task
from bertft.plan.embed_plan import EmbedPlan
from bertft.plan.sections import MachinePlan
from bertft.reading.digests import sha256_of
from bertft.reading.memory import source_of_rows
from bertft.rows.fields import Fields, fields_in
from bertft.runs import CONSTANTS
from bertft.serving.files import MOST_COLUMNS
from bertft.serving.problems import invalid, replaced, without_flags
from bertft.serving.work import Answers, Work

PREDICT, ENTITIES, ANSWER, EXPLAIN, ROWS, FILE = "predict", "entities", "answer", "explain", "rows", "file"
EMBED, SIMILARITY = "embed", "similarity"


@dataclass
class ServedRun:
    """Networks on their device, with the tokenizers of the threads that use them."""

    name: str
    folder: Path
    answerer: Answerer
    machine: MachinePlan
    max_text_tokens: int
    identity: str
    """The same for the same files, wherever they stand."""

    def __post_init__(self) -> None:
        self.adapter: Adapter = self.answerer.adapter
        self.tokenizer = copy.deepcopy(self.adapter.tokenizer)
        self.task = read_task(self.folder).to_dict()
        self._opening = Lock()
        self.endpoints: Sequence[str] = self._endpoints()  # now, while the folder still holds this run

    def _endpoints(self) -> list[str]:
        kinds = (TextAdapter, (PREDICT, EXPLAIN)), (QuestionAnswering, (ANSWER,)), (WordTagger, (ENTITIES,))
        own = [name for kind, names in kinds if isinstance(self.adapter, kind) for name in names]
        if EXPLAIN in own and (self._is_graph or embedding_of(self.network) is None):
            own.remove(EXPLAIN)
        if ENTITIES in own and getattr(self.adapter, "scheme", None) is None:
            own.remove(ENTITIES)
        return [*own, *self._of_vectors(), ROWS, FILE]

    @property
    def _is_graph(self) -> bool:
        return isinstance(self.network, GraphNetwork)

    @cached_property
    def _has_weights(self) -> bool:
        """Or a graph only."""
        return any(file.name != CONSTANTS for file in self.folder.glob("*.safetensors"))

    def _of_vectors(self) -> list[str]:
        if not self._has_weights:
            return []
        try:
            find_encoder(str(self.folder))
        except UserError:
            return []
        return [EMBED, SIMILARITY]

    @property
    def network(self) -> Any:
        return self.answerer.accelerator.unwrap_model(self.answerer.network)

    def about(self) -> dict[str, Any]:
        adapter, fields = self.adapter, self.adapter.fields
        return {
            "name": self.name,
            "kind": adapter.card.kind,
            "problem": adapter.card.problem,
            "labels": list(adapter.labels.names),
            "entity_types": list(adapter.scored_labels) if ENTITIES in self.endpoints else [],
            "columns": {"text": list(fields.texts), "text_pair": fields.text_pair},
            "usual_columns": {role: list(adapter.card.usual_columns.get(role, ())) for role in ("text", "text_pair")},
            "max_length": adapter.options.max_length,
            "long": adapter.options.long,
            "answers": list(self.endpoints),
            "options": list(self._options()),
            "backend": "onnx" if self._is_graph else "torch",
            "precision": self.precision,
            "device": self.answerer.device,
            "identity": self.identity,
            "task": self.task,
        }

    @property
    def precision(self) -> str:
        """In which it computes: a graph in its own."""
        if self._is_graph:
            return str(self.network.record.precision)
        given = str(self.answerer.accelerator.mixed_precision)
        return "fp32" if given == "no" else given

    def _options(self) -> Iterator[str]:
        yield from self.adapter.answer_options
        if isinstance(self.adapter, QuestionAnswering):
            yield "max_answer"
        if self.adapter.calibrates:
            yield "raw_probabilities"

    def check(self, endpoint: str, path: str = "") -> None:
        """Refused where this run does not answer that. `path`: what was asked, where it has another name."""
        if endpoint not in self.endpoints:
            path = path or f"/{endpoint}"
            if endpoint == EMBED and not self._has_weights:
                raise invalid(f"{path}: '{self.name}' holds a graph only. Export it with its weights (--keep-weights).")
            if endpoint == EXPLAIN and self._is_graph and isinstance(self.adapter, TextAdapter):
                raise invalid(f"{path}: '{self.name}' answers by a graph, which explains nothing. Serve its weights.")
            fitting = ", ".join(f"/{name}" for name in self.endpoints)
            raise invalid(
                f"{path} does not suit '{self.name}', which answers with {self.adapter.answers_with}. Ask {fitting}."
            )

    def labels(self, inputs: Sequence[Any], *, raw: bool, truncate: bool) -> Work:
        self.check(PREDICT)

        def say(asked: Asked) -> Any:
            names = self.adapter.labels.names or ("score",)
            found = [prediction.values for _, prediction in asked.whole()]
            if raw:
                found = [np.mean(outputs, axis=0, dtype=np.float64) for outputs in asked.outputs]
            return [_sorted(names, values) for values in found]

        return self._of_inputs(inputs, say, truncate=truncate)

    def entities(self, inputs: Sequence[Any]) -> Work:
        self.check(ENTITIES)
        return self._of_inputs(inputs, lambda asked: [found["entities"] for found in _columns(asked)])

    def answers(self, pairs: Sequence[tuple[str, str]]) -> Work:
        self.check(ANSWER)
        return self._of_inputs(pairs, lambda asked: [_answer(found) for found in _columns(asked)])

    def _of_inputs(self, inputs: Sequence[Any], say: Callable[[Asked], Any], *, truncate: bool = True) -> Work:
        fields = self.adapter.fields
        self._check_parts(inputs)

        def read() -> tuple[Iterator[Read], Adapter]:
            rows = [row_of(fields, number, one) for number, one in enumerate(inputs)]
            return iter(list(self.adapter.reader.predictable(rows))), self.adapter

        return self._work(len(inputs), read, say, truncate=truncate)

    def _check_parts(self, inputs: Sequence[Any]) -> None:
        """Refused for a pair where the run reads one text, and the other way round."""
        names = [name for name in (*self.adapter.fields.texts, self.adapter.fields.text_pair) if name]
        for number, one in enumerate(inputs, 1):
            given = len(one) if isinstance(one, tuple) else 1
            if given != len(names):
                several = ' Several texts are a list of lists: [["one"], ["two"]].' if len(names) == 1 else ""
                wanted = f"{len(names)} ({', '.join(names)})"
                raise invalid(f"Input {number} has {given} text{'s' * (given > 1)}; this run reads {wanted}.{several}")

    def _work(self, texts: int, read: Any, say: Any, *, truncate: bool = True) -> RowWork:
        return RowWork(texts, read, say, self.tokenizer, self.max_text_tokens, truncate=truncate)

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], options: Mapping[str, Any]) -> Work:
        if unknown := set(columns) - {"text", "text_pair"}:
            raise invalid(f"'columns' knows no '{min(unknown)[:100]}', only 'text' and 'text_pair'.")
        try:
            adapter, answer = self._wished(options)
        except UserError as problem:
            raise invalid(without_flags(str(problem), OPTIONS)) from None
        self._check_columns(columns)

        def read() -> tuple[Iterator[Read], Adapter]:
            if not rows:
                return iter(()), adapter
            source = source_of_rows(rows, "rows")
            fields = self._fields(source.columns, columns)
            found, answerer = read_rows(source.rows(), fields, replace(self.answerer, adapter=adapter))
            return found, answerer.adapter

        def say(asked: Asked) -> Any:
            pairs = list(zip(asked.reads, asked.predictions, strict=True))
            answered = [one for _, one in pairs if one.values is not None]
            return {
                "columns": asked.adapter.added_columns(answer),
                "rows": [asked.adapter.answer_columns(read, one, answer) for read, one in pairs],
                "read": {"text": list(asked.adapter.fields.texts), "text_pair": asked.adapter.fields.text_pair},
                "placed_in": asked.adapter.placed_in,
                "unanswered": len(pairs) - len(answered),
                "rejected": sum(asked.adapter.rejects(one, answer) for one in answered),
                "truncated": asked.truncated,
                "identity": self.identity,
            }

        return self._work(len(rows), read, say)

    def _fields(self, found: Sequence[str], named: Mapping[str, Any]) -> Fields:
        """The columns of a request by their names alone: a look at its few rows could choose others than for the next request."""
        known, usual = self.adapter.fields, self.adapter.card.usual_columns
        try:
            return fields_in(known, usual, found, file="rows", named=named, label=False)
        except DataError as problem:
            raise invalid(f'{without_flags(str(problem))} Name it: "columns": {{"text": …}}.') from None

    def _check_columns(self, named: Mapping[str, Any]) -> None:
        """UserError for a second text that nobody reads."""
        if named.get("text_pair") and not self.adapter.fields.text_pair:
            raise UsageError(f"text_pair has no effect: '{self.name}' reads no second text. Leave it out.")

    def _wished(self, options: Mapping[str, Any]) -> tuple[Adapter, Any]:
        """The adapter, and what is to be said of each row, as `predict` has them."""
        check_known(options, OPTIONS)
        options = {name: value for name, value in options.items() if value is not None}
        most, raw = options.pop("max_answer", None), options.pop("raw_probabilities", False)
        for name, value, kind in (("max_answer", most, int), ("raw_probabilities", raw, bool)):
            if value is not None and type(value) is not kind:
                raise UsageError(f"{name} is {value!r}, wanted {kind.__name__}.")
        answer = wish(options)
        adapter = with_own_probabilities(with_max_answer(self.adapter, most), raw=raw)
        with console.hushed():
            return adapter, settled(answer, adapter)

    def vectors(
        self, path: str, texts: Sequence[str], say: Callable[[Any, int], Any], *, normalize: bool, truncate: bool
    ) -> Work:
        self.check(EMBED, path)
        return VectorWork(texts, lambda: self.embedder, say, truncate, normalize, self.max_text_tokens)

    @property
    def embedder(self) -> Embedder:
        """Opened when it is first asked for: it holds the encoder's weights once more."""
        with self._opening:
            return self._embedder

    @cached_property
    def _embedder(self) -> Embedder:
        precision = self.answerer.accelerator.mixed_precision
        plan = EmbedPlan(precision="auto" if self._is_graph else "fp32" if precision == "no" else precision)
        self._check_folder()
        embedder = open_embedder(str(self.folder), plan, self.machine)
        own_weights(embedder.network)
        self._check_folder()  # it may have been replaced while it was read
        return embedder if embedder.accelerator.mixed_precision == "no" else in_fp32(embedder)

    def _check_folder(self) -> None:
        """Refused where the folder holds another run by now, whose vectors would pass for those of this one."""
        if identity_of(self.folder) != self.identity:
            raise replaced(self.name)

    def explain(self, given: Any, turn: Callable[[], Any]) -> Answers:
        self.check(EXPLAIN)
        try:
            with console.hushed():
                return explained(self.answerer, row_of(self.adapter.fields, 0, given), turn)
        except UserError as problem:
            raise invalid(without_flags(str(problem))) from None

    def file(self, source: Path, output: Path, options: Mapping[str, Any], ask: Callable[[Work], Any]) -> Answers:
        try:
            with console.hushed():
                return self._file(source, output, options, ask)
        except UserError as problem:
            said = without_flags(str(problem), OF_A_FILE).replace("no_header", "no_header=true")
            raise invalid(said.replace(f"{source.parent}/", "")) from None

    def _file(self, source: Path, output: Path, options: Mapping[str, Any], ask: Callable[[Work], Any]) -> Answers:
        check_known(options, OF_A_FILE)
        columns = {name: options[name] for name in COLUMNS if name in options}
        asked = {name: value for name, value in options.items() if name in OPTIONS}
        self._check_columns(columns)
        adapter, _ = self._wished(asked)
        answerer = AskingAnswerer(adapter, self.answerer.network, self.answerer.accelerator, ask, self._work)
        wishes = {name: value for name, value in asked.items() if name != "raw_probabilities"}
        request = PredictRequest(
            run=str(self.folder),
            input=str(source),
            output=str(output),
            columns=columns,
            reading=reading_of(options),
            most_columns=MOST_COLUMNS,
            **wishes,
        )
        done = predict(request, answerer)
        return Answers({"rows": done.rows, "unanswered": done.unanswered, "rejected": done.rejected}, done.truncated)

    def compute(self, pieces: Sequence[Any]) -> list[Any]:
        with console.progress("", None) as bar:
            return model_outputs(self.answerer.network, self.adapter, pieces, self.answerer.accelerator, Meter(), bar)

    def compute_vectors(self, pieces: Sequence[Any]) -> list[Any]:
        one = self.embedder
        with console.progress("", None) as bar:
            return model_outputs(one.network, one, pieces, one.accelerator, Meter(), bar)


def open_served(
    name: str,
    folder: Path,
    precision: str | None,
    machine: MachinePlan,
    *,
    max_text_tokens: int,
    backend: str | None = None,
) -> ServedRun:
    """Ready to answer. CheckpointError for what is no run, UsageError for one that answers nothing."""
    identity = identity_of(folder)
    answerer = open_run(str(folder), precision, machine, backend=backend)
    check_reads_rows(answerer, str(folder))
    own_weights(answerer.network)
    return ServedRun(name, folder, answerer, machine, max_text_tokens, identity)


def in_fp32(embedder: Embedder) -> Embedder:
    """Vectors as `embed` makes them, whatever precision Accelerate has for this process."""
    accelerator: Any = embedder.accelerator
    network = accelerator.unwrap_model(embedder.network, keep_fp32_wrapper=False)
    return replace(embedder, network=network, accelerator=Fp32Device(accelerator))


class Fp32Device:
    """An Accelerator that leaves numbers as they are."""

    mixed_precision = "no"

    def __init__(self, accelerator: Any) -> None:
        self._accelerator = accelerator

    def __getattr__(self, name: str) -> Any:
        return getattr(self._accelerator, name)

    def autocast(self) -> AbstractContextManager[None]:
        return nullcontext()


def own_weights(network: Any) -> None:
    """Into memory of their own. Weights that were loaded are the file itself, mapped: whoever writes into that would change the
    answers."""
    for values in (*getattr(network, "parameters", tuple)(), *getattr(network, "buffers", tuple)()):
        values.data = values.data.clone()


def identity_of(folder: Path) -> str:
    """Of the files that answers depend on, by their content."""
    files = [
        *sorted(folder.glob("*.safetensors")),
        *sorted(folder.glob("*.onnx")),
        *(folder / name for name in MODEL_FILES),
    ]
    found = {path.name: sha256_of(str(path)) for path in files if path.is_file()}
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _sorted(names: Sequence[str], values: Any) -> list[dict[str, Any]]:
    order = np.argsort(-values, kind="stable")
    return [{"label": names[place], "score": float(values[place])} for place in order]


def _columns(asked: Asked) -> list[dict[str, Any]]:
    return [asked.adapter.answer_columns(read, prediction, Answer()) for read, prediction in asked.whole()]


def _answer(found: Mapping[str, Any]) -> dict[str, Any]:
    names = {"answer": "predicted_answer", "start": "answer_start", "end": "answer_end"}
    own = ("probability", "no_answer_probability")
    return {**{name: found.get(column) for name, column in names.items()}, **{name: found.get(name) for name in own}}
