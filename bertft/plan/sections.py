"""The sections of a plan.toml beside [task] and [recipe]: each field is a setting, declared once. Its flag, help, default and
check follow from the line."""

from __future__ import annotations

from dataclasses import dataclass

from bertft.plan.settings import ABOVE_0, ANSWERS, OUTPUT, RARE, READING, TASK, at_least, one_of, setting

MOST_THREADS = 4096
"""More would only be a slip of the keyboard, and OpenMP ends the process where it cannot start them."""


@dataclass(frozen=True)
class DataPlan:
    """[data] of a plan.toml: where the rows come from and how they are read."""

    train: str
    """A file, or `hub:PATH:NAME:SPLIT`. The same for `validation` and `test`."""
    validation: str | None = setting(
        None,
        "File whose rows choose the best model.",
        "FILE",
        panel=TASK,
        otherwise="the card's on the Hub, or a stratified share of the training rows",
    )
    validation_share: float = setting(
        0.1,
        "Share of the training rows that is held back without --validation.",
        "SHARE",
        panel=TASK,
        check=((lambda value: 0 < value < 1), "a share between 0 and 1 is wanted, such as 0.1"),
    )
    test: str | None = setting(
        None, "File that is scored once, at the end.", "FILE", panel=TASK, otherwise="the card's on the Hub, or none"
    )
    format: str | None = setting(
        None,
        "Format of the file: csv, tsv, jsonl, json, parquet, arrow or conll.",
        "NAME",
        panel=READING,
        otherwise="by its ending",
    )
    encoding: str | None = setting(
        None,
        "Encoding of the file, such as utf-8, gb18030 or latin-1.",
        "NAME",
        panel=READING,
        otherwise="detected",
    )
    delimiter: str | None = setting(
        None,
        "What stands between the cells of a CSV: comma, semicolon, tab or pipe.",
        "CHAR",
        panel=READING,
        otherwise="detected",
    )
    header: bool = setting(
        True,
        "The first line is data; the columns are called column_1, column_2 and so on.",
        panel=READING,
        flags=("--no-header",),
    )
    unknown_labels: str = setting(
        "error",
        "What becomes of rows with labels that are not in the training data.",
        "error|skip",
        panel=READING,
        check=one_of(("error", "skip")),
    )
    fix_answers: bool = setting(
        False,
        "Look nearby for answers that are not where the file says.",
        panel=ANSWERS,
    )
    limit: int | None = setting(
        None,
        "Train on a seeded sample of N rows, in which classes keep their shares.",
        "N",
        panel=READING,
        check=at_least(1),
        otherwise="all",
        flags=("--max-train-rows",),
    )


MEMORY = "memory:"
"""Begins the name of rows that a Python program handed over, where a file could stand."""

WISHES = {"top_k": int, "min_probability": float, "scheme": str, "n_best": int}
"""What can be asked of each answer of `predict`, with its type."""

READS = ("format", "encoding", "delimiter", "header")
"""Settings of [data] that say how any file is read; below, a labelled one."""
READS_LABELLED = (*READS, "unknown_labels")


@dataclass(frozen=True)
class ModelPlan:
    """[model] of a plan.toml."""

    name: str | None = setting(
        None,
        "Backbone: a folder, a name on the Hub, or minilm.",
        "NAME|PATH",
        panel=TASK,
        otherwise="bert-base-uncased, or minilm without a network",
        flags=("--model",),
    )


@dataclass(frozen=True)
class OutputPlan:
    """[output] of a plan.toml. It records where the run went; a repeated run goes elsewhere, or where -o says."""

    dir: str | None = setting(
        None, "Run folder.", "DIR", panel=OUTPUT, otherwise="runs/NAME", flags=("--output-dir", "-o")
    )
    save_steps: int | None = setting(
        None,
        "Optimizer steps between saved states.",
        "N",
        panel=RARE,
        check=ABOVE_0,
        otherwise="at evaluations, and every ten minutes",
    )


@dataclass(frozen=True)
class MachinePlan:
    """[machine] of a plan.toml."""

    threads: int | None = setting(
        None,
        "Threads of the processor.",
        "N",
        panel=RARE,
        check=((lambda value: 0 < value <= MOST_THREADS), f"a whole number from 1 to {MOST_THREADS:,} is wanted"),
        otherwise="OMP_NUM_THREADS, or one for each physical core",
    )
    fast: bool | None = setting(
        None,
        "On processors, compute BERT and its kin with faster code than transformers', within rounding of it.",
        panel=RARE,
        otherwise="fast, unless BERTFT_FAST is 0",
        flags=("--fast/--no-fast",),
    )
