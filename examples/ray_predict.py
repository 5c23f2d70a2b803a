"""Predict a file with all workers of a Ray cluster: each part on one worker, then `gather`.

    python examples/ray_predict.py RUN INPUT -o OUTPUT --parts 16 --cpus 4

Run folder, input and output lie on a file system that all workers see. A worker that is lost loses one part, which Ray gives to
another, and that one resumes it; started again, the whole goes on where it stopped."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import ray

import bertft


def predict_part(part: dict[str, Any]) -> dict[str, Any]:
    """One part of the file; the same row with what came of it."""
    found = bertft.predict(
        part["run"], part["input"], output=part["output"], shard=part["shard"], resume=True, threads=part["cpus"]
    )
    return {**part, "rows": found.rows, "unanswered": found.unanswered}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("run")
    words.add_argument("input")
    words.add_argument("-o", "--output", required=True)
    words.add_argument("--parts", type=int, default=16)
    words.add_argument("--cpus", type=int, default=1, help="of each part")
    given = words.parse_args()
    output = Path(given.output).resolve()
    folder = output.with_name(f"{output.name}.parts")
    ending = "".join(Path(output.name.partition(".")[2]).parts)
    files = [str(folder / f"{number}.{ending}") for number in range(1, given.parts + 1)]
    asked = {"run": str(Path(given.run).resolve()), "input": str(Path(given.input).resolve()), "cpus": given.cpus}
    parts = [
        {**asked, "output": file, "shard": f"{number}/{given.parts}"} for number, file in enumerate(files, start=1)
    ]
    done = ray.data.from_items(parts, override_num_blocks=given.parts).map(predict_part, num_cpus=given.cpus).take_all()
    gathered = bertft.gather(files, output=output)
    print(
        f"{gathered.output}: {gathered.rows:,} rows from {len(done)} parts, {gathered.unanswered:,} of them without an answer."
    )


if __name__ == "__main__":
    main()
