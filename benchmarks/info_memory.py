"""Hold what `bertft info` tells of memory against real runs of `bertft train`: the tensors against the peak of torch's allocator
within the steps, the process against the peak of its resident memory from start to end.

    python benchmarks/info_memory.py --model minilm

Two runs for each line, since the profiler that watches the allocator takes memory itself. Texts have exactly the length that is
named, so that there is no padding; three steps are enough, as all are alike. Models that only have a config: --random.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SHAPES = "8x128,32x64,32x128,16x256"
WORDS = "good bad fine poor great film book song dish staff very not quite slow quick warm cold old new big small"


def write_rows(path: Path, rows: int, tokens: int) -> None:
    """Words of one token each, beside the two special ones."""
    chance = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for number in range(rows):
            writer.writerow([" ".join(chance.choices(WORDS.split(), k=tokens - 2)), ("one", "other")[number % 2]])


def run_bertft(words: list[str]) -> None:
    from bertft.commands import main as command

    sys.argv = ["bertft", *words]
    try:
        command.main()
    except SystemExit as leaving:
        if leaving.code:
            raise


def watch_process(words: list[str]) -> None:
    """The last line says the peak of the resident memory, in bytes."""
    run_bertft(words)
    print(f"\n{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}")


def watch_tensors(words: list[str]) -> None:
    """The last line says the peak of all that torch's allocator held within a step, in bytes."""
    from bertft.system.memory import keep_memory

    keep_memory()  # comes before torch
    from torch.profiler import ProfilerActivity, profile

    from bertft.engine.step import Stepper

    take, steps = Stepper.take, []

    def watched(*given: Any, **more: Any) -> Any:
        begin = time.time_ns()
        found = take(*given, **more)
        steps.append((begin, time.time_ns()))
        return found

    Stepper.take = watched  # type: ignore[method-assign]
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        run_bertft(words)
    print(f"\n{peak_within(steps, seen)}")


def peak_within(steps: list[tuple[int, int]], seen: Any) -> int:
    """Bytes, where blocks that were taken before and are held count too."""
    events = seen.profiler.kineto_results.events()
    held, peak = 0, 0
    for when, size in sorted((event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]"):
        held += size
        if any(begin <= when <= end for begin, end in steps):
            peak = max(peak, held)
    return peak


WATCHES = {"--process": watch_process, "--tensors": watch_tensors}


def measured(watch: str, words: list[str]) -> int:
    done = subprocess.run([sys.executable, __file__, watch, *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{done.stderr}")
    return int(done.stdout.split()[-1])


def told(model: str, texts: int, tokens: int, precision: str, *more: str) -> dict[str, Any]:
    words = ["info", model, "--head", "sequence", "--batch-size", str(texts), "--length", str(tokens)]
    words += ["--precision", precision, *more, "--json"]
    done = subprocess.run([sys.executable, "-m", "bertft", *words], capture_output=True, text=True, check=True)
    memory: dict[str, Any] = json.loads(done.stdout)["memory"]
    return memory


def training(model: str, data: Path, folder: Path, texts: int, precision: str, fast: bool) -> list[str]:
    words = ["train", str(data), "--validation", str(data), "--model", model, "-o", str(folder), "--overwrite"]
    words += ["--batch-size", str(texts), "--max-steps", "3", "--max-length", "512", "--precision", precision]
    words += ["--threads", "1", "--pool", "cls", "--head-start", "random", "--max-train-rows", str(4 * texts)]
    return [*words, "--lr", "5e-5", *([] if fast else ["--no-fast"])]


def of_random_weights(config: str, folder: Path) -> str:
    """A model of minilm's tokens with the sizes of a config, which says vocab_size too."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    from bertft.model.backbone import find_backbone

    torch.manual_seed(1)
    AutoModel.from_config(AutoConfig.from_pretrained(config)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(find_backbone("minilm").path).save_pretrained(folder)
    return str(folder)


def main() -> None:
    if sys.argv[1:2] and sys.argv[1] in WATCHES:
        WATCHES[sys.argv[1]](sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--random", metavar="CONFIG", help="a config.json: weights are drawn, tokens are minilm's")
    parser.add_argument("--shapes", default=SHAPES, help="texts in a batch x tokens in a text")
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--plain", action="store_true", help="transformers' own layers too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        model = of_random_weights(args.random, home / "random") if args.random else args.model
        print("precision  layers  batch  tokens   tensors: told  measured  ratio   process: told  measured  ratio (MB)")
        for texts, tokens in (tuple(map(int, one.split("x"))) for one in args.shapes.split(",")):
            data = home / f"{texts}x{tokens}.csv"
            write_rows(data, 4 * texts, tokens)
            for precision in args.precisions.split(","):
                for fast in (True, False) if args.plain else (True,):
                    compare(model, home, data, texts, tokens, precision, fast)


def compare(model: str, home: Path, data: Path, texts: int, tokens: int, precision: str, fast: bool) -> None:
    memory = told(
        model, texts, tokens, precision, *(["--used-tokens", str(len(WORDS.split()) + 3)] if fast else ["--no-fast"])
    )
    words = training(model, data, home / "run", texts, precision, fast)
    sizes = []
    for watch, name in (("--tensors", "total"), ("--process", "process")):
        real, foretold = measured(watch, words), memory[name]
        sizes.append(f"{foretold / 1e6:13,.0f}  {real / 1e6:8,.0f}  {foretold / real:5.2f}")
    layers = "fast" if fast else "plain"
    print(f"{precision:9}  {layers:6}  {texts:5}  {tokens:6}  {'   '.join(sizes)}", flush=True)


if __name__ == "__main__":
    main()
