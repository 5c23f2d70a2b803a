"""Hold the memory that `bertft info` foretells against that of real trainings: the peak of the resident memory within the steps
of `bertft train`, less that of the same training of a network of few numbers, which is what Python and its libraries take.

    python benchmarks/info_memory.py --model minilm

Texts have exactly the length that is named, so that there is no padding; three steps are enough, as all are alike.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SHAPES = ((8, 128), (32, 64), (32, 128), (16, 256))
"""Texts in a batch, tokens in a text."""
WORDS = [
    "good",
    "bad",
    "fine",
    "poor",
    "great",
    "film",
    "book",
    "song",
    "dish",
    "staff",
    "very",
    "not",
    "quite",
    "slow",
    "quick",
    "warm",
    "cold",
    "old",
    "new",
    "big",
    "small",
]


def write_rows(path: Path, rows: int, tokens: int) -> None:
    """Words of one token each, beside the two special ones."""
    chance = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(rows):
            writer.writerow([" ".join(chance.choices(WORDS, k=tokens - 2)), ("one", "other")[number % 2]])


def small_model(folder: Path, model: str) -> None:
    """One of the same vocabulary, two layers of 8."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    from bertft.model.backbone import find_backbone

    tokenizer = AutoTokenizer.from_pretrained(find_backbone(model).path)
    torch.manual_seed(1)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    BertModel(BertConfig(vocab_size=len(tokenizer), **sizes)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def train_watched(words: list[str]) -> None:
    """`bertft train` in this process; at the end the last line says the peak of the resident memory within a step, in bytes."""
    from bertft.commands import main as command
    from bertft.engine.step import Stepper

    take, peaks = Stepper.take, []

    def watched(*given: Any, **more: Any) -> Any:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        found = take(*given, **more)
        status = Path("/proc/self/status").read_text(encoding="ascii")
        peaks.append(int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024)
        return found

    Stepper.take = watched  # type: ignore[method-assign]
    sys.argv = ["bertft", *words]
    try:
        command.main()
    except SystemExit as leaving:
        if leaving.code:
            raise
    print(f"\n{max(peaks[1:])}")


def peak(words: list[str]) -> int:
    """Bytes of the resident memory of a command, at its peak within a step."""
    done = subprocess.run([sys.executable, __file__, "--watch", *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{done.stderr}")
    return int(done.stdout.split()[-1])


def foretold(model: str, texts: int, tokens: int, precision: str, *more: str) -> dict[str, Any]:
    words = ["info", model, "--head", "sequence", "--batch-size", str(texts), "--length", str(tokens)]
    words += ["--precision", precision, *more, "--json"]
    done = subprocess.run([sys.executable, "-m", "bertft", *words], capture_output=True, text=True, check=True)
    memory: dict[str, Any] = json.loads(done.stdout)["memory"]
    return memory


def trained(model: str, data: Path, folder: Path, texts: int, precision: str, fast: bool) -> int:
    words = ["train", str(data), "--validation", str(data), "--model", model, "-o", str(folder), "--overwrite"]
    words += [
        "--batch-size",
        str(texts),
        "--max-steps",
        "3",
        "--max-length",
        "512",
        "--precision",
        precision,
        "--threads",
        "1",
    ]
    words += ["--pool", "cls", "--head-start", "random", "--max-train-rows", str(4 * texts), "--lr", "5e-5"]
    return peak([*words, *([] if fast else ["--no-fast"])])


def main() -> None:
    if sys.argv[1:2] == ["--watch"]:
        train_watched(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--shapes", help="as 32x128,16x256: texts in a batch, tokens in a text")
    parser.add_argument("--plain", action="store_true", help="transformers' own layers too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        small_model(home / "small", args.model)
        print("precision  layers  batch  tokens  foretold MB  measured MB  ratio")
        shapes = [tuple(map(int, one.split("x"))) for one in args.shapes.split(",")] if args.shapes else SHAPES
        for texts, tokens in shapes:
            data = home / f"{tokens}.csv"
            write_rows(data, 4 * texts, tokens)
            for precision in ("fp32", "bf16"):
                for fast in (True, False) if args.plain else (True,):
                    compare(args.model, home, data, texts, tokens, precision, fast)


def compare(model: str, home: Path, data: Path, texts: int, tokens: int, precision: str, fast: bool) -> None:
    used = ["--used-tokens", str(len(WORDS) + 3)] if fast else ["--no-fast"]
    of_model = foretold(model, texts, tokens, precision, *used)["total"]
    of_small = foretold(str(home / "small"), texts, tokens, precision, *used)["total"]
    measured, base = (trained(one, data, home / "run", texts, precision, fast) for one in (model, str(home / "small")))
    real, told = measured - base, of_model - of_small
    print(
        f"{precision:9}  {'fast' if fast else 'plain':6}  {texts:5}  {tokens:6}  {told / 1e6:11,.0f}  {real / 1e6:11,.0f}  "
        f"{told / real:5.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
