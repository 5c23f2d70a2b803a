"""export.json: how a graph was made, on what processor, and what it was worth there beside the run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import Field, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from bertft.errors import CheckpointError
from bertft.graph.processor import is_alike
from bertft.plan.settings import has_type
from bertft.runs import EXPORT
from bertft.system.files import write_text

FORMAT = 1
"""Of export.json."""

RUN_FORM = "torch fp32"
"""The form that all others are held against."""


@dataclass(frozen=True)
class FormScore:
    """What a form of the network is worth on the rows of the gate."""

    form: str
    """`torch fp32`, `torch bf16`, `onnx fp32` or `onnx int8`."""
    score: float | None
    """The main metric; None where it is undefined."""
    bytes: int
    """Of its weights or its graph on disk."""
    examples_per_second: float
    agreement: float
    """Share of the rows with the same answer as torch in fp32."""


@dataclass(frozen=True)
class PlainReading:
    """What transformers makes of the config and the tokenizer beside a graph, for answers without it."""

    tokenizer_sha256: str
    """Of the tokenizer's files. With other files nothing of this is used."""
    vocab_size: int
    num_labels: int
    """Of the network's outputs."""
    pad_token_id: int
    pad_token_type_id: int
    unk_token_id: int | None
    mask_token_id: int | None
    sep_token_id: int | None
    eos_token_id: int | None
    model_input_names: tuple[str, ...]
    padding_side: str
    truncation_side: str


@dataclass(frozen=True)
class GraphRecord:
    """The content of export.json."""

    precision: str
    """`fp32` or `int8`."""
    sha256: str
    """Of the graph."""
    constants: str
    """sha256 of what stands beside the graph; '' where nothing does."""
    parameters: int
    source: str
    """sha256 of the run's own weights."""
    units: str
    """What the processor multiplied int8 with when the graph was scored: see processor.py. '' where it was not."""
    checked_on: tuple[str, ...]
    """Units on which `--check` found the scores again."""
    data: str
    """The rows that scored it, by name; '' where none did."""
    data_sha256: str
    """Of their file, or of the rows themselves where they are a part of one."""
    rows: int
    metric: str
    forms: tuple[FormScore, ...]
    versions: Mapping[str, str]
    plain: PlainReading | None = None
    """None where transformers has to open the tokenizer, as in exports of earlier versions."""

    @property
    def form(self) -> str:
        """Of the graph itself."""
        return f"onnx {self.precision}"

    @property
    def is_a_guess(self) -> bool:
        """Whether nothing was measured of what 8 bits cost."""
        return self.precision == "int8" and not self.forms

    def score_of(self, form: str) -> float | None:
        """As it was recorded; None where it was not."""
        return next((one.score for one in self.forms if one.form == form), None)

    def doubt_on(self, units: str) -> str:
        """Why its answers may differ on a processor with those units from those that were scored, in a sentence; '' where they do
        not, or none were. fp32 is the same on all."""
        known = (self.units, *self.checked_on)
        if self.precision == "fp32" or not self.forms or any(is_alike(units, one) for one in known):
            return ""
        return (
            f"its int8 answers come from a processor with {self.units}, this one has {units} and may answer otherwise."
        )

    def checked(self, units: str) -> GraphRecord:
        """The record after the scores were found again."""
        return replace(self, checked_on=tuple(sorted({*self.checked_on, units})))

    def as_dict(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}

    def write(self, folder: Path) -> None:
        write_text(folder / EXPORT, json.dumps(self.as_dict(), ensure_ascii=False, indent=2) + "\n")


_TYPES: dict[str, Any] = {
    "precision": str,
    "sha256": str,
    "constants": str,
    "parameters": int,
    "source": str,
    "units": str,
    "data": str,
    "data_sha256": str,
}
_TYPES |= {"rows": int, "metric": str}


def read_graph_record(folder: Path) -> GraphRecord:
    """Of an exported folder. CheckpointError where it has none, or one that is damaged."""
    path = folder / EXPORT
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("format") != FORMAT:
            raise ValueError("another format")
        forms = tuple(_form(one) for one in found.pop("forms"))
        checked_on, versions = found.pop("checked_on"), found.pop("versions")
        if wrong := [name for name, kind in _TYPES.items() if not has_type(found[name], kind)]:
            raise ValueError(wrong[0])
        if found["precision"] not in ("fp32", "int8") or not _are_words(checked_on) or not isinstance(versions, dict):
            raise ValueError("precision, checked_on or versions")
        plain = _plain(found.pop("plain", None))
        record = GraphRecord(forms=forms, checked_on=tuple(checked_on), versions=versions, plain=plain, **found)
        if forms and not {RUN_FORM, record.form} <= {one.form for one in forms}:
            raise ValueError(f"forms: {RUN_FORM} or {record.form} is missing")
        if bool(forms) != bool(record.units):
            raise ValueError("units")
        return record
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise CheckpointError(f"{path}: no record of an export ({type(problem).__name__}: {problem}).") from None


def _plain(found: Any) -> PlainReading | None:
    if found is None:
        return None
    if not _are_words(names := found.pop("model_input_names")):
        raise ValueError("plain.model_input_names")
    plain = PlainReading(model_input_names=tuple(names), **found)
    if wrong := next((one.name for one in fields(plain) if not _is_sound(one, plain)), None):
        raise ValueError(f"plain.{wrong}")
    return plain


def _is_sound(one: Field[Any], plain: PlainReading) -> bool:
    value = getattr(plain, one.name)
    if one.name.endswith("_side"):
        return value in ("left", "right")
    if one.name in ("model_input_names", "tokenizer_sha256"):
        return isinstance(value, tuple | str)
    if value is None:
        return "None" in str(one.type)
    most = plain.vocab_size if one.name.endswith("_token_id") else 1 << 31
    return has_type(value, int) and has_type(most, int) and 0 <= value < most


def _form(found: Mapping[str, Any]) -> FormScore:
    form = FormScore(**found)
    numbers: Sequence[Any] = (form.score or 0, form.bytes, form.examples_per_second, form.agreement)
    if not isinstance(form.form, str) or not all(has_type(one, float) for one in numbers):
        raise ValueError("forms")
    return form


def _are_words(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(one, str) for one in found)
