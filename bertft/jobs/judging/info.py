"""A model or a run in, what it holds, keeps and computes out. No weights are read: a config is enough.

Parameters are counted twice, by formula and by building the network without numbers. Where the two differ, the network is right.
"""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bertft.classic.models import is_classic
from bertft.counting import HEADS, counted_parts, depth_of, fast_memory, held, operations, savings
from bertft.counting.memory import FULL, Memory
from bertft.errors import CheckpointError, UsageError
from bertft.jobs.hub.pull import run_or_model
from bertft.jobs.requests import InfoRequest
from bertft.plan.plan import read_config
from bertft.plan.recipe import Recipe
from bertft.plan.settings import settings_of
from bertft.report.described import (
    Described,
    DescribedMemory,
    DescribedOperations,
    DescribedPart,
    DescribedRun,
)
from bertft.runs import PLAN, RECORD, TASK_FILE
from bertft.runs.record import is_number

TWO = ("qa", "pretraining")
"""Heads whose answers are two: a start and an end; true or not."""

_LEARNS = ("sequence", "token", "qa")
"""Heads whose memory is counted."""

_WITH_MEMORY = "transformers with --head sequence, token or qa that are trained as a whole"

BATCH_SIZE, LENGTH = 32, 128
MOST = 1_000_000


@dataclass(frozen=True)
class _Subject:
    """What is described."""

    name: str
    config: Any
    head: str
    labels: int
    folder: Path | None
    """Of a run."""
    freeze: str | None = None
    """What it did not train."""
    features: bool = False
    """Whether it is a head on a frozen backbone."""


def info(request: InfoRequest) -> Described:
    """UsageError and CheckpointError for what cannot be described."""
    _check(request)
    subject = _subject(request)
    _check_effect(request, subject)
    request = replace(request, freeze=request.freeze or subject.freeze)
    parts, by, notes = _parts(subject, request.freeze)
    length = _length(request, subject)
    memory, why = _memory(subject, request, parts, length)
    costs = None if is_classic(subject.config) else _operations(subject, length)
    return Described(
        model=subject.name,
        family=subject.config.model_type,
        head=subject.head,
        labels=subject.labels,
        counted_by=by,
        parts=parts,
        memory=memory,
        operations=costs,
        savings=savings(subject.config, subject.head, subject.labels) if by == "formula" else [],
        run=None if subject.folder is None else _run(subject.folder),
        notes=[*notes, *why, *([] if costs else ["Operations are not counted for it."]), *_unfinished(subject.folder)],
    )


def _check(request: InfoRequest) -> None:
    if request.head is not None and request.head not in HEADS:
        raise UsageError(f"--head is {request.head}: one of {', '.join(HEADS)}.")
    whole = {"batch-size": request.batch_size, "length": request.length, "labels": request.labels}
    for name, value in {**whole, "used-tokens": request.used_tokens}.items():
        if value is not None and not 0 < value <= MOST:
            raise UsageError(f"--{name} is {value}: a whole number from 1 to {MOST:,} is wanted.")
    for name in ("freeze", "precision"):
        setting, value = settings_of(Recipe)[name], getattr(request, name)
        if value is not None and not setting.fits(value):
            raise UsageError(f"--{name} is {value}: {setting.wanted}.")


def _check_effect(request: InfoRequest, subject: _Subject) -> None:
    """UsageError for a flag that would have no effect."""
    if request.labels is not None and subject.head not in ("sequence", "token"):
        raise UsageError(f"--labels is for --head sequence or token; here it is {subject.head}. Leave it out.")
    if request.freeze is not None and subject.head == "none":
        raise UsageError("--freeze is for a model that is trained, with a head: name it with --head.")
    said = {"batch-size": request.batch_size, "used-tokens": request.used_tokens, "precision": request.precision}
    said |= {"fast": request.fast}
    if subject.features and request.freeze is not None:
        raise UsageError(f"--freeze: {subject.name} is a head on a backbone that stayed as it was. Leave it out.")
    if is_classic(subject.config):
        said |= {"freeze": request.freeze, "length": request.length}
    needless = [f"--{name}" for name, value in said.items() if value is not None]
    if needless and not _has_memory(subject):
        raise UsageError(f"{needless[0]} is for the memory, which is counted for {_WITH_MEMORY}. Leave it out.")


def _has_memory(subject: _Subject) -> bool:
    return subject.head in _LEARNS and not is_classic(subject.config) and not subject.features


def _length(request: InfoRequest, subject: _Subject) -> int:
    from bertft.model.backbone import positions

    longest = positions(subject.config)
    if longest is not None and request.length is not None and request.length > longest:
        raise UsageError(f"--length is {request.length:,}: {subject.name} has positions for {longest:,} tokens.")
    return request.length or min(LENGTH, longest or LENGTH)


def _subject(request: InfoRequest) -> _Subject:
    request = replace(request, model=run_or_model(request.model))
    path = Path(request.model)
    if (path / TASK_FILE).is_file() or (path / RECORD).is_file():
        return _of_run(path, request)
    config = _config(request.model)
    head = request.head or "none"
    count = request.labels or (len(config.id2label) if head in ("sequence", "token") else 0)
    return _Subject(request.model, config, head, 2 if head in TWO else count, None)


def _of_run(path: Path, request: InfoRequest) -> _Subject:
    from bertft.model.backbone import read_model_config
    from bertft.model.folder import read_task
    from bertft.model.network import class_of_run
    from bertft.model.span_head import WORDS, needs_span_head

    if request.head is not None or request.labels is not None:
        raise UsageError(f"--head and --labels: {path} is a run, which has its own. Leave them out.")
    config = read_model_config(str(path))
    auto_class = class_of_run(read_task(path).card.kind, config)
    saved_as = WORDS if needs_span_head(auto_class, config) else auto_class
    head = next(name for name, known in HEADS.items() if known == saved_as)
    count = 2 if head in TWO else len(config.id2label) if head in ("sequence", "token") else 0
    recipe = read_config(str(path / PLAN)).get("recipe", {}) if (path / PLAN).is_file() else {}
    return _Subject(str(path), config, head, count, path, recipe.get("freeze"), bool(recipe.get("features")))


def _config(model: str) -> Any:
    from bertft.model.backbone import check_encoder, find_backbone, read_model_config

    if Path(model).is_file():
        config = read_model_config(model)
        check_encoder(model, config)
        return config
    try:
        found = find_backbone(model)
    except CheckpointError as problem:
        raise CheckpointError(str(problem).replace("--model ", "")) from problem
    if found.is_new or found.classic:
        raise UsageError(f"{model}: its size depends on the words of the training texts. Name a run of it.")
    return found.config


def _parts(subject: _Subject, freeze: str | None) -> tuple[list[DescribedPart], str, list[str]]:
    """The parts, how they were counted, and what is to be said of that."""
    stored = _stored(subject.folder) if subject.folder is not None else {}
    if is_classic(subject.config):
        return [DescribedPart(name, count, count) for name, count in stored.items()], "weights", []
    from bertft.model.measured import measured_parts

    built = measured_parts(copy.deepcopy(subject.config), subject.head, subject.labels, freeze)
    formulas = _by_formula(subject, freeze)
    parts, by, notes = [DescribedPart(name, *counts) for name, counts in built.items()], "building", []
    if formulas is not None and {part.name: (part.parameters, part.trainable) for part in formulas} == built:
        parts, by = formulas, "formula"
    elif formulas is not None:
        notes = ["The known formulas do not hold for this config; the network was built, without numbers, and counted."]
    else:
        notes = [
            f"No formula is known of {subject.config.model_type}; the network was built, without numbers, and counted."
        ]
    doubts = _doubts(subject, parts, stored)
    if subject.features and subject.folder is not None:
        parts = _all_frozen(parts, subject.folder)
    return _with_extras(parts, stored), by, [*notes, *doubts]


def _by_formula(subject: _Subject, freeze: str | None) -> list[DescribedPart] | None:
    found = counted_parts(subject.config, subject.head, subject.labels)
    if found is None:
        return None
    deepest = _deepest(subject.config, freeze)
    return [DescribedPart(part.name, part.count, part.trainable(deepest), part.symbols, part.numbers) for part in found]


def _deepest(config: Any, freeze: str | None) -> int:
    """The last layer that is frozen; -1: none is."""
    if freeze is None:
        return -1
    return {"embeddings": 0, "encoder": depth_of(config)}.get(freeze) or (int(freeze) if freeze.isdigit() else 0)


def _stored(folder: Path) -> dict[str, int]:
    """Name of a file of weights in a run -> numbers in it, from its head."""
    files = sorted(folder.glob("*.safetensors"))
    return {file.name: sum(_tensors(file).values()) for file in files}


def _tensors(file: Path) -> dict[str, int]:
    """Name -> numbers; what is true or false, or words, is no parameter."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            tensors = json.loads(stream.read(length))
        floats = {name: one["shape"] for name, one in tensors.items() if name != "__metadata__" and "F" in one["dtype"]}
        return {name: _product(shape) for name, shape in floats.items()}
    except (
        *(OSError, ValueError, KeyError, TypeError, AttributeError),
        *(struct.error, MemoryError, OverflowError),
    ) as problem:
        raise CheckpointError(f"{file}: damaged ({type(problem).__name__}).") from None


def _product(shape: Sequence[int]) -> int:
    count = 1
    for size in shape:
        count *= int(size)
    return count


_MODEL_FILE = "model.safetensors"


def _all_frozen(parts: list[DescribedPart], folder: Path) -> list[DescribedPart]:
    """Below a head that stands on the network nothing learns, but for a classifier that it shares."""
    own = {name for file in folder.glob("*.safetensors") if file.name != _MODEL_FILE for name in _tensors(file)}
    below = {} if "features.classifier.weight" in own else _tensors(folder / _MODEL_FILE)
    shared = sum(count for name, count in below.items() if name in ("classifier.weight", "classifier.bias"))
    return [replace(part, trainable=shared if part.name == "head" else 0) for part in parts]


def _with_extras(parts: list[DescribedPart], stored: dict[str, int]) -> list[DescribedPart]:
    """What stands on the network, such as a CRF, is counted in its file."""
    extras = [DescribedPart(f"extras ({name})", count, count) for name, count in stored.items() if name != _MODEL_FILE]
    return [*parts, *extras]


def _doubts(subject: _Subject, parts: list[DescribedPart], stored: dict[str, int]) -> list[str]:
    """Where the weights of a run are not those of its config."""
    counted, found = sum(part.parameters for part in parts), stored.get(_MODEL_FILE)
    if found is None or found == counted:
        return []
    return [
        f"{subject.folder}/{_MODEL_FILE} holds {found:,} numbers, its config.json says {counted:,}: they do not belong together."
    ]


def _memory(
    subject: _Subject, request: InfoRequest, parts: Sequence[DescribedPart], length: int
) -> tuple[DescribedMemory | None, list[str]]:
    """Of a training on a processor; None, and why, where it is not counted."""
    from bertft.engine.device import resolve_precision
    from bertft.fast import kept, switch

    if not _has_memory(subject):
        return None, [f"Memory is counted for {_WITH_MEMORY}."]
    precision = resolve_precision(request.precision or "auto", cuda=False)
    with kept():
        switch(request.fast)
        found, layers = _at_size(subject, request, parts, length, half=precision != "fp32")
    if found is None:
        family = subject.config.model_type
        way = "; --no-fast counts transformers' own" if "fast" in layers else ""
        return None, [f"Memory of {layers} is not counted for {family}{way}."]
    texts = request.batch_size or BATCH_SIZE
    return DescribedMemory(found, texts, length, precision, layers, request.used_tokens), []


def _at_size(
    subject: _Subject, request: InfoRequest, parts: Sequence[DescribedPart], length: int, *, half: bool
) -> tuple[Memory | None, str]:
    """The memory, and whose layers it is of."""
    from bertft.fast import is_on
    from bertft.model.measured import uses_fast_layers

    counts = _learned(subject, request, parts, fast=is_on())
    sizes: dict[str, Any] = {"texts": request.batch_size or BATCH_SIZE, "length": length, "half": half}
    if is_on() and uses_fast_layers(copy.deepcopy(subject.config), subject.head, subject.labels):
        found, layers = _fast_memory(subject, request, counts, sizes), "bertft's fast layers"
    else:
        found, layers = _built_memory(subject, request, counts, sizes, drawn=is_on()), "transformers' own layers"
    if found is not None and counts[0] > sum(part.parameters for part in parts):  # only used tokens are trained
        found = replace(found, rebuilt=FULL * int(subject.config.vocab_size) * _width(subject.config))
    return found, layers


def _learned(subject: _Subject, request: InfoRequest, parts: Sequence[DescribedPart], *, fast: bool) -> tuple[int, int]:
    """Numbers that are held, and those that learn. The fast path holds the embeddings of used tokens twice, and trains these."""
    held_, learn = sum(part.parameters for part in parts), sum(part.trainable for part in parts)
    if request.used_tokens is None:
        return held_, learn
    known = int(subject.config.vocab_size)
    if not fast or request.freeze is not None:
        raise UsageError("--used-tokens has no effect with --no-fast or --freeze: leave it out.")
    if request.used_tokens > known:
        raise UsageError(f"--used-tokens is {request.used_tokens:,}: {subject.name} has {known:,} tokens.")
    from bertft.fast import WORTH_IT

    if request.used_tokens > WORTH_IT * known:
        return held_, learn
    width = _width(subject.config)
    return held_ + request.used_tokens * width, learn - (known - request.used_tokens) * width


def _width(config: Any) -> int:
    """Of the token embeddings."""
    return int(getattr(config, "embedding_size", None) or config.hidden_size)


def _fast_memory(
    subject: _Subject, request: InfoRequest, counts: tuple[int, int], sizes: dict[str, Any]
) -> Memory | None:
    deepest = _deepest(subject.config, request.freeze)
    return fast_memory(
        subject.config, subject.head, parameters=counts[0], trainable=counts[1], deepest=deepest, **sizes
    )


def _built_memory(
    subject: _Subject, request: InfoRequest, counts: tuple[int, int], sizes: dict[str, Any], *, drawn: bool
) -> Memory | None:
    from bertft.model.measured import measured_memory, on_fakes

    config = copy.deepcopy(subject.config)
    kept = on_fakes(measured_memory, config, subject.head, subject.labels, frozen=request.freeze, drawn=drawn, **sizes)
    return None if kept is None else held(*counts, copies=kept.copies, activations=kept.activations)


def _operations(subject: _Subject, length: int) -> DescribedOperations | None:
    """None for a family whose forward pass looks at its numbers, which fakes have not."""
    from bertft.model.measured import measured_operations, on_fakes

    found = operations(subject.config, subject.head, subject.labels, length)
    if found is None:
        found = on_fakes(measured_operations, copy.deepcopy(subject.config), subject.head, subject.labels, length)
    return None if found is None else DescribedOperations(length, found)


def _unfinished(folder: Path | None) -> list[str]:
    if folder is None or (folder / RECORD).is_file():
        return []
    return [f"{folder} has no {RECORD}, which a finished run has: what it learned from and its scores are not told."]


def _run(folder: Path) -> DescribedRun | None:
    """None where the run has no record of how it was made."""
    from bertft.model.folder import read_task
    from bertft.runs.record import sound_record

    labels = read_task(folder).labels.names
    if not (folder / RECORD).is_file():
        return None
    record = sound_record(folder)
    scores = {
        split: {str(found["main"]): float(found["value"])}
        for split, found in record.scores.items()
        if is_number(found.get("value"))
    }
    return DescribedRun(
        task=record.task,
        backbone=record.backbone,
        labels=list(labels),
        rows=record.rows,
        data={split: file.path for split, file in record.data.items()},
        seed=record.seed,
        steps=record.steps,
        finished=record.finished,
        seconds=record.seconds("train"),
        scores=scores,
    )
