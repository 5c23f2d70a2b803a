"""`--max-train-rows` takes a seeded sample in the file's order: every class is in it, in its share, whatever the file's order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Said, read_csv, texts, write_csv, write_jsonl
from tagged import asked_rows, tagged_rows

from bertft.jobs.training import train as training
from bertft.jobs.training.sample import covering, shares, stratified
from bertft.reading import Table, read_table

Run = Callable[..., Said]
Train = Callable[..., Table]


@pytest.fixture
def rows_of(run: Run, tiny: str, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Words of `bertft train` -> the table that would be trained on."""
    seen: list[Any] = []
    plan = training.make_plan
    monkeypatch.setattr(training, "make_plan", lambda request: (seen.append(plan(request)), seen[-1])[1])

    def train(*words: object) -> Table:
        run("train", *words, "--model", tiny, "--dry-run")
        table: Table = seen[-1].tables.train
        return table

    return train


def sorted_by_class(path: Path, sizes: dict[str, int]) -> Path:
    labels = [name for name, size in sizes.items() for _ in range(size)]
    return write_csv(path, ["text", "label"], list(zip(texts(len(labels)), labels, strict=True)))


def counted(table: Table) -> dict[object, int]:
    return dict(Counter(table.column("label")))


def test_a_file_sorted_by_class_gives_all_classes_in_their_shares(rows_of: Train, tmp_path: Path) -> None:
    path = sorted_by_class(tmp_path / "train.csv", {"a": 300, "b": 200, "c": 97, "d": 3})
    assert counted(rows_of(path, "--max-train-rows", 60)) == {"a": 30, "b": 20, "c": 9, "d": 1}
    assert counted(rows_of(path, "--max-train-rows", 4)) == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert len(rows_of(path, "--max-train-rows", 3)) == 3
    assert len(rows_of(path, "--max-train-rows", 600)) == len(rows_of(path, "--max-train-rows", 9999)) == 600


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(rows_of: Train, reviews: Path) -> None:
    words = (reviews, "--max-train-rows", 30)
    first, again, other = rows_of(*words), rows_of(*words), rows_of(*words, "--seed", 7)
    assert [row.origin for row in first] == [row.origin for row in again]
    assert [row.origin for row in first] != [row.origin for row in other]


def test_rows_keep_their_order_and_their_place_in_the_file(rows_of: Train, reviews: Path, tmp_path: Path) -> None:
    lines = [row["id"] for row in read_csv(reviews)]
    pq.write_table(pa.Table.from_pylist(read_csv(reviews)), tmp_path / "train.parquet")
    for path, mark, ahead in ((reviews, ":", 2), (tmp_path / "train.parquet", "#", 1)):
        table = rows_of(path, "--max-train-rows", 30)
        places = [lines.index(str(row.fields["id"])) for row in table]
        assert places == sorted(places) != list(range(30))
        assert [row.origin for row in table] == [f"{path}{mark}{place + ahead}" for place in places]
        assert [table[position] for position in range(30)] == list(table)


@pytest.mark.parametrize("kind", ["regression", "tagging", "questions"])
def test_what_has_no_classes_is_drawn_by_lot(rows_of: Train, tmp_path: Path, kind: str) -> None:
    if kind == "regression":
        chance = random.Random(1)
        path = write_csv(tmp_path / "x.csv", ["text", "score"], [(text, chance.random()) for text in texts(90)])
    else:
        path = write_jsonl(tmp_path / "x.jsonl", (tagged_rows if kind == "tagging" else asked_rows)(90))
    places = [int(row.origin.split(":")[-1]) for row in rows_of(path, "--max-train-rows", 30)]
    assert len(places) == 30
    assert places == sorted(set(places))
    assert max(places) > 45
    assert places != [int(row.origin.split(":")[-1]) for row in rows_of(path, "--max-train-rows", 30, "--seed", 7)]


def test_each_of_several_labels_stays(rows_of: Train, tmp_path: Path) -> None:
    common = [{"text": text, "labels": ["often", "x"[: number % 2]]} for number, text in enumerate(texts(200))]
    path = write_jsonl(tmp_path / "x.jsonl", [*common, {"text": "good", "labels": ["once"]}])
    table = rows_of(path, "--multi-label", "--max-train-rows", 5)
    assert "once" in [label for row in table for label in row.fields["labels"]]  # type: ignore[attr-defined]
    assert len(table) == 5


def test_the_task_is_that_of_the_whole_file(run: Run, tiny: str, tmp_path: Path) -> None:
    """40 different whole numbers in 400 rows are classes; in 40 rows they would be as good as any number."""
    path = sorted_by_class(tmp_path / "train.csv", {str(number): 10 for number in range(40)})
    said = run("train", path, "--single-label", "--model", tiny, "--max-train-rows", 40, "--dry-run")
    assert "400 rows" in said.err
    assert "Sample: 40 of 400 training rows, a stratified sample, seeded (--max-train-rows, --seed)." in said.err
    assert "limit = 40" in said.out


def test_a_plan_and_a_resumed_run_repeat_the_sample(run: Run, tiny: str, reviews: Path, rows_of: Train) -> None:
    words = (reviews, "--max-train-rows", 40, "--seed", 5)
    run("train", *words, "--model", tiny, "-o", "run", "--max-steps", 2, "--precision", "fp32")
    wanted = [row.origin for row in rows_of(*words)]
    assert [row.origin for row in rows_of("--config", "run/plan.toml")] == wanted
    assert [row.origin for row in rows_of("--resume", "-o", "run")] == wanted


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_exact_and_as_near_to_proportion_as_whole_rows_can_be(seed: int) -> None:
    chance = random.Random(seed)
    sizes = [chance.choice((1, 2, 30, 1000)) for _ in range(chance.randint(2, 30))]
    for count in (1, len(sizes) - 1, len(sizes), (len(sizes) + sum(sizes)) // 2, sum(sizes) - 1, sum(sizes)):
        found = shares(sizes, count)
        assert sum(found) == count
        assert all(share <= size for share, size in zip(found, sizes, strict=True))
        if count >= len(sizes):
            assert min(found) >= 1
            above = [(share, size) for share, size in zip(found, sizes, strict=True) if share > 1]
            rate = sum(share for share, _ in above) / max(sum(size for _, size in above), 1)
            assert all(abs(share - rate * size) < 2 for share, size in above)


def test_rows_without_a_label_come_last() -> None:
    classes = [None, "a", None, "b", "a", None]
    assert stratified(classes, 3, np.random.default_rng(1)) == [1, 3, 4]
    assert len(stratified(classes, 5, np.random.default_rng(1))) == 5


def test_labels_are_covered_the_rarest_first_as_far_as_the_rows_go() -> None:
    sets = [{"a"}] * 50 + [{"a", "b"}] + [{"c"}] * 2
    found = covering(sets, 2, np.random.default_rng(1))
    assert set().union(*(sets[position] for position in found)) == {"a", "b", "c"}
    assert [sets[position] for position in covering(sets, 1, np.random.default_rng(1))] == [{"a", "b"}]


def test_a_sample_of_a_sample_is_called_by_the_places_in_the_file(reviews: Path) -> None:
    table = read_table(str(reviews)).only([5, 7, 90]).only([2, 0])
    assert [row.origin for row in table] == [f"{reviews}:92", f"{reviews}:7"]
    assert list(table.column("id")) == ["r90", "r5"]


def test_labels_that_a_sample_has_no_row_of_are_said(run: Run, tiny: str, tmp_path: Path) -> None:
    """Or one would think that the model knows them."""
    path = sorted_by_class(tmp_path / "train.csv", {"a": 30, "b": 20, "c": 9})
    words = ("train", path, "--model", tiny, "--dry-run", "--quiet", "--max-train-rows")
    assert "Sample: 1 of 3 labels has no row in it and will be unknown to the model: " in run(*words, 2).err
    assert run(*words, 3).err == ""
    said = run(*words, 1, ok=2)
    assert "--max-train-rows 1 is too few for 3 labels: pass at least 6." in said.err
    run(*words[:-3], "--max-train-rows", 6, "--max-steps", 1, "--head-start", "random", "--no-refit", "-o", "run")
