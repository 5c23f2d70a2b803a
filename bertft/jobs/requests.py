"""What each verb is asked for, frozen. The command line and the Python door make these; jobs answer them.

A section (`data`, `recipe` …) has the keys of the same section of a plan.toml, and only those that were said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertft.reading import Table

if TYPE_CHECKING:
    from bertft.engine.observers import Observer

Section = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """A training run, or a look at what it would learn from."""

    task: str | None = None
    """A card's name, a card file or a kind of task; None: guessed from the data."""
    problem: str | None = None
    """Which of its problems, of a kind that has several."""
    columns: Section = field(default_factory=dict)
    """Keys of [data.fields]."""
    data: Section = field(default_factory=dict)
    model: Section = field(default_factory=dict)
    recipe: Section = field(default_factory=dict)
    pretraining: Section = field(default_factory=dict)
    runs: Section = field(default_factory=dict)
    output: Section = field(default_factory=dict)
    machine: Section = field(default_factory=dict)
    config: str | None = None
    """A plan.toml; what is said here counts more."""
    resume: bool = False
    overwrite: bool = False
    command: str = ""
    """How the user asked for it, for the record."""
    tables: Mapping[str, Table] = field(default_factory=dict)
    """Rows that are no file, by the name that `data` gives them."""
    observers: Sequence[Observer] = ()
    """Who is told of losses and scores, beside the console and history.jsonl."""

    def said(self) -> set[str]:
        """Names of the settings that were said."""
        problem = {self.problem.replace("-", "_")} if self.problem else set()
        given = {name for section in (self.columns, self.data, self.recipe) for name in section if section[name]}
        return problem | given


@dataclass(frozen=True, kw_only=True)
class BaselineRequest:
    """Models from before BERT beside BERT, on the same rows."""

    train: TrainRequest
    """Of BERT; the folder of its output gets a run for each model."""
    models: Sequence[str] = ()
    """Names of the others; empty: those that suit the task."""


@dataclass(frozen=True, kw_only=True)
class EvalRequest:
    """Scores of a run on a labelled file."""

    run: str
    data: str
    columns: Section = field(default_factory=dict)
    reading: Section = field(default_factory=dict)
    """Keys of [data] that say how a file is read."""
    metric: str | None = None
    max_answer: int | None = None
    """None: as in training."""
    min_probability: float | None = None
    """Show what it costs and gains to leave rows below it without an answer."""
    min_accuracy: float | None = None
    """Choose it so that the others are so accurate."""
    raw_probabilities: bool = False
    """Those of the network, not calibrated."""
    precision: str | None = None
    backend: str | None = None
    """torch or onnx; None: the graph where the folder has one."""
    machine: Section = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CompareRequest:
    """Several runs on the same rows."""

    runs: Sequence[str]
    """The first is what the others are held against."""
    data: str | None = None
    """A labelled file; None: the rows that judged the runs, where those are the same."""
    columns: Section = field(default_factory=dict)
    reading: Section = field(default_factory=dict)
    metric: str | None = None
    """None: that of the runs."""
    precision: str | None = None
    machine: Section = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    examples: int = 5
    """Rows of each kind of change to show."""
    output: str | None = None
    """A file to write: Markdown, HTML or JSON, by its ending."""


@dataclass(frozen=True, kw_only=True)
class PredictRequest:
    """A file with answers."""

    run: str
    input: str
    output: str | None = None
    """None: standard output."""
    top_k: int | None = None
    min_probability: float | None = None
    min_accuracy: float | None = None
    """Choose `min_probability` so that the labels that are given are so accurate."""
    raw_probabilities: bool = False
    """Those of the network, not calibrated."""
    scheme: str | None = None
    n_best: int | None = None
    max_answer: int | None = None
    """None: as in training."""
    fallback_label: str | None = None
    prefix: str | None = None
    """Of the added columns. None: only of those whose names the input has already."""
    form: str | None = None
    """Of the output: label-studio, or None for records."""
    columns: Section = field(default_factory=dict)
    reading: Section = field(default_factory=dict)
    precision: str | None = None
    backend: str | None = None
    """torch or onnx; None: the graph where the folder has one."""
    machine: Section = field(default_factory=dict)
    resume: bool = False
    raw: bool = False
    most_columns: int | None = None
    """More than these are refused: every row leaves with all of them."""
    shard: str | None = None
    """`3/16`: answer only the third of sixteen parts of the file. None: all rows."""
    shard_rows: int | None = None
    """Rows that are dealt to a part at a time. None: as many as are answered together."""
    command: str = ""


@dataclass(frozen=True, kw_only=True)
class GatherRequest:
    """The parts of a prediction as one file."""

    parts: Sequence[str]
    output: str


@dataclass(frozen=True, kw_only=True)
class EmbedRequest:
    """A file of vectors."""

    model: str
    """A run folder, or a model as `train` takes it."""
    input: str
    output: str
    embedding: Section = field(default_factory=dict)
    """Fields of EmbedPlan."""
    prefix: str | None = None
    """Of the added columns. None: only of those whose names the input has already."""
    columns: Section = field(default_factory=dict)
    reading: Section = field(default_factory=dict)
    machine: Section = field(default_factory=dict)
    resume: bool = False
    command: str = ""


@dataclass(frozen=True, kw_only=True)
class SimilarRequest:
    """The rows of a file that are nearest to a text."""

    file: str
    """A table of texts, or a file of vectors that `embed` wrote."""
    queries: Sequence[str]
    top_k: int = 10
    model: str | None = None
    """None: that of the vectors."""
    embedding: Section = field(default_factory=dict)
    columns: Section = field(default_factory=dict)
    reading: Section = field(default_factory=dict)
    machine: Section = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """A run in another form, in a folder of its own; or an exported folder that is scored again where it is used."""

    run: str
    output: str | None = None
    """None: with `check` only."""
    recipe: str | None = None
    """For which tool the folder is made: docker, kserve, ray, endpoints."""
    check: bool = False
    """Score an exported folder again, on this machine."""
    data: str | None = None
    """Labelled rows of the gate. None: the run's own validation rows."""
    export: Section = field(default_factory=dict)
    """Fields of ExportPlan."""
    columns: Section = field(default_factory=dict)
    reading: Section = field(default_factory=dict)
    machine: Section = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """A page about a run."""

    run: str
    data: str | None = None
    """None: the run's own test or validation rows."""
    output: str | None = None
    """None: report.html in the run folder."""
    plots: str | None = None
    """Folder for the plots, as files of their own; None: only in the page."""
    columns: Section = field(default_factory=dict)
    reading: Section = field(default_factory=dict)
    metric: str | None = None
    precision: str | None = None
    """None: that of the training for the run's own rows, `auto` for a file."""
    machine: Section = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ConvertRequest:
    """Tagged words or spans in another form or tag scheme."""

    input: str
    output: str
    form: str | None = None
    scheme: str | None = None
    columns: Section = field(default_factory=dict)
    reading: Section = field(default_factory=dict)
    raw: bool = False


@dataclass(frozen=True, kw_only=True)
class InfoRequest:
    """What a model holds, keeps and computes."""

    model: str
    """A run folder, a model folder, a config.json, a Hub name or `minilm`."""
    head: str | None = None
    """None: a run's own, else none."""
    labels: int | None = None
    """None: those of the config."""
    freeze: str | None = None
    batch_size: int | None = None
    """None: 32."""
    length: int | None = None
    """None: 128, or as many as the model takes."""
    precision: str | None = None
    used_tokens: int | None = None
    """Tokens that occur in the training texts: with bertft's fast layers only these are trained. None: all."""
    fast: bool | None = None


@dataclass(frozen=True, kw_only=True)
class VocabRequest:
    """A vocabulary learned from texts."""

    corpus: Sequence[str]
    output: str
    """A folder."""
    kind: str = "wordpiece"
    size: int = 30_522
    lower: bool | None = None
    """None: as is usual for the kind."""
    text: str | None = None
    """The column, of files that have several."""
    reading: Section = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PushRequest:
    """A run on its way to the Hugging Face Hub."""

    run: str
    repository: str
    """owner/name."""
    public: bool = False
    """Whether all may read it, where the repository is new; it must be so where it is there."""
