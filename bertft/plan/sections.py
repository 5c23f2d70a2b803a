"""The sections of a plan.toml beside [task] and [recipe]: each field is a setting, declared once. Its flag, help, default and
check follow from the line."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from bertft.plan.settings import (
    A_SEED,
    ABOVE_0,
    ANSWERS,
    COLUMNS,
    OUTPUT,
    PUBLISHING,
    RARE,
    READING,
    SCORES,
    SCRATCH,
    TASK,
    at_least,
    one_of,
    setting,
)
from bertft.system.trackers import LIBRARIES, are_trackers

LANGUAGES = r"[a-z]{2,3}(-[A-Za-z0-9]+)*(,[a-z]{2,3}(-[A-Za-z0-9]+)*)*"
"""As the Hub has them: ISO 639 codes, with commas between."""

HELD_BACK = 0.1
"""Share of labelled rows that is held back for validation where nothing was said."""

MOST_THREADS = 4096
"""More would only be a slip of the keyboard, and OpenMP ends the process where it cannot start them."""


@dataclass(frozen=True)
class DataPlan:
    """[data] of a plan.toml: where the rows come from and how they are read."""

    train: str
    """A file, or `hub:PATH:NAME:SPLIT`. The same for `validation` and `test`."""
    more_train: tuple[str, ...] | None = None
    """Further files of training rows, with the same columns."""
    validation: str | None = setting(
        None,
        "Labelled file used to select the best model.",
        "FILE",
        panel=TASK,
        otherwise="a stratified share of the training rows, or the card's on the Hub",
    )
    validation_share: float | None = setting(
        HELD_BACK,
        "Share of the training rows held back for validation, without --validation.",
        "SHARE",
        panel=TASK,
        check=((lambda value: 0 < value < 1), "a share between 0 and 1 is wanted, such as 0.1"),
    )
    test: str | None = setting(
        None, "Labelled file to score once, at the end.", "FILE", panel=TASK, otherwise="the card's on the Hub, or none"
    )
    format: str | None = setting(
        None,
        "File format: csv, tsv, jsonl, json, parquet, arrow, conll, text, fasttext or xlsx.",
        "NAME",
        panel=READING,
        otherwise="by the file's extension",
    )
    encoding: str | None = setting(
        None,
        "File encoding, such as utf-8, gb18030 or latin-1.",
        "NAME",
        panel=READING,
        otherwise="detected",
    )
    delimiter: str | None = setting(
        None,
        "Column separator of a CSV: comma, semicolon, tab or pipe.",
        "CHAR",
        panel=READING,
        otherwise="detected",
    )
    header: bool = setting(
        True,
        "The first line is data; columns are called column_1, column_2 and so on.",
        panel=READING,
        flags=("--no-header",),
    )
    sentence: str | None = setting(
        None,
        "Column that numbers the sentences of a file with one word per row.",
        "COLUMN",
        panel=COLUMNS,
        otherwise="by its name and content",
    )
    document: str | None = setting(
        None,
        "Column that names the document of each sentence.",
        "COLUMN",
        panel=COLUMNS,
        otherwise="document, document_id, doc_id or doc",
    )
    sheet: str | None = setting(
        None, "Sheet of an Excel workbook.", "NAME", panel=READING, otherwise="the only one that is not empty"
    )
    unknown_labels: str = setting(
        "error",
        "What to do with rows whose label does not occur in the training data.",
        "error|skip",
        panel=READING,
        check=one_of(("error", "skip")),
    )
    fix_answers: bool = setting(
        False,
        "Search the context for answers that are not at their offset.",
        panel=ANSWERS,
    )
    split_seed: int | None = setting(
        None,
        "Seed of the held-back rows, of folds and of --max-train-rows, where it is not to be --seed.",
        "N",
        check=A_SEED,
        otherwise="--seed",
    )
    limit: int | None = setting(
        None,
        "Train on a random sample of N rows, stratified by class.",
        "N",
        panel=READING,
        check=at_least(1),
        otherwise="all",
        flags=("--max-train-rows",),
    )


MEMORY = "memory:"
"""Begins the name of rows that a Python program handed over, where a file could stand."""

WISHES = {
    "top_k": int,
    "min_probability": float,
    "min_accuracy": float,
    "scheme": str,
    "n_best": int,
    "fallback_label": str,
}
"""What can be asked of each answer of `predict`, with its type."""

READS = ("format", "encoding", "delimiter", "header", "sheet", "sentence", "document")
"""Settings of [data] that say how any file is read; below, a labelled one."""
READS_LABELLED = (*READS, "unknown_labels")
READS_FOR_EXPORT = tuple(name for name in READS_LABELLED if name != "format")
"""Of the rows that an export is scored on: there `format` says what the network becomes."""


@dataclass(frozen=True)
class ModelPlan:
    """[model] of a plan.toml."""

    name: str | None = setting(
        None,
        "Model to fine-tune: a name on the Hugging Face Hub, a folder, or minilm (built in); or one to train from scratch: "
        "majority, tfidf, fasttext, bow, textcnn, bilstm, transformer; for pairs also dssm and esim.",
        "NAME|PATH",
        panel=TASK,
        otherwise="google-bert/bert-base-uncased; minilm, with a warning, if it can be neither found nor downloaded",
        flags=("--model",),
    )
    cell: str | None = setting(
        None,
        "What reads word by word in bilstm and esim: lstm, gru or rnn.",
        "NAME",
        panel=SCRATCH,
        check=one_of(("lstm", "gru", "rnn")),
        otherwise="lstm",
    )
    vectors: str | None = setting(
        None,
        "Begin with word vectors of word2vec, GloVe or fastText: a text file or a binary one.",
        "FILE",
        panel=SCRATCH,
        otherwise="words begin at random",
    )
    one_way: bool = setting(False, "Let bilstm read from left to right only.", panel=SCRATCH)

    @property
    def of_the_network(self) -> dict[str, Any]:
        """What was said of it beside its name."""
        return {key: value for key, value in asdict(self).items() if key != "name" and value}


@dataclass(frozen=True)
class OutputPlan:
    """[output] of a plan.toml. It records where the run went; a repeated run goes elsewhere, or where -o says."""

    dir: str | None = setting(
        None, "Folder to write the run to.", "DIR", panel=OUTPUT, otherwise="runs/NAME", flags=("--output-dir", "-o")
    )
    save_steps: int | None = setting(
        None,
        "Save the training state every N optimizer steps.",
        "N",
        panel=RARE,
        check=ABOVE_0,
        otherwise="after evaluations and every ten minutes",
    )
    track: tuple[str, ...] | None = setting(
        None,
        f"Follow the run with {', '.join(LIBRARIES)}; several with commas.",
        "NAMES",
        panel=OUTPUT,
        check=(are_trackers, f"any of {', '.join(LIBRARIES)}, or none"),
        otherwise="none",
    )
    card_title: str | None = setting(
        None, "Title of the model card.", "TITLE", panel=PUBLISHING, otherwise="from the run folder and the task"
    )
    license: str | None = setting(
        None,
        "License of the model, for its card: an identifier of the Hub, such as apache-2.0 or mit.",
        "NAME",
        panel=PUBLISHING,
        check=(
            (lambda value: bool(re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", value))),
            "a name such as apache-2.0 is wanted",
        ),
    )
    language: str | None = setting(
        None,
        "Languages of the texts, for the model card: codes such as en or de,fr.",
        "CODES",
        panel=PUBLISHING,
        check=((lambda value: bool(re.fullmatch(LANGUAGES, value))), "codes such as en or de,fr are wanted"),
    )


@dataclass(frozen=True)
class MachinePlan:
    """[machine] of a plan.toml."""

    threads: int | None = setting(
        None,
        "CPU threads.",
        "N",
        panel=RARE,
        check=((lambda value: 0 < value <= MOST_THREADS), f"a whole number from 1 to {MOST_THREADS:,} is wanted"),
        otherwise="OMP_NUM_THREADS, or one per physical core",
    )
    fast: bool | None = setting(
        None,
        "On a CPU, use bertft's faster implementation of BERT-like encoders; results equal transformers' up to rounding.",
        panel=RARE,
        otherwise="on, unless BERTFT_FAST=0",
        flags=("--fast/--no-fast",),
    )


@dataclass(frozen=True)
class BackendPlan:
    """What computes the answers of a run that holds both its weights and a graph of them."""

    backend: str | None = setting(
        None,
        "What computes: torch, from the run's weights, or onnx, from the graph that `bertft export` wrote.",
        "auto|torch|onnx",
        panel=RARE,
        check=one_of(("auto", "torch", "onnx")),
        otherwise="auto: the graph where the folder has one",
    )


@dataclass(frozen=True)
class ExportPlan:
    """How a run is exported, and what that may cost."""

    format: str = setting(
        "onnx", "What the network becomes: onnx.", "NAME", panel=OUTPUT, check=one_of(("onnx",)), flags=("--format",)
    )
    int8: bool = setting(
        False,
        "Store weights in 8 bits and multiply in them: a quarter of the size, and faster on processors with VNNI or AMX.",
        panel=OUTPUT,
    )
    max_drop: float = setting(
        1.0,
        "Refuse an export that loses more than this on the main metric: points of a score such as accuracy, percent of an error.",
        "POINTS",
        panel=SCORES,
        check=at_least(0, "0 or more points are wanted"),
    )
    keep_weights: bool = setting(
        False, "Also copy the run's own weights, so that --backend torch works in the exported folder.", panel=OUTPUT
    )
    gate: bool = setting(
        True,
        "Export without scoring on labelled rows, so nothing is known of what it costs.",
        panel=SCORES,
        flags=("--no-gate",),
    )


@dataclass(frozen=True)
class RunsPlan:
    """[runs] of a plan.toml: how often it is trained."""

    seeds: int | None = setting(
        None,
        "Train with N seeds, --seed and those after it; the run that is best on validation is kept.",
        "N",
        check=at_least(2),
        otherwise="one run",
    )
    folds: int | None = setting(
        None,
        "Cross-validation: N more runs, each scored on a fold of the rows that it has not seen.",
        "N",
        check=at_least(2),
        otherwise="none",
    )
    fold: int | None = None
    """Only the run that is scored on this fold, from 1."""
