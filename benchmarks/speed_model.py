"""The model that is measured, the work that it takes, and the rate at which the machine could do it: the matrix peak.

Work is counted as if every layer were computed for every real token, and none for padding: 2 FLOPs for each weight of the
encoder's layers, 4 T H for each layer's attention among T tokens; a training step takes three times that."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TRAINING = 3
"""Forward passes that a training step is worth."""
TOKENS, ON_GPUS = (512, 1024, 4096), (4096, 16_384, 65_536)
"""Rows of the multiplied matrices: what a batch may have; on a GPU enough of them to keep all of it at work."""
SECONDS = 1.0
"""For which each product is repeated."""


@dataclass(frozen=True)
class Model:
    """A backbone: what bertft calls it, its folder, and its sizes."""

    name: str
    path: str
    hidden: int
    inner: int
    layers: int

    def flops(self, lengths: Sequence[int]) -> float:
        """Of one forward pass over texts of that many tokens each."""
        weights = self.layers * (4 * self.hidden**2 + 2 * self.hidden * self.inner)
        squares = sum(length**2 for length in lengths)
        return 2.0 * weights * sum(lengths) + 4.0 * self.layers * self.hidden * squares


def open_model(name: str) -> Model:
    """`minilm`, or a folder of transformers."""
    from bertft.model.backbone import find_backbone

    found = find_backbone(name)
    config = found.config
    inner = getattr(config, "intermediate_size", 4 * config.hidden_size)
    return Model(name, found.path, config.hidden_size, inner, config.num_hidden_layers)


def make_base(folder: str, tokenizer: str, seed: int) -> Model:
    """A model of BERT-base's size, with random weights and the tokenizer of that backbone."""
    import transformers as hf

    hf.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    hf.set_seed(seed)
    words = hf.AutoTokenizer.from_pretrained(open_model(tokenizer).path)
    words.save_pretrained(folder)
    hf.BertModel(hf.BertConfig(vocab_size=len(words))).save_pretrained(folder)
    return open_model(folder)


def matrix_peak(model: Model) -> dict[str, Any]:
    """GFLOP/s of the best product of the feed-forward block, for each precision; the device, and what bertft takes there."""
    import torch

    from bertft.engine.device import resolve_precision

    gpu = torch.cuda.is_available()
    sizes = ON_GPUS if gpu else TOKENS
    kinds = {"bf16": torch.bfloat16, "fp32": torch.float32}
    peaks = {name: max(product_rate(model, size, kind) for size in sizes) for name, kind in kinds.items()}
    device = torch.cuda.get_device_name() if gpu else f"{processor()}, {torch.get_num_threads()} threads"
    return {"device": device, "auto": resolve_precision("auto", cuda=gpu), "gflops": peaks}


def product_rate(model: Model, tokens: int, kind: Any) -> float:
    """GFLOP/s of the fastest of many products (tokens, H) @ (H, I)."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    left = torch.randn(tokens, model.hidden, device=device, dtype=kind)
    right = torch.randn(model.hidden, model.inner, device=device, dtype=kind)
    out = torch.empty(tokens, model.inner, device=device, dtype=kind)
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 3:
        times.append(seconds_of_product(left, right, out, repeat=8))
    return 2e-9 * tokens * model.hidden * model.inner / min(times)


def seconds_of_product(left: Any, right: Any, out: Any, *, repeat: int) -> float:
    """Mean of a few in a row: one alone is too short for the clock."""
    import torch

    started = time.perf_counter()
    for _ in range(repeat):
        torch.mm(left, right, out=out)
    if left.is_cuda:
        torch.cuda.synchronize()
    return (time.perf_counter() - started) / repeat


def processor() -> str:
    """Its name, where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return "processor"
