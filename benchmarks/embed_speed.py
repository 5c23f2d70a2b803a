"""Texts per second of `bertft embed` beside a plain loop over transformers' model in batches of 32, in turns, each in a process
of its own: `python benchmarks/embed_speed.py texts.csv --text sentence --rows 2000 --rounds 5`.

Both begin with a list of texts and end with an array of mean vectors; loading is left out, and a few texts go first to warm up.
The plain loop is what model pages show: batches in the file's order, padded to the longest of each."""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

SIDES = ("plain fp32", "plain bf16", "embed fp32", "embed bf16")
WARM_UP = 64
LIMIT = 256

Embed = Callable[[list[str]], Any]


def main() -> None:
    args = arguments()
    if args.side:
        print(json.dumps(measured(args)))
        return
    rates: dict[str, list[float]] = {side: [] for side in SIDES}
    for number in range(args.rounds):
        for side in SIDES if number % 2 == 0 else reversed(SIDES):
            done = subprocess.run([sys.executable, *sys.argv, "--side", side], stdout=subprocess.PIPE, check=True)
            rates[side].append(json.loads(done.stdout)["texts_per_second"])
            print(f"round {number + 1}  {side}  {rates[side][-1]:,.1f} texts/s", flush=True)
    print_table(rates)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--text", default="text")
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    return parser.parse_args()


def print_table(rates: dict[str, list[float]]) -> None:
    """Medians, and the median of each round's quotient by the plain loop in the same precision and in fp32."""
    for side, found in rates.items():
        own = f"plain {side.split()[1]}"
        beside = [
            statistics.median(a / b for a, b in zip(found, rates[plain], strict=True)) for plain in (own, SIDES[0])
        ]
        print(f"{side}: {statistics.median(found):,.1f} texts/s, {beside[0]:.2f} x {own}, {beside[1]:.2f} x {SIDES[0]}")


def measured(args: argparse.Namespace) -> dict[str, float]:
    way, precision = args.side.split()
    if way == "embed":
        from bertft.system.memory import keep_memory

        keep_memory()  # as the command does, before torch wakes
    import torch

    with open(args.data, encoding="utf-8", newline="") as file:
        texts = [row[args.text] for row in csv.DictReader(file) if row[args.text].strip()][: args.rows]
    if args.threads:
        torch.set_num_threads(args.threads)
    embed: Embed = (plain if way == "plain" else ours)(args.model, precision, args.threads)
    embed(texts[:WARM_UP])
    began = time.perf_counter()
    found = embed(texts)
    seconds = time.perf_counter() - began
    assert np.shape(found)[0] == len(texts)
    return {"texts_per_second": len(texts) / seconds}


def plain(model: str, precision: str, threads: int | None) -> Embed:
    import torch
    from transformers import AutoModel, AutoTokenizer

    from bertft.model.backbone import find_backbone

    path = find_backbone(model).path
    tokenizer, network = AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path).eval()

    def embed(texts: list[str]) -> Any:
        found = []
        for start in range(0, len(texts), 32):
            batch = tokenizer(
                texts[start : start + 32], padding=True, truncation=True, max_length=LIMIT, return_tensors="pt"
            )
            with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
                hidden = network(**batch).last_hidden_state.float()
            mask = batch["attention_mask"][..., None]
            found.append(((hidden * mask).sum(1) / mask.sum(1)).numpy())
        return np.concatenate(found)

    return embed


def ours(model: str, precision: str, threads: int | None) -> Embed:
    from bertft import console
    from bertft.embedding.encoding import inputs_of
    from bertft.embedding.opening import open_embedder
    from bertft.engine.meter import Meter
    from bertft.plan.embed_plan import EmbedPlan
    from bertft.plan.sections import MachinePlan
    from bertft.rows.fields import Fields
    from bertft.rows.row import Row

    console.be_quiet()
    plan = EmbedPlan(pool="mean", normalize=False, max_length=LIMIT, precision=precision)
    embedder = open_embedder(model, plan, MachinePlan(threads=threads))

    def embed(texts: list[str]) -> Any:
        rows = (Row(place, "", {"text": text}) for place, text in enumerate(texts))
        windows = embedder.windows(inputs_of(rows, Fields("text"), words=False), Meter())
        return np.stack([one.vectors for window in windows for one in window if one.vectors is not None])

    return embed


if __name__ == "__main__":
    main()
