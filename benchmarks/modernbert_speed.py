"""How fast are ModernBERT's layers in bertft/fast, beside transformers' own (sdpa) on the same batches? Alternating rounds.

    python benchmarks/modernbert_speed.py --size 32m
    python benchmarks/modernbert_speed.py --size 17m --lengths 24 512 --rounds 3 --tokens 3072 --threads 1

Weights are random, of a size of Ettin's encoders (Weller et al. 2025, arXiv 2507.11412). So are texts: their lengths spread
around the mean as those of sentences do, their tokens follow Zipf's law. Both sides get the same batches, padded to the longest
text, the same precision and fused AdamW. As in `bertft train`, tokens that no text has are trained by transformers' side only. A
step is forward, backward, clipping and update, without reading and tokenizing. The last lines are the attention of one layer
alone, there and back: what a token costs should not grow with the length where a window is seen.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bertft import fast
from bertft.engine.device import resolve_precision
from bertft.engine.optimizer import build_optimizer
from bertft.fast.reach import Reach, layout_for
from bertft.plan.recipe import Recipe

SIZES = {"17m": (256, 7, 4, 384), "32m": (384, 10, 6, 576), "68m": (512, 19, 8, 768), "150m": (768, 22, 12, 1152)}
"""Hidden size, layers, heads and inner size."""
VOCABULARY = 50_368
LABELS = 2
PADDING = 0
CPU = torch.device("cpu")
Batch = dict[str, Tensor]


def main() -> None:
    words = read_words()
    torch.set_num_threads(words.threads)
    bf16 = resolve_precision(words.precision, cuda=False) == "bf16"
    print(
        f"ModernBERT of {words.size}, {'bf16' if bf16 else 'fp32'}, {words.threads} threads; medians of {words.rounds} rounds."
    )
    print(f"{'':32} {'bertft':>10} {'transformers':>12} {'ratio':>6}   tokens/s, without padding")
    for mean in words.lengths:
        batches = list(make_batches(mean, words))
        compare(f"training, {mean:,} tokens a text", batches, words, bf16=bf16, training=True)
        compare(f"prediction, {mean:,} tokens a text", batches, words, bf16=bf16, training=False)
    for width in words.windows:
        spent = [1e6 * attention_seconds(width, window, words, bf16=bf16) / width for window in (64, None)]
        print(
            f"attention of a layer, {width:,} tokens: {spent[0]:.2f} µs a token in a window of 128, {spent[1]:.2f} in all"
        )


def read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="32m")
    parser.add_argument(
        "--lengths", type=int, nargs="*", default=[24, 128, 512, 2048, 8192], help="mean tokens of a text"
    )
    parser.add_argument(
        "--windows", type=int, nargs="*", default=[512, 2048, 8192], help="tokens of the last table's text"
    )
    parser.add_argument("--tokens", type=int, default=16_384, help="in all batches of a round, about")
    parser.add_argument("--batch-size", type=int, default=32, help="texts, as far as --batch-tokens allow")
    parser.add_argument("--batch-tokens", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--precision", choices=("auto", "bf16", "fp32"), default="auto")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def make_batches(mean: int, words: argparse.Namespace) -> Iterator[Batch]:
    """Texts of spread lengths, batch by batch; a log-normal spread, as of sentences, and at most 8,192 tokens."""
    source = np.random.default_rng(words.seed)
    size = max(min(words.batch_size, words.batch_tokens // mean), 1)
    for _ in range(max(words.tokens // (size * mean), 1)):
        spread = source.lognormal(0, 0.5, size)
        lengths = torch.from_numpy(np.clip(mean * spread / spread.mean(), 2, 8192).astype(np.int64))
        mask = torch.arange(int(lengths.max()))[None] < lengths[:, None]
        drawn = np.floor((VOCABULARY - 1) ** source.random(mask.shape)).astype(np.int64)  # (B, T), from 1 on
        labels = torch.from_numpy(source.integers(0, LABELS, size))
        ids = torch.from_numpy(drawn).masked_fill(~mask, PADDING)
        yield {"input_ids": ids, "attention_mask": mask.long(), "labels": labels}


def compare(name: str, batches: list[Batch], words: argparse.Namespace, *, bf16: bool, training: bool) -> None:
    """Both sides in turn; the first round of each only warms up."""
    run = {
        side: (trainer if training else answerer)(build(words), batches, bf16=bf16, quick=side == "bertft")
        for side in ("bertft", "transformers")
    }
    tokens = sum(int(batch["attention_mask"].sum()) for batch in batches)
    rounds = [{side: seconds_of(one) for side, one in run.items()} for _ in range(words.rounds + 1)][1:]
    rates = [tokens / statistics.median(spent[side] for spent in rounds) for side in run]
    ratio = statistics.median(spent["transformers"] / spent["bertft"] for spent in rounds)
    print(f"{name:32} {rates[0]:10,.0f} {rates[1]:12,.0f} {ratio:6.2f}", flush=True)


def build(words: argparse.Namespace) -> Any:
    """transformers' own; its attention is sdpa unless something else is asked for."""
    from transformers import ModernBertConfig, ModernBertForSequenceClassification

    hidden, layers, heads, inner = SIZES[words.size]
    torch.manual_seed(words.seed)
    sizes = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
    }
    sizes |= {"vocab_size": VOCABULARY, "num_labels": LABELS, "pad_token_id": PADDING}
    config = ModernBertConfig(**sizes)  # type: ignore[arg-type]
    network = ModernBertForSequenceClassification(config)
    assert network.config._attn_implementation == "sdpa"
    return network


def trainer(network: Any, batches: list[Batch], *, bf16: bool, quick: bool) -> Callable[[], None]:
    """A step for each batch."""
    recipe = Recipe(learning_rate=1e-5)
    if quick:
        texts = [batch["input_ids"][batch["attention_mask"].bool()].numpy() for batch in batches]
        fast.speed_up_training(network, texts, padding=PADDING, device=CPU)
    optimizer = build_optimizer(network.train(), recipe)

    def run() -> None:
        for number, batch in enumerate(batches):
            masks = fast.DropoutMasks(fast.DropoutBits(1, number)) if quick else nullcontext()
            with masks, torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                loss = network(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.max_grad_norm)
            optimizer.step()
            optimizer.zero_grad()

    return run


def answerer(network: Any, batches: list[Batch], *, bf16: bool, quick: bool) -> Callable[[], None]:
    """The logits of each batch."""
    if quick:
        fast.speed_up(network, CPU)
    network.eval()

    def run() -> None:
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            for batch in batches:
                network(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])

    return run


def attention_seconds(width: int, window: int | None, words: argparse.Namespace, *, bf16: bool) -> float:
    """There and back, for one text of so many tokens."""
    hidden, _, heads, _ = SIZES[words.size]
    dtype, angles = torch.bfloat16 if bf16 else torch.float32, torch.rand(width, hidden // heads)
    reach = Reach(layout_for(None, 1, width), window, angles.cos(), angles.sin(), dtype)
    together = torch.randn(width, 3 * hidden, dtype=dtype, requires_grad=True)

    def run() -> None:
        reach.read(together.clone(), heads=heads, dropped=None).sum().backward()  # type: ignore[no-untyped-call]

    return statistics.median([seconds_of(run) for _ in range(words.rounds + 1)][1:])


def seconds_of(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
