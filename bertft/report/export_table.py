"""The forms of a network for people: score, size, speed, agreement."""

from __future__ import annotations

from collections.abc import Sequence

from bertft import console
from bertft.graph import FormScore


def show_forms(forms: Sequence[FormScore], *, metric: str, title: str) -> None:
    """One line each, torch in fp32 first."""
    console.table(
        title,
        ["form", metric, "MB", "rows/s", "same answers"],
        [
            [
                one.form,
                "undefined" if one.score is None else f"{one.score:.4f}",
                f"{one.bytes / 1e6:.1f}",
                f"{one.examples_per_second:,.0f}",
                f"{100 * one.agreement:.2f} %",
            ]
            for one in forms
        ],
    )
