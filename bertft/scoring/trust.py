"""How far a run can be trusted, in numbers and in sentences: what its probabilities are worth, and how many errors to expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bertft.scoring.expectation import LEVEL, NEW_ROWS, expected_errors
from bertft.wording import counted


@dataclass(frozen=True)
class Calibration:
    """The calibration error of some rows."""

    split: str
    rows: int
    before: float | None
    """Of the network's own probabilities; None where they are no numbers."""
    after: float | None = None
    """Of those that are given; None where they are the network's own."""
    chance: float | None = None
    """Of perfectly calibrated ones, on so few rows; None where nobody asked."""
    how: str = ""
    """What was fitted on the validation rows."""
    why_not: str = ""
    """Why nothing was."""

    def __str__(self) -> str:
        rows = f"on {counted(self.rows, self.split + ' row')}"
        if self.after is None:
            error = "" if self.before is None else f"Calibration error {self.before:.3f} {rows}. "
            return f"{error}Probabilities are not calibrated: {self.why_not}."
        fitted = f"{self.how}, cross-fitted" if self.split == "validation" else self.how
        chance = "" if self.chance is None else f"; chance alone gives {self.chance:.3f}"
        return f"Calibration error {self.before:.3f} → {self.after:.3f} {rows} ({fitted}{chance})."


@dataclass(frozen=True)
class Expectation:
    """Errors among new rows like those that were judged."""

    split: str
    rows: int
    errors: int
    low: int
    high: int
    of: int = NEW_ROWS
    level: float = LEVEL

    @classmethod
    def after(cls, split: str, *, errors: int, rows: int) -> Expectation:
        low, high = expected_errors(errors, rows)
        return cls(split, rows, errors, low, high)

    def told(self, *, chose_epoch: bool) -> str:
        """In a sentence. `chose_epoch`: whether the validation rows selected the model among its epochs."""
        seen = f"{self.errors:,} of {counted(self.rows, self.split + ' row')} were wrong"
        chosen = ", which also selected the best epoch" if chose_epoch and self.split == "validation" else ""
        return (
            f"On {self.of:,} new rows like these, expect {self.low:,} to {self.high:,} errors "
            f"({self.level * 100:.0f} % interval; {seen}{chosen})."
        )


@dataclass(frozen=True)
class Trust:
    """Of a run. A part is None where it means nothing to this kind of task."""

    calibration: Calibration | None = None
    expected_errors: Expectation | None = None

    def told(self, *, chose_epoch: bool) -> list[str]:
        """In sentences. `chose_epoch`: of the run's record."""
        calibration = [] if self.calibration is None else [str(self.calibration)]
        expected = self.expected_errors
        return calibration if expected is None else [*calibration, expected.told(chose_epoch=chose_epoch)]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Trust:
        """What `as_dict` gave; empty for a run of an earlier version."""
        calibration, expected = found.get("calibration"), found.get("expected_errors")
        return cls(Calibration(**calibration) if calibration else None, Expectation(**expected) if expected else None)
