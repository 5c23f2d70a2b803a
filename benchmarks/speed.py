"""How fast is bertft, beside transformers' Trainer and pipeline, and beside what the machine could do? One command, one table.

    python benchmarks/speed.py --json speed.json --plot speed.png
    python benchmarks/speed.py --base --parts train predict

Without a file the texts are made up (speed_text.py), so it needs no network. Each tool runs in a process of its own, in turn,
`--runs` times; figures are medians, ratios medians of each round's ratio. Examples/s of training spans its epochs with
evaluations and savings; `loop alone` has steps only, without the first one of an epoch. Both put the longest texts there in
the first epoch, Trainer in every one, which flatters it a little. Examples/s of prediction spans reading and writing for
bertft, and the call alone for the pipeline. Loading is in neither; it is in `command, s`. On a GPU peak memory is still that
of the processor's side. What a share of the peak is: speed_model.py.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from speed_model import Model
from speed_parts import predict_part, scaling_part, startup_part, train_part
from speed_plot import check_matplotlib, draw
from speed_sides import Job, in_new_process
from speed_text import Texts, Wish

from bertft.plan.recipe import Recipe
from bertft.system.versions import machine, versions

PARTS = ("train", "predict", "scaling", "startup")
Record = dict[str, Any]


def main() -> None:
    words = read_words()
    os.environ["HF_HUB_OFFLINE"] = "1"  # all is on the disk; nothing waits for a network
    record: Record = {"settings": vars(words), "versions": versions(), "machine": machine()}
    try:
        with tempfile.TemporaryDirectory() as folder:
            measure(words, Path(folder), record)
    finally:  # parts that are done are not lost when a later one fails
        if words.json:
            Path(words.json).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", help="CSV file to take texts from, with --text and --label; default: made-up texts")
    parser.add_argument("--text", help="its column")
    parser.add_argument("--text-pair", help="its column")
    parser.add_argument("--label", help="its column")
    parser.add_argument("--mean-length", type=float, default=24, help="tokens of a made-up text, on average")
    parser.add_argument(
        "--rows", "--train-rows", type=int, help="to train on, cut to whole batches: 1024, with --base 128"
    )
    parser.add_argument("--predict-rows", type=int, help="default: twice the rows to train on")
    parser.add_argument("--validation-rows", type=int, help="default: a quarter of the rows to train on")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slow-runs", type=int, default=1, help="of Trainer as in run_glue.py")
    parser.add_argument("--model", default="minilm", help="minilm, or a folder")
    parser.add_argument("--base", action="store_true", help="a model of BERT-base's size with random weights")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--max-length", type=int, default=128, help="tokens; also what run_glue.py pads to")
    parser.add_argument("--most-rows", type=int, default=100_000, help="of the largest file of the part scaling")
    parser.add_argument("--length-tokens", type=int, default=65_536, help="of each length's file of the part scaling")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--json", help="file for every figure and setting")
    parser.add_argument("--plot", help="PNG of the part scaling; needs matplotlib")
    return checked(parser.parse_args())


def checked(words: argparse.Namespace) -> argparse.Namespace:
    """With sizes filled in; what cannot be done is said before anything is measured."""
    if words.train and not (words.text and words.label):
        sys.exit("--train needs --text and --label: the columns of the file.")
    if words.plot and "scaling" not in words.parts:
        sys.exit("--plot draws the part scaling: add it to --parts.")
    if words.plot:
        check_matplotlib()
    words.rows = max((words.rows or (128 if words.base else 1024)) // words.batch_size, 1) * words.batch_size
    words.predict_rows = words.predict_rows or 2 * words.rows
    words.validation_rows = words.validation_rows or max(words.rows // 4, words.batch_size)
    return words


def measure(words: argparse.Namespace, folder: Path, record: Record) -> None:
    """The asked parts, one after the other; each is shown and recorded as soon as it is known."""
    model = open_model(words, folder)
    train, validation, asked = texts(words, model, folder)
    recipe = Recipe(epochs=float(words.epochs), batch_size=words.batch_size, learning_rate=words.lr, seed=words.seed)
    job = Job(model, train, validation, replace(recipe, max_length=words.max_length))
    peak = in_new_process("speed_model", "matrix_peak", model)
    say_setting(words, peak, model, train)
    record |= {"model": asdict(model), "peak": peak}
    if "train" in words.parts:
        record["train"] = train_part(job, folder, peak, runs=words.runs, slow_runs=words.slow_runs)
    if "predict" in words.parts:
        record["predict"] = predict_part(job, asked, folder, peak, runs=words.runs)
    if "scaling" in words.parts:
        record["scaling"] = scaling_part(job, wish(words), folder, words)
    if words.plot:
        title = f"bertft, {model.name}, {peak['device']}, {peak['auto']}"
        draw(words.plot, record["scaling"]["by rows"], record["scaling"]["by length"], title)
    if "startup" in words.parts:
        record["startup"] = startup_part(job, folder, runs=words.runs)


def open_model(words: argparse.Namespace, folder: Path) -> Model:
    base = ("make_base", str(folder / "base"), words.model, words.seed)
    model: Model = in_new_process("speed_model", *(base if words.base else ("open_model", words.model)))
    return model


def texts(words: argparse.Namespace, model: Model, folder: Path) -> list[Texts]:
    """To train on, to validate with, to predict."""
    sizes = (words.rows, words.validation_rows, words.predict_rows)
    paths = [str(folder / f"{name}.csv") for name in ("train", "validation", "asked")]
    if words.train:
        taken: list[Texts] = in_new_process("speed_text", "take_texts", paths, sizes, words, model.path)
        return taken
    wishes = [replace(wish(words), rows=rows, seed=words.seed + number) for number, rows in enumerate(sizes)]
    return [
        in_new_process("speed_text", "make_texts", path, model.path, one)
        for path, one in zip(paths, wishes, strict=True)
    ]


def wish(words: argparse.Namespace) -> Wish:
    return Wish(words.rows, words.mean_length, words.max_length, words.seed)


def say_setting(words: argparse.Namespace, peak: Record, model: Model, train: Texts) -> None:
    """What is measured, and where."""
    mean, rates = sum(train.lengths) / len(train.lengths), peak["gflops"]
    print(
        f"{peak['device']}; matrix products: {rates['bf16']:,.0f} GFLOP/s in bf16, {rates['fp32']:,.0f} in fp32.\n"
        f"{'BERT-base, random weights' if words.base else model.name}: {model.layers} layers of {model.hidden}; "
        f"{len(train.lengths):,} {'rows' if words.train else 'made-up texts'} of {mean:.1f} tokens on average, "
        f"{words.epochs} epochs, batches of {words.batch_size}, seed {words.seed}.",
        flush=True,
    )


if __name__ == "__main__":
    main()
