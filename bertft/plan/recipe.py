"""How the weights are learned. The defaults are the BERT paper's (arXiv 1810.04805, appendix A.3); where they are None, the size
of the file decides (engine/sizing.py)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bertft.plan.layers import combine_setting, layers_setting
from bertft.plan.settings import A_SEED, A_SHARE, ABOVE_0, ANSWERS, TAGGING, TRAINING, above, at_least, one_of, setting

SCHEDULERS = ("linear", "cosine", "constant", "constant_with_warmup")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
HEAD_STARTS = ("probe", "prior", "random")
POOLINGS = ("cls", "mean", "late")
LONG_TEXTS = ("truncate", "window", "head-tail")
CONTEXTS = ("none", "document")
FEATURE_HEADS = ("linear", "mlp", "bilstm")
SCHEMES = ("IOB1", "IOB2", "BIOES", "BILOU", "IO")

PAPER_EPOCHS, PAPER_RATE = 3.0, 5e-5


OF_PRETRAINED = (
    *("epochs", "max_steps", "batch_size", "max_tokens", "grad_accum", "learning_rate", "warmup", "scheduler"),
    *("weight_decay", "max_grad_norm", "layer_decay", "head_start", "pool", "few_shot", "bilstm", "head_learning_rate"),
)
"""What a card says of training a pre-trained encoder, and is not meant for any other network."""

LENGTHS = ("max_length", "long", "overlap", "max_answer")
"""What decides how much of a long input is read, and how long an answer may be."""

RATE = above(0, below=1, such_as="5e-5")


@dataclass(frozen=True)
class Recipe:
    """Settings of training. Each is a flag of `bertft train` and a key of a card's [recipe]. None: not set."""

    epochs: float | None = setting(
        None,
        "Passes over the training rows.",
        "N",
        panel=TRAINING,
        check=((lambda value: 0 < value < 10_000), "a number above 0 and below 10,000 is wanted"),
        otherwise="chosen by the number of rows",
    )
    max_steps: int | None = setting(None, "Stop after N optimizer steps, instead of --epochs.", "N", check=ABOVE_0)
    batch_size: int = setting(32, "Examples per batch, summed over all processes.", "N", panel=TRAINING, check=ABOVE_0)
    max_tokens: int | None = setting(None, "Padded tokens per batch, instead of --batch-size.", "N", check=ABOVE_0)
    learning_rate: float | None = setting(
        None,
        "Peak learning rate.",
        "RATE",
        panel=TRAINING,
        check=RATE,
        otherwise="chosen by backbone, task and number of rows",
        flags=("--learning-rate", "--lr"),
    )
    warmup: float = setting(
        0.1, "Share of the steps over which the learning rate rises from 0.", "SHARE", check=A_SHARE
    )
    weight_decay: float = setting(
        0.01,
        "Weight decay, except for biases and LayerNorm.",
        "RATE",
        check=((lambda value: 0 <= value < math.inf), "0 or more is wanted"),
    )
    scheduler: str = setting(
        "linear",
        f"Learning rate schedule after warm-up: {', '.join(SCHEDULERS)}.",
        "NAME",
        check=one_of(SCHEDULERS),
    )
    max_length: int | None = setting(
        None,
        "Longest input in tokens, including special tokens.",
        "TOKENS",
        panel=TRAINING,
        check=at_least(8, "8 tokens or more are wanted"),
        otherwise="the backbone's limit, at most 512; 384 for questions",
    )
    long: str = setting(
        "truncate",
        "What to do with longer texts: truncate, window (average over overlapping windows) or head-tail.",
        "HOW",
        panel=TRAINING,
        check=one_of(LONG_TEXTS),
    )
    overlap: int = setting(
        64,
        "Overlap of neighbouring windows.",
        "TOKENS",
        check=at_least(0),
        otherwise="64, for questions 128; at most a third of a window",
    )
    seed: int = setting(
        42,
        "Random seed: row order, new head, dropout, validation rows and --max-train-rows.",
        "N",
        panel=TRAINING,
        check=A_SEED,
    )
    head_start: str = setting(
        "probe",
        "How the head is initialised: probe (fitted on the frozen backbone), prior (label frequencies) or random.",
        "HOW",
        check=one_of(HEAD_STARTS),
        otherwise="probe; random for questions and with --bilstm",
    )
    pool: str | None = setting(
        None,
        "What the classifier reads: the first token (cls) or the mean of all tokens. EuroBERT also classifies each token and "
        "averages (late).",
        "cls|mean|late",
        check=one_of(POOLINGS),
        otherwise="chosen by backbone and number of rows",
    )
    few_shot: bool = setting(
        False,
        "For few rows per class: first train the encoder on pairs of rows, as SetFit does.",
        flags=("--few-shot/--no-few-shot",),
    )
    refit: bool | None = setting(
        None,
        "After scoring, train on the validation rows too.",
        otherwise="on small files without --validation",
        flags=("--refit/--no-refit",),
    )
    precision: str = setting(
        "auto",
        "fp32, bf16, fp16 or auto: bf16 if the hardware supports it natively, else fp32.",
        "NAME",
        check=one_of(PRECISIONS),
    )
    early_stop: int | None = setting(
        None, "Stop after N evaluations without a better score.", "N", panel=TRAINING, check=ABOVE_0
    )
    eval_steps: int | None = setting(
        None, "Evaluate every N optimizer steps.", "N", check=ABOVE_0, otherwise="once per epoch"
    )
    metric: str | None = setting(
        None,
        "Metric that selects the best model: one of the task's, or ./FILE.py:FUNCTION.",
        "NAME",
        panel=TRAINING,
        otherwise="the card's",
    )
    grad_accum: int = setting(1, "Gradient accumulation: batches per optimizer step.", "N", check=ABOVE_0)
    max_grad_norm: float = setting(
        1.0,
        "Clip gradients to this norm.",
        "NORM",
        check=((lambda value: 0 < value < math.inf), ABOVE_0[1]),
    )
    layer_decay: float = setting(
        1.0,
        "Learning rate of each layer, as a share of that of the layer above.",
        "SHARE",
        check=((lambda value: 0 < value <= 1), "a share above 0 and at most 1, such as 0.95"),
    )
    freeze: str | None = setting(
        None,
        "Do not train these parts: embeddings, encoder, or N (the embeddings and the N lowest layers).",
        "WHAT",
        check=(
            (lambda value: value in ("embeddings", "encoder") or value.isdecimal()),
            "embeddings, encoder or a number of layers is wanted",
        ),
    )
    features: bool = setting(
        False,
        "Train only a head, on outputs of the backbone that are computed once and do not change.",
        flags=("--features/--no-features",),
    )
    features_head: str | None = setting(
        None,
        "With --features: what learns, a layer (linear), two (mlp) or two LSTM layers (bilstm).",
        "linear|mlp|bilstm",
        check=one_of(FEATURE_HEADS),
        otherwise="linear",
    )
    head_units: int | None = setting(
        None,
        "With --features: units of the mlp, or of each direction of the bilstm.",
        "UNITS",
        check=ABOVE_0,
        otherwise="as many as a token of the backbone has numbers",
    )
    layers: str | None = layers_setting()
    combine: str | None = combine_setting("mix")
    label_smoothing: float = setting(
        0.0, "Label smoothing: share of the target spread over all labels.", "SHARE", check=A_SHARE
    )
    class_weights: str | None = setting(
        None,
        "Weight classes inversely to their frequency, as scikit-learn does.",
        "balanced",
        panel=TRAINING,
        check=((lambda value: value == "balanced"), "balanced is wanted"),
    )
    crf: bool = setting(
        False,
        "For tags: put a linear-chain CRF on top.",
        panel=TRAINING,
        flags=("--crf/--no-crf",),
    )
    bilstm: int | None = setting(
        None,
        "Put a bidirectional LSTM with this many units per direction before the tags.",
        "UNITS",
        panel=TAGGING,
        check=ABOVE_0,
        flags=("--bilstm",),
    )
    head_learning_rate: float = setting(
        1e-3,
        "Learning rate of the CRF and the LSTM.",
        "RATE",
        panel=TAGGING,
        check=above(0, below=1),
    )
    scheme: str | None = setting(
        None,
        "Tag scheme to train with: IOB2, BIOES, BILOU, IO or IOB1.",
        "NAME",
        panel=TAGGING,
        check=one_of(SCHEMES),
        otherwise="IOB2, or plain tags",
    )
    context: str = setting(
        "none",
        "document: add neighbouring sentences as context, up to --max-length.",
        "document",
        panel=TAGGING,
        check=one_of(CONTEXTS),
    )
    max_answer: int = setting(30, "Longest answer in tokens.", "TOKENS", panel=ANSWERS, check=ABOVE_0)

    @property
    def passes(self) -> float:
        """Epochs; the paper's where none were chosen."""
        return PAPER_EPOCHS if self.epochs is None else self.epochs

    @property
    def rate(self) -> float:
        """Learning rate; the paper's where none was chosen."""
        return PAPER_RATE if self.learning_rate is None else self.learning_rate
