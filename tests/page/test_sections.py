"""Sections of a page: what they choose of many labels, what they leave out and say so."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bertft.markup import Html, joined
from bertft.page.classes import classes_section, counts_of, most_mistaken
from bertft.page.skeleton import Section, write_page
from bertft.page.training import comparable, learning_section
from bertft.page.trust import trust_sections, wilson
from bertft.scoring import score_single_label
from bertft.scoring.evidence import LabelSets, Numbers, OneLabel


def judged(rows: int, classes: int, *, seed: int = 0) -> OneLabel:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, classes, rows)
    probabilities = rng.dirichlet(np.full(classes, 0.5), rows) + 0.3 * np.eye(classes)[gold]
    return OneLabel(
        tuple(f"label {k}" for k in range(classes)), gold, probabilities / probabilities.sum(1, keepdims=True)
    )


def test_the_counts_of_the_matrix_are_those_of_the_rows() -> None:
    evidence = judged(300, 20)
    confusion = score_single_label(evidence.gold, evidence.probabilities, evidence.labels).confusion
    assert confusion is not None
    chosen = most_mistaken(confusion, 5)
    counts = counts_of(confusion, chosen)
    predicted = evidence.probabilities.argmax(1)
    for line, k in zip(counts, chosen, strict=True):
        own = [int(((evidence.gold == k) & (predicted == other)).sum()) for other in chosen]
        assert line == [*own, int((evidence.gold == k).sum()) - sum(own)]
    wrong = evidence.gold != predicted
    mistakes = [int((wrong & ((evidence.gold == k) | (predicted == k))).sum()) for k in range(20)]
    assert sorted((mistakes[k] for k in chosen), reverse=True) == sorted(mistakes, reverse=True)[:5]


def test_thousands_of_labels_make_a_small_page() -> None:
    evidence = judged(1_000, 3_000)
    scores = score_single_label(evidence.gold, evidence.probabilities, evidence.labels, metrics=["accuracy"])
    page = write_page("many", joined([]), [classes_section(scores), *trust_sections(evidence)])
    assert len(page) < 1_000_000
    assert "2,000 labels with better scores, or without rows, are not on this page." in page
    assert "Of 3,000 labels the 15 with the most mistakes" in page
    assert "The 6 most frequent of 3,000 labels" in page


def test_unknown_gold_is_said_and_never_right() -> None:
    evidence = judged(100, 3)
    unknown = OneLabel(evidence.labels, np.where(np.arange(100) < 10, -1, evidence.gold), evidence.probabilities)
    section = classes_section(score_single_label(unknown.gold, unknown.probabilities, unknown.labels))
    assert "10 rows whose gold label the model does not know are left out" in section.body
    assert not unknown.right[:10].any()
    assert {plot.name for one in trust_sections(unknown) for plot in one.plots} >= {"roc", "coverage", "reliability"}


def test_each_kind_of_answer_has_its_plots() -> None:
    one = judged(60, 2)
    sets = LabelSets(("a", "b"), np.eye(2, dtype=bool)[one.gold], one.probabilities, (0.5, 0.5))
    numbers = Numbers(np.arange(5.0), np.arange(5.0) ** 2)
    names = [[plot.name for part in trust_sections(what) for plot in part.plots] for what in (one, sets, numbers, None)]
    curves = ["precision-recall", "roc", "reliability"]
    assert names == [[*curves, "coverage"], curves, ["predicted"], []]


def test_one_class_and_broken_probabilities_leave_plots_out() -> None:
    same = OneLabel(("a", "b"), np.zeros(5, dtype=np.int64), np.full((5, 2), 0.5))
    assert "coverage" in [plot.name for part in trust_sections(same) for plot in part.plots]
    broken = OneLabel(("a", "b"), np.array([0, 1]), np.full((2, 2), np.nan))
    assert [part.body for part in trust_sections(broken) if part.body] == []
    assert list(trust_sections(OneLabel(("a", "b"), np.zeros(0, dtype=np.int64), np.zeros((0, 2))))) == []


@pytest.mark.parametrize(("right", "rows"), [(0, 7), (3, 10), (50, 50), (812, 1000)])
def test_the_interval_of_a_bin_is_wilsons(right: int, rows: int) -> None:
    wanted = stats.binomtest(right, rows).proportion_ci(0.95, method="wilson")
    assert wilson(right / rows, rows) == pytest.approx((wanted.low, wanted.high), abs=1e-4)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [{"step": "1", "loss": None}, {"step": 2, "validation": ["x"]}, {"loss": 1.0}, {}],
        [{"step": 1, "loss": float("nan")}, {"step": 10**400, "loss": 1.0}, {"step": True, "loss": 1.0}],
    ],
)
def test_a_history_without_numbers_makes_no_section(lines: list[dict[str, object]]) -> None:
    assert not learning_section(lines, ["accuracy"], 1).body


def test_scores_on_one_axis_are_of_one_kind() -> None:
    found = {"spearman": [(1.0, 0.5)], "pearson": [(1.0, -0.2)], "mse": [(1.0, 0.5)], "r2": [(1.0, -4.5)]}
    assert list(comparable(found)) == ["spearman", "pearson"]
    assert list(comparable({"mse": [(1.0, 0.5)], **found})) == ["mse"]
    assert comparable({}) == {}


def test_a_section_without_content_is_left_out() -> None:
    page = write_page("<t>", joined(["lead"]), [Section("Empty", joined([])), Section("<b>Full", Html("x"))])
    assert "Empty" not in page
    assert "<title>&lt;t&gt;</title>" in page
    assert "<h2>&lt;b&gt;Full</h2>" in page


def test_label_sets_too_large_for_a_reliability_diagram_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    one = judged(100, 2)
    sets = LabelSets(("a", "b"), np.eye(2, dtype=bool)[one.gold], one.probabilities, (0.5, 0.5))
    assert any(plot.name == "reliability" for section in trust_sections(sets) for plot in section.plots)
    monkeypatch.setattr("bertft.page.trust.MOST_CELLS", 199)
    (found,) = [section for section in trust_sections(sets) if section.title == "Probabilities"]
    assert "No reliability diagram: 100 rows of 2 labels" in found.body
    assert not found.plots
