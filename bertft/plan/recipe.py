"""How the weights are learned. The defaults are the BERT paper's (arXiv 1810.04805, appendix A.3); where they are None, the size
of the file decides (engine/sizing.py)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bertft.plan.settings import A_SHARE, ABOVE_0, ANSWERS, RARE, TAGGING, above, at_least, one_of, setting

SCHEDULERS = ("linear", "cosine", "constant", "constant_with_warmup")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
HEAD_STARTS = ("probe", "prior", "random")
POOLINGS = ("cls", "mean")
LONG_TEXTS = ("truncate", "window", "head-tail")
CONTEXTS = ("none", "document")
SCHEMES = ("IOB1", "IOB2", "BIOES", "BILOU", "IO")

PAPER_EPOCHS, PAPER_RATE = 3.0, 5e-5


RATE = above(0, below=1, such_as="5e-5")


@dataclass(frozen=True)
class Recipe:
    """Settings of training. Each is a flag of `bertft train` and a key of a card's [recipe]. None: not set."""

    epochs: float | None = setting(
        None,
        "Passes over the training rows.",
        "N",
        check=((lambda value: 0 < value < 10_000), "a number above 0 and below 10,000 is wanted"),
        otherwise="by the number of rows",
    )
    max_steps: int | None = setting(None, "Optimizer steps, instead of --epochs.", "N", check=ABOVE_0)
    batch_size: int = setting(32, "Examples per batch, over all processes together.", "N", check=ABOVE_0)
    max_tokens: int | None = setting(None, "Padded tokens per batch, instead of --batch-size.", "N", check=ABOVE_0)
    learning_rate: float | None = setting(
        None,
        "Highest learning rate.",
        "RATE",
        check=RATE,
        otherwise="by backbone, kind of task and number of rows",
        flags=("--learning-rate", "--lr"),
    )
    warmup: float = setting(0.1, "Share of all optimizer steps with a rising learning rate.", "SHARE", check=A_SHARE)
    weight_decay: float = setting(
        0.01,
        "Weight decay of matrices; biases and LayerNorm have none.",
        "RATE",
        check=((lambda value: 0 <= value < math.inf), "0 or more is wanted"),
    )
    scheduler: str = setting(
        "linear",
        f"Learning rate after warm-up: {', '.join(SCHEDULERS)}.",
        "NAME",
        check=one_of(SCHEDULERS),
    )
    max_length: int | None = setting(
        None,
        "Tokens of a text or pair, special tokens included.",
        "TOKENS",
        check=at_least(8, "8 tokens or more are wanted"),
        otherwise="what the backbone takes, at most 512; 384 for questions",
    )
    long: str = setting(
        "truncate",
        "Longer texts: truncate, window (overlapping parts, averaged) or head-tail.",
        "HOW",
        check=one_of(LONG_TEXTS),
    )
    overlap: int = setting(
        64,
        "Tokens that neighbouring windows share.",
        "TOKENS",
        check=at_least(0),
        otherwise="64, for questions 128; at most a third of a window",
    )
    seed: int = setting(
        42,
        "Seed of the order, the new head, dropout, the held-back rows and --max-train-rows.",
        "N",
        check=((lambda value: 0 <= value < 2**32), "a whole number from 0 to 4294967295"),
    )
    head_start: str = setting(
        "probe",
        "Where the head begins: probe (fitted on the frozen backbone), prior (label counts) or random.",
        "HOW",
        check=one_of(HEAD_STARTS),
        otherwise="probe; random for questions and with --bilstm",
    )
    pool: str | None = setting(
        None,
        "What a text classifier reads: the first token (cls) or the mean of all.",
        "cls|mean",
        check=one_of(POOLINGS),
        otherwise="by backbone and number of rows",
    )
    few_shot: bool = setting(
        False,
        "First learn which texts are of one class, on pairs of rows: for few rows per class.",
        flags=("--few-shot/--no-few-shot",),
    )
    refit: bool | None = setting(
        None,
        "After scoring, also train on the rows held back for validation.",
        otherwise="on small files without --validation",
        flags=("--refit/--no-refit",),
    )
    precision: str = setting(
        "auto",
        "fp32, bf16, fp16 or auto: bf16 where the device multiplies it natively, else fp32.",
        "NAME",
        check=one_of(PRECISIONS),
    )
    early_stop: int | None = setting(None, "Stop after N evaluations without a better score.", "N", check=ABOVE_0)
    eval_steps: int | None = setting(
        None, "Optimizer steps between evaluations.", "N", check=ABOVE_0, otherwise="once an epoch"
    )
    metric: str | None = setting(
        None,
        "Metric that decides which model is the best: of the task, or ./FILE.py:FUNCTION.",
        "NAME",
        otherwise="the card's",
    )
    grad_accum: int = setting(1, "Batches per optimizer step.", "N", panel=RARE, check=ABOVE_0)
    max_grad_norm: float = setting(
        1.0,
        "Norm that gradients are clipped to.",
        "NORM",
        panel=RARE,
        check=((lambda value: 0 < value < math.inf), ABOVE_0[1]),
    )
    layer_decay: float = setting(
        1.0,
        "Learning rate of each layer, as a share of the layer above it.",
        "SHARE",
        panel=RARE,
        check=((lambda value: 0 < value <= 1), "a share above 0 and at most 1, such as 0.95"),
    )
    freeze: str | None = setting(
        None,
        "What stays as it is: embeddings, encoder, or the embeddings and the N lowest layers.",
        "WHAT",
        panel=RARE,
        check=(
            (lambda value: value in ("embeddings", "encoder") or value.isdigit()),
            "embeddings, encoder or a number of layers is wanted",
        ),
    )
    label_smoothing: float = setting(
        0.0, "Share of each target that is spread over all labels.", "SHARE", panel=RARE, check=A_SHARE
    )
    class_weights: str | None = setting(
        None,
        "Rare classes count as much as common ones, as in scikit-learn.",
        "balanced",
        panel=RARE,
        check=((lambda value: value == "balanced"), "balanced is wanted"),
    )
    crf: bool = setting(
        False,
        "Score the tags of a sentence together, with a linear-chain CRF.",
        panel=TAGGING,
        flags=("--crf/--no-crf",),
    )
    bilstm: int | None = setting(
        None,
        "Units each way of an LSTM between backbone and tags.",
        "UNITS",
        panel=TAGGING,
        check=ABOVE_0,
        flags=("--bilstm",),
    )
    head_learning_rate: float = setting(
        1e-3,
        "Learning rate of the CRF and the LSTM, which start from nothing.",
        "RATE",
        panel=TAGGING,
        check=above(0, below=1),
    )
    scheme: str | None = setting(
        None,
        "Tag scheme that is learned or written: IOB2, BIOES, BILOU, IO or IOB1.",
        "NAME",
        panel=TAGGING,
        check=one_of(SCHEMES),
        otherwise="IOB2, or plain tags",
    )
    context: str = setting(
        "none",
        "document: read each sentence among its neighbours, as far as --max-length goes.",
        "document",
        panel=TAGGING,
        check=one_of(CONTEXTS),
    )
    max_answer: int = setting(30, "Tokens of the longest answer.", "TOKENS", panel=ANSWERS, check=ABOVE_0)

    @property
    def passes(self) -> float:
        """Epochs; the paper's where none were chosen."""
        return PAPER_EPOCHS if self.epochs is None else self.epochs

    @property
    def rate(self) -> float:
        """Learning rate; the paper's where none was chosen."""
        return PAPER_RATE if self.learning_rate is None else self.learning_rate
