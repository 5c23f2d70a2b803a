"""Where predictions go: a new file, one that is gone on with (`--resume`), or standard output. Of several processes only the main
one writes; all of them know how many rows are written already."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bertft import console
from bertft.errors import OutputError, Stopped, UsageError, UserError
from bertft.jobs.predicting.shard import THE_PART, shard_of, shard_writer
from bertft.jobs.requests import PredictRequest
from bertft.plan.card import Card
from bertft.reading import PLAIN_TEXT, Source
from bertft.reading.digests import sha256_of
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.runs import EXPORT, TASK_FILE, VOCABULARY
from bertft.system.hub import hub_name_of
from bertft.system.locks import locked_file
from bertft.system.versions import versions
from bertft.writing import (
    Part,
    Places,
    TagColumns,
    anchor,
    holds_tags_only,
    is_special,
    make_room,
    open_squad_writer,
    open_writer,
)
from bertft.writing.label_studio import LABEL_STUDIO, Tasks, TaskWriter, check_task_file, columns_of_tasks
from bertft.writing.part import Identity

if TYPE_CHECKING:
    from bertft.engine.answerer import Answerer

SQUAD = "squad"
"""What --format may also say: the official prediction file of SQUAD, an object of answers by id."""

SHAPING = (
    "top_k",
    "min_probability",
    "min_accuracy",
    "raw_probabilities",
    "scheme",
    "n_best",
    "form",
    "max_answer",
    "fallback_label",
    "prefix",
    "columns",
    "reading",
    "raw",
)
"""What of a request decides what a prediction looks like."""

MODEL_FILES = (TASK_FILE, "config.json", "tokenizer.json", "tokenizer_config.json", VOCABULARY, EXPORT)
"""What the answers depend on, beside the weights. run.json is none of it: it changes with every command."""


class Answering(Protocol):
    """What a file of answers needs to know of who answers; an adapter knows it."""

    @property
    def card(self) -> Card: ...
    @property
    def labels(self) -> Labels: ...
    @property
    def fields(self) -> Fields: ...
    @property
    def placed_in(self) -> str | None: ...
    def stored(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class _Predicted:
    """A file of predictions that is being written."""

    writer: Any
    """None in all processes but the main one."""
    done: int
    """Rows that were written before."""
    state: Mapping[str, Any]
    """What was noted then."""


@contextmanager
def predicted_file(
    request: PredictRequest,
    source: Source,
    names: Mapping[str, str],
    adapter: Answering,
    made_of: Identity,
    decide: Callable[[Callable[[], str]], str],
) -> Iterator[_Predicted]:
    """`names`: of the added columns, in the file; `decide`: does something in one process, and tells all what came of it. Whole
    at the end. What stops short of it can be gone on with, which is said."""
    parts: list[Part] = []
    writers: list[Any] = []
    with ExitStack() as held, told_how_to_go_on(parts, request.command):

        def open_it() -> str:
            parts.extend(_parts(request, made_of, held))
            writer = held.enter_context(_writer(request, source, names, adapter, *parts))
            writers.append(shard_writer(writer, request, source, *parts) if request.shard else writer)
            return str(parts[0].rows if parts else 0)

        done = int(decide(open_it))
        tell_beginning(request.output, parts, done, resume=request.resume)
        yield _Predicted(writers[0] if writers else None, done, parts[0].state if parts else {})


def tell_beginning(output: str | None, parts: list[Part], done: int, *, resume: bool) -> None:
    """Where it begins, if that is not what one would think."""
    if resume and not done:
        whole = "whole already, so there is " if os.path.exists(output or "") else ""
        console.note(f"{output}: {whole}nothing to resume; it starts from the beginning.")
    for part in parts:
        if part.given_up:
            console.note(
                f"{output}: {part.given_up:,} rows of an interrupted command are discarded; --resume would keep them."
            )


def _parts(request: PredictRequest, made_of: Identity, held: ExitStack) -> list[Part]:
    """One, or none where the input cannot be read again or the output cannot be cut."""
    once = next((name for name in ("input", "output") if is_special(getattr(request, name))), None)
    if once and request.resume:
        raise UsageError(f"--resume needs files: a stream as {once} cannot be gone on with.")
    if once:
        return []
    path = request.output
    assert path is not None  # standard output is special
    make_room(path)
    held.enter_context(locked_file(anchor(path)))
    shard = shard_of(request)
    own = {THE_PART: f"{shard}, {shard.block}"} if shard else {}
    return [Part(path, lambda: {**made_of(), **own}, resume=request.resume)]


@contextmanager
def _task_writer(
    request: PredictRequest, source: Source, names: Mapping[str, str], adapter: Answering, part: Part | None = None
) -> Iterator[TaskWriter]:
    with open_writer(request.output, columns=columns_of_tasks(source.columns), kept=["data"], part=part) as writer:
        yield TaskWriter(writer, _tasks(request, names, adapter))


def _tasks(request: PredictRequest, names: Mapping[str, str], adapter: Answering) -> Tasks:
    fields = adapter.fields
    control = fields.label[0] if len(fields.label) == 1 else "label"
    run = hub_name_of(Path(request.run)) or Path(os.path.abspath(request.run)).name
    return Tasks(adapter.placed_in or fields.text, names, control, run)


def _writer(
    request: PredictRequest, source: Source, names: Mapping[str, str], adapter: Answering, part: Part | None = None
) -> Any:
    if request.reading.get("format") == SQUAD:
        return open_squad_writer(request.output, part=part)
    if request.form:
        return _task_writer(request, source, names, adapter, part)
    added = list(names.values())
    columns = [*source.columns, *added]
    like, kept = "csv" if source.format == PLAIN_TEXT else source.format, source.columns
    placed, known = adapter.placed_in, [*added, *adapter.fields.label]
    places = Places.among(placed, columns, known=known) if placed else None
    tags = _tag_columns(request, source, added, adapter)
    return open_writer(
        request.output, like=like, columns=columns, kept=kept, places=places, tags=tags, raw=request.raw, part=part
    )


def _tag_columns(
    request: PredictRequest, source: Source, added: Sequence[str], adapter: Answering
) -> TagColumns | None:
    """The gold tags, if the input has some, under the run's name or a usual one; and the predicted ones."""
    predicted = next((name for name in added if name.endswith("predicted_tags")), None)
    if predicted is None:
        return None
    wanted = (*adapter.fields.label, *adapter.card.usual_columns["label"])
    spelled = {column.lower(): column for column in reversed(source.columns)}
    gold = next((spelled[name.lower()] for name in wanted if name.lower() in spelled), None)
    scheme = request.scheme or adapter.stored().get("scheme")
    return TagColumns(gold, predicted, scheme, adapter.labels.spellings)


def check_output(request: PredictRequest, source: Source, added: Sequence[str], adapter: Answering) -> None:
    """UsageError for a form that these answers do not have, or that has no names of columns."""
    if request.form not in (None, LABEL_STUDIO):
        raise UsageError(
            f"--form is {request.form}: {LABEL_STUDIO} is wanted. For other forms of spans see bertft convert."
        )
    if request.form:
        check_task_file(request.output)
        _tasks(request, {name: name for name in added}, adapter).check()
    is_squad = request.reading.get("format") == SQUAD
    if is_squad and ("predicted_answer" not in added or "id" not in source.columns):
        raise UsageError(
            "--format squad writes answers by id: the run must answer questions, the file must have an id."
        )
    if is_squad and request.form:
        raise UsageError(f"--form {request.form}: --format squad is another form. Leave one out.")
    if request.prefix is not None and (is_squad or request.form or holds_tags_only(request.output)):
        raise UsageError(f"--prefix {request.prefix}: this file has no names of columns. Leave it out.")


def identity(request: PredictRequest, answerer: Answerer) -> dict[str, str]:
    """What must be the same in a prediction that goes on. Contents, not names and dates: files get copied."""
    folder = Path(request.run)
    files = [
        *sorted(folder.glob("*.safetensors")),
        *sorted(folder.glob("*.onnx")),
        *(folder / name for name in MODEL_FILES),
    ]
    model = json.dumps({path.name: sha256_of(str(path)) for path in files})
    return identity_of(request, {"the model": model, **_computed_by(answerer), "bertft": versions()["bertft"]})


def _computed_by(answerer: Answerer) -> dict[str, str]:
    """A graph has a precision of its own, whatever the device around it would choose."""
    from bertft.graph import GraphNetwork

    network: Any = answerer.network
    if not isinstance(network, GraphNetwork):
        return {"the precision": str(answerer.accelerator.mixed_precision), "the backend": "torch"}
    return {"the precision": network.record.precision if network.record else "fp32", "the backend": "onnx"}


def identity_of(request: PredictRequest, answerer: Mapping[str, str]) -> dict[str, str]:
    """The same of any `answerer`, with what is known of it."""
    return {
        "the input": sha256_of(request.input) or "",
        "the options": json.dumps({name: _plain(getattr(request, name)) for name in SHAPING}),
        **answerer,
    }


def _plain(value: Any) -> Any:
    return {key: one for key, one in value.items() if one is not None} if isinstance(value, Mapping) else value


@contextmanager
def told_how_to_go_on(parts: list[Part], command: str) -> Iterator[None]:
    """Whoever is stopped hears what is kept, and how to go on."""
    try:
        yield
    except Stopped as stop:
        stop.hint = _hint(parts, command)
        raise
    except OutputError as problem:
        raise OutputError(f"{problem} {_hint(parts, command)}".rstrip()) from None
    except (UserError, BrokenPipeError):
        raise
    except BaseException:
        if hint := _hint(parts, command):
            console.warn(hint)
        raise


def _hint(parts: list[Part], command: str) -> str:
    if not parts or not parts[0].rows:
        return ""
    words = [word for word in shlex.split(command) if word != "--resume"]
    return f"{parts[0].rows:,} rows are kept; continue with: {shlex.join([*words, '--resume'])}"
