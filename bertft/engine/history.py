"""history.jsonl of a run: a line for each logged loss and each evaluation, by step. A torn last line, which only a crash can
leave, is dropped when the run goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bertft.engine.order import Step
from bertft.engine.resume import while_writing
from bertft.runs import HISTORY
from bertft.scoring import Scores
from bertft.system.files import write_text


class History:
    """An observer that appends to the file, in the one process that writes."""

    def __init__(self, folder: Path, *, writes: bool) -> None:
        self.path, self.writes = folder / HISTORY, writes

    def begin(self) -> None:
        """An empty file."""
        if self.writes:
            write_text(self.path, "")

    def logged(self, step: Step, values: Mapping[str, float]) -> None:
        self._add(step, values)

    def evaluated(self, step: Step, scores: Scores, verdict: str) -> None:
        self._add(step, {"validation": scores.values})

    def _add(self, step: Step, values: Mapping[str, Any]) -> None:
        """A line of what was found after that step."""
        if self.writes:
            with while_writing(self.path.parent), self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": step.number, "epoch": round(step.epoch, 4), **values}) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """All that was found so far; nothing in a process that does not write."""
        return [json.loads(line) for line in self._whole_lines()] if self.writes else []

    def forget_after(self, step: int, *, with_evaluation: bool) -> None:
        """Keep what was found up to that step; its evaluation only if it is not to be made again."""
        if self.writes:
            kept = (line for line in self._whole_lines() if _is_kept(json.loads(line), step, with_evaluation))
            write_text(self.path, "".join(f"{line}\n" for line in kept))

    def _whole_lines(self) -> list[str]:
        text = self.path.read_text(encoding="utf-8", errors="replace") if self.path.is_file() else ""
        return [line for line in text.split("\n")[:-1] if _is_json(line)]


def _is_kept(line: dict[str, Any], step: int, with_evaluation: bool) -> bool:
    found = int(line.get("step", 0))
    return found < step or (found == step and (with_evaluation or "validation" not in line))


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
