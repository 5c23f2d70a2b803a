"""How the weights are learned. The defaults are the BERT paper's (arXiv 1810.04805, appendix A.3); where they are None, the size
of the file decides (engine/sizing.py)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bertft.errors import UsageError

SCHEDULERS = ("linear", "cosine", "constant", "constant_with_warmup")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
HEAD_STARTS = ("probe", "prior", "random")
POOLINGS = ("cls", "mean")
LONG_TEXTS = ("truncate", "window", "head-tail")
CONTEXTS = ("none", "document")
SCHEMES = ("IOB1", "IOB2", "BIOES", "BILOU", "IO")


PAPER_EPOCHS, PAPER_RATE = 3.0, 5e-5


@dataclass(frozen=True)
class Recipe:
    """Settings of training. Each is a flag of `bertft train` and a key of a card's [recipe]."""

    epochs: float | None = None
    """None: by the size of the file, see engine/sizing.py."""
    max_steps: int | None = None
    """Optimizer steps; wins over epochs."""
    batch_size: int = 32
    """Examples per batch, over all processes together."""
    max_tokens: int | None = None
    """Padded tokens per batch, instead of batch_size."""
    grad_accum: int = 1
    """Batches per optimizer step."""
    learning_rate: float | None = None
    """None: by backbone, kind of task and size."""
    scheduler: str = "linear"
    warmup: float = 0.1
    """Share of all optimizer steps, 0 to 1."""
    weight_decay: float = 0.01
    """On matrices only: not on biases and LayerNorm."""
    max_grad_norm: float = 1.0
    layer_decay: float = 1.0
    """Learning rate of each layer as a share of the layer above it."""
    freeze: str | None = None
    """`embeddings`, `encoder`, or N: the embeddings and the lowest N layers."""
    label_smoothing: float = 0.0
    class_weights: str | None = None
    """`balanced`: each class weighs rows / (classes * rows of the class), as in scikit-learn."""
    max_length: int | None = None
    """Tokens per text or pair, special tokens included; None: what the backbone takes, at most 512."""
    long: str = "truncate"
    """What becomes of longer texts: `truncate`, `window` (overlapping parts, averaged) or `head-tail`. Taggers and question
    answering always read windows."""
    overlap: int = 64
    """Tokens that neighbouring windows share."""
    eval_steps: int | None = None
    """Optimizer steps between evaluations; None: once an epoch."""
    early_stop: int | None = None
    """Stop after so many evaluations without a better score."""
    head_start: str = "probe"
    """Where the head begins: `probe` (fitted on the frozen backbone), `prior` (its biases at the label frequencies), or
    `random`."""
    pool: str | None = None
    """What a text classifier reads: `cls` or `mean`; None: chosen by backbone and size."""
    few_shot: bool = False
    """First teach the encoder which texts are of one class, on pairs of the labelled rows."""
    refit: bool | None = None
    """At the end also learn from the rows that were held back; None: on small files."""
    metric: str | None = None
    """What 'best' means; None: the card's."""
    precision: str = "auto"
    """`auto`: bf16 where the device multiplies bf16 natively, else fp32."""
    crf: bool = False
    """A tagger's linear-chain CRF, which scores the tags of a sentence together."""
    bilstm: int | None = None
    """Units each way of a tagger's LSTM between backbone and tags."""
    head_learning_rate: float = 1e-3
    """Of the CRF and the BiLSTM, which start from nothing."""
    scheme: str | None = None
    """What a tagger learns to write; None: IOB2, or plain tags."""
    context: str = "none"
    """`document`: a tagger reads each sentence among its neighbours, as far as max_length goes."""
    max_answer: int = 30
    """Tokens of the longest answer."""
    seed: int = 42

    @property
    def passes(self) -> float:
        """Epochs; the paper's where none were chosen."""
        return PAPER_EPOCHS if self.epochs is None else self.epochs

    @property
    def rate(self) -> float:
        """Learning rate; the paper's where none was chosen."""
        return PAPER_RATE if self.learning_rate is None else self.learning_rate


def check_recipe(recipe: Recipe) -> Recipe:
    """The recipe itself, or a UsageError that lists everything wrong with it at once."""
    wrong = [f"{flag} is {value}: {wanted}" for ok, flag, value, wanted in _checks(recipe) if not ok]
    if wrong:
        raise UsageError("; ".join(wrong) + ".")
    return recipe


def _checks(recipe: Recipe) -> list[tuple[bool, str, object, str]]:
    r = recipe
    positive = "a number above 0 is wanted"
    share = "a share from 0 to below 1 is wanted"
    rate = "a number above 0 and below 1, such as 5e-5"
    return [
        (
            r.epochs is None or 0 < r.epochs < 10_000,
            "--epochs",
            r.epochs,
            "a number above 0 and below 10,000 is wanted",
        ),
        (r.max_steps is None or r.max_steps > 0, "--max-steps", r.max_steps, positive),
        (r.batch_size > 0, "--batch-size", r.batch_size, positive),
        (r.max_tokens is None or r.max_tokens > 0, "--max-tokens", r.max_tokens, positive),
        (r.grad_accum > 0, "--grad-accum", r.grad_accum, positive),
        (r.learning_rate is None or 0 < r.learning_rate < 1, "--learning-rate", r.learning_rate, rate),
        (r.scheduler in SCHEDULERS, "--scheduler", r.scheduler, f"one of {', '.join(SCHEDULERS)}"),
        (0 <= r.warmup < 1, "--warmup", r.warmup, share),
        (0 <= r.weight_decay < math.inf, "--weight-decay", r.weight_decay, "0 or more is wanted"),
        (0 < r.max_grad_norm < math.inf, "--max-grad-norm", r.max_grad_norm, positive),
        (0 < r.layer_decay <= 1, "--layer-decay", r.layer_decay, "a share above 0 and at most 1, such as 0.95"),
        (_can_freeze(r.freeze), "--freeze", r.freeze, "embeddings, encoder or a number of layers is wanted"),
        (0 <= r.label_smoothing < 1, "--label-smoothing", r.label_smoothing, share),
        (r.class_weights in (None, "balanced"), "--class-weights", r.class_weights, "balanced is wanted"),
        (r.max_length is None or r.max_length >= 8, "--max-length", r.max_length, "8 tokens or more are wanted"),
        (r.long in LONG_TEXTS, "--long", r.long, f"one of {', '.join(LONG_TEXTS)}"),
        (r.overlap >= 0, "--overlap", r.overlap, "0 or more is wanted"),
        (r.eval_steps is None or r.eval_steps > 0, "--eval-steps", r.eval_steps, positive),
        (r.early_stop is None or r.early_stop > 0, "--early-stop", r.early_stop, positive),
        (r.head_start in HEAD_STARTS, "--head-start", r.head_start, f"one of {', '.join(HEAD_STARTS)}"),
        (r.pool in (None, *POOLINGS), "--pool", r.pool, f"one of {', '.join(POOLINGS)}"),
        (r.precision in PRECISIONS, "--precision", r.precision, f"one of {', '.join(PRECISIONS)}"),
        (r.bilstm is None or r.bilstm > 0, "--bilstm", r.bilstm, positive),
        (0 < r.head_learning_rate < 1, "--head-learning-rate", r.head_learning_rate, "a number above 0 and below 1"),
        (r.scheme in (None, *SCHEMES), "--scheme", r.scheme, f"one of {', '.join(SCHEMES)}"),
        (r.context in CONTEXTS, "--context", r.context, f"one of {', '.join(CONTEXTS)}"),
        (r.max_answer > 0, "--max-answer", r.max_answer, positive),
        (0 <= r.seed < 2**32, "--seed", r.seed, "a whole number from 0 to 4294967295"),
    ]


def _can_freeze(freeze: str | None) -> bool:
    return freeze in (None, "embeddings", "encoder") or (freeze or "").isdigit()
