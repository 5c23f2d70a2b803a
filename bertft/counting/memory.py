"""Bytes that training needs. Weights, gradients and AdamW's two averages are in fp32 whatever `--precision` says.

Activations are what the backward pass needs of the forward pass: here those of the fast path (`bertft/fast/`), whose layers keep
what the functions there say. Those of transformers' own layers are measured (`model/measured.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bertft.counting.families import values_of

FULL, HALF = 4, 2
"""Bytes of a number in fp32 and bf16."""
INDEX = 8
"""Bytes of a token id."""

LIBRARIES = 650_000_000
"""Bytes of a training process before its tensors: Python, torch, transformers, prepared products (Linux, torch 2.13)."""
HOLES = 0.25
"""What glibc's heap takes on top of the blocks that come and go in each step: holes between them that no block fits into.
`benchmarks/info_memory.py` measures both."""

FAST = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "ernie", "distilbert")
"""Families of `bertft/fast/encoder.py` that are counted here too."""


@dataclass(frozen=True)
class Memory:
    """Bytes, for training at one size of batches without padding."""

    weights: int
    gradients: int
    optimizer: int
    copies: int
    """Of weights in the products' precision, and whatever else is the same for any batch."""
    activations: int
    """What is kept for the backward pass at the end of the forward pass."""
    rebuilt: int = 0
    """The embeddings of all tokens, put together for evaluations and to be saved, where only some are trained."""

    @property
    def total(self) -> int:
        """Bytes of tensors, at most at once."""
        return self.weights + self.optimizer + self.copies + self._changing

    @property
    def process(self) -> int:
        """Bytes that the process takes in all, about. What is rebuilt comes after a step, whose memory the heap keeps."""
        return LIBRARIES + self.total + round(HOLES * self._changing) + self.rebuilt

    @property
    def _changing(self) -> int:
        """What comes and goes in each step: gradients grow as activations shrink."""
        return max(self.gradients, self.activations)

    def as_dict(self) -> dict[str, int]:
        parts = ("weights", "gradients", "optimizer", "copies", "activations", "total", "process")
        return {name: getattr(self, name) for name in parts}


@dataclass(frozen=True)
class _Pass:
    """Sizes of one forward pass."""

    texts: int
    length: int
    width: int
    """H."""
    between: int
    """I."""
    heads: int
    number: int
    """Bytes of a number in products."""
    drops: bool
    """Whether hidden states are dropped."""
    drops_read: bool
    drops_attention: bool

    @property
    def tokens(self) -> int:
        return self.texts * self.length

    def layer(self) -> int:
        """All tokens: input, query, key, value and what was read, two sums with their norms, and GELU's input and output."""
        matrices = self.tokens * (6 * self.width + 2 * self.between) * self.number
        return matrices + self._scores(self.length) + self._sums(self.tokens)

    def first_only(self) -> int:
        """The last layer where only the texts' first tokens are asked for: the others give it keys and values."""
        matrices = self.tokens * 3 * self.width + self.texts * (4 * self.width + 2 * self.between)
        return matrices * self.number + self._scores(1) + self._sums(self.texts)

    def _scores(self, queries: int) -> int:
        """Attention's probabilities, and a byte each for what is dropped."""
        return self.texts * self.heads * queries * self.length * (self.number + self.drops_attention)

    def _sums(self, rows: int) -> int:
        """What both LayerNorms read, and a byte for each number that may be dropped before."""
        dropped = self.drops + self.drops_read
        return rows * (2 * self.width * FULL + 2 * 2 * FULL + dropped * self.width)


def fast_memory(
    config: Any, head: str, *, parameters: int, trainable: int, texts: int, length: int, half: bool, deepest: int = -1
) -> Memory | None:
    """Of a training by the fast path. None where that is not known. `half`: products in bf16. `deepest`: layers up to this one
    are frozen, 0 being the embeddings; -1: none is."""
    if config.model_type not in FAST or head not in ("none", "sequence", "token", "qa"):
        return None
    run, layers = _pass(config, texts, length, half), int(config.num_hidden_layers)
    first_only = head == "sequence"
    whole, last = layers - first_only - max(deepest, 0), run.first_only() if first_only and deepest < layers else 0
    embedded = _embedded(config, run) if deepest < 0 else 0
    activations = embedded + run.layer() * max(whole, 0) + last + _above(config, head, run, dropped=deepest < layers)
    return held(parameters, trainable, copies=_copies(config, run, first_only=first_only), activations=activations)


def held(parameters: int, trainable: int, *, copies: int, activations: int) -> Memory:
    """With what AdamW needs for so many parameters."""
    return Memory(FULL * parameters, FULL * trainable, 2 * FULL * trainable, copies, activations)


def _pass(config: Any, texts: int, length: int, half: bool) -> _Pass:
    distilled = config.model_type == "distilbert"
    hidden = config.dropout if distilled else config.hidden_dropout_prob
    attention = config.attention_dropout if distilled else config.attention_probs_dropout_prob
    size = values_of(config, 0)
    return _Pass(
        texts=texts,
        length=length,
        width=size["H"],
        between=size["I"],
        heads=int(config.num_attention_heads),
        number=HALF if half else FULL,
        drops=hidden > 0,
        drops_read=hidden > 0 and not distilled,
        drops_attention=attention > 0,
    )


def _embedded(config: Any, run: _Pass) -> int:
    """Token ids, what LayerNorm reads, a number for each that may be dropped, and the projection's input."""
    size = values_of(config, 0)
    width = size["E"]
    projected = width * run.number if width != size["H"] else 0
    return run.tokens * (INDEX + width * FULL + 2 * FULL + run.drops * width * FULL + projected)


def _above(config: Any, head: str, run: _Pass, *, dropped: bool) -> int:
    """The head's input, in the products' precision, and its dropout, if a gradient passes it. Of a sentence it is small."""
    if head not in ("token", "qa"):
        return 0
    drops = dropped and run.drops and (head == "token" or config.model_type == "distilbert")
    return run.tokens * run.width * (run.number + drops * FULL)


def _copies(config: Any, run: _Pass, *, first_only: bool) -> int:
    """Of the layers' matrices and biases in bf16; in fp32 of those of query, key and value, which are put side by side."""
    width, layers = run.width, int(config.num_hidden_layers)
    if run.number == HALF:
        return HALF * layers * (4 * width**2 + 2 * width * run.between + 5 * width + run.between)
    return FULL * (width**2 + width) * (3 * layers - first_only)
