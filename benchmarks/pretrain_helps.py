"""Does pre-training on the texts of a task help the task? One command, one table.

    python benchmarks/pretrain_helps.py --data DIR --only sst2 --max-steps 3000 --seeds 1 2 3 4 5
    python benchmarks/pretrain_helps.py --data DIR --only imdb --max-length 256 --sizes 300 1000

The model is pre-trained once on all training texts of a data set, without labels, with whole words masked; masked accuracy is
that of texts held back from it, before and after. Then `bertft train` learns from 300 and from 1,000 labelled rows, once from the
model as it was and once from the pre-trained one: the same rows, the same seed and no other flag, so each pair of runs differs in
the backbone alone. Scores are those of the data set's test rows, which pre-training never saw.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from first_run_data import CLASSES, DATA_SETS, Loaded, in_folder, load, sample, write
from speed_sides import bertft, run_command


def main() -> None:
    words = read_words()
    loaded = load(in_folder(next(one for one in DATA_SETS if one.name == words.only), words.data))
    folder = Path(words.keep or tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    print(pretrained(loaded, folder, words), flush=True)
    print(f"\n| rows | {words.model} | pre-trained | difference | better in |\n|---|---|---|---|---|", flush=True)
    for rows in words.sizes:
        print(line(rows, [pair(loaded, rows, seed, folder, words) for seed in words.seeds]), flush=True)


def read_words() -> argparse.Namespace:
    known = [data.name for data in DATA_SETS if data.kind == CLASSES]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--only", default="sst2", choices=known)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--mask", default="whole-word")
    parser.add_argument("--max-steps", type=int, default=3000, help="of pre-training")
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--lr", help="of pre-training; default: bertft's own")
    parser.add_argument("--texts", type=int, help="to pre-train on, at most; default: all")
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 1000], help="labelled rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", help="folder for the runs; what is there is not done again")
    return parser.parse_args()


def pretrained(loaded: Loaded, folder: Path, words: argparse.Namespace) -> str:
    """Pre-train into `folder`/pretrained; masked accuracy and perplexity before and after, in words."""
    run = folder / "pretrained"
    if not (run / "run.json").is_file():
        corpus = folder / "corpus.jsonl"
        texts = [text for row in loaded.train for text in row.texts][: words.texts]
        corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
        flags = ["--mask", words.mask, "--max-steps", words.max_steps, "--max-length", words.max_length]
        flags += [*(["--lr", words.lr] if words.lr else []), "--threads", words.threads]
        run_command(
            bertft("pretrain", corpus, "--model", words.model, *flags, "-o", run, "--overwrite", "--json", "--quiet")
        )
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    before, after = record["reference"]["start"]["values"], record["scores"]["validation"]["values"]
    moved = [f"{name} {before[name]:,.4g} -> {after[name]:,.4g}" for name in ("accuracy", "perplexity")]
    seconds = record["timings"]["train"]["seconds"]
    return f"pre-training ({words.mask}, {record['steps']:,} steps, {seconds:,.0f} s): masked {', '.join(moved)}"


def pair(loaded: Loaded, rows: int, seed: int, folder: Path, words: argparse.Namespace) -> tuple[float, float]:
    """Scores of the model as it was and of the pre-trained one, on the same rows."""
    train = sample(loaded.train, rows, seed)
    found = [score(loaded, train, seed, model, folder, words) for model in (words.model, str(folder / "pretrained"))]
    print(f"{rows} rows, seed {seed}: {found[0]:.4f} -> {found[1]:.4f}", file=sys.stderr, flush=True)
    return found[0], found[1]


def score(loaded: Loaded, train: list[Any], seed: int, model: str, folder: Path, words: argparse.Namespace) -> float:
    with tempfile.TemporaryDirectory(dir=folder) as here:
        files = [write(some, CLASSES, Path(here, name)) for some, name in ((train, "train"), (loaded.test, "test"))]
        flags = ["--model", model, "--seed", seed, "--threads", words.threads, "-o", Path(here, "run"), "--json", "-q"]
        said = run_command(bertft("train", files[0], "--test", files[1], *flags)).said
    return float(json.loads(said)["scores"]["test"]["values"][loaded.metric])


def line(rows: int, pairs: list[tuple[float, float]]) -> str:
    """Of the table, in hundredths."""
    plain, tuned = ([100 * found[side] for found in pairs] for side in (0, 1))
    moved = [after - as_it_was for as_it_was, after in zip(plain, tuned, strict=True)]
    better = sum(change > 0 for change in moved)
    return f"| {rows:,} | {spread(plain)} | {spread(tuned)} | {spread(moved, sign='+')} | {better} of {len(moved)} |"


def spread(values: list[float], *, sign: str = "") -> str:
    return f"{mean(values):{sign}.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main()
