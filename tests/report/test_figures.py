"""A score as tables show it, also where it is undefined or has no interval."""

from __future__ import annotations

from bertft.report.figures import interval_text, value_text
from bertft.scoring import Scores


def test_what_is_missing_is_said() -> None:
    scores = Scores(main="accuracy", values={"accuracy": 0.91667, "f1_macro": 0.5}, examples=9, interval=(0.88333, 1.0))
    assert [value_text(scores, name) for name in ("accuracy", "f1_macro", "mcc")] == ["0.9167", "0.5000", "undefined"]
    assert interval_text(scores, "none") == "0.8833 to 1.0000"
    bare = Scores(main="mcc", values={}, examples=0)
    assert (interval_text(bare), interval_text(bare, "none")) == ("", "none")
