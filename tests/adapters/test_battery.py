"""The same questions to every adapter: each kind of task, of one text and of a pair, answers them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import build_tokenizer, texts
from scipy.special import expit, softmax

from bertft.adapters import Adapter, Answer, Options, Prediction, adapter_for, learn_labels
from bertft.card import plain_card
from bertft.engine.prepare import adapter_of_record
from bertft.fields import Fields
from bertft.model.folder import TaskRecord, read_task, write_task
from bertft.row import Row


@dataclass(frozen=True)
class Case:
    """A kind of task: how its label cells look, and what its answers are made of."""

    problem: str
    label: tuple[str, ...]
    cells: tuple[tuple[object, ...], ...]
    """Label cells, row by row, over and over."""
    gold: tuple[object, ...]
    """What `target` makes of them."""
    activation: Callable[[Any], Any]
    added: tuple[str, ...]
    separator: str | None = None


SEVERAL = ("predicted_labels", "probabilities", "reason")
SETS = ([1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0])
CASES = {
    "single-label": Case(
        *("single-label", ("label",), (("neg",), ("pos",), (" pos ",)), (0, 1, 1)),
        *(softmax, ("predicted_label", "probability", "reason")),
    ),
    "lists": Case("multi-label", ("tags",), ((["a", "c"],), (["b"],), ([],)), SETS, expit, SEVERAL),
    "separated": Case("multi-label", ("tags",), (("c; a",), ("b",), (";",)), SETS, expit, SEVERAL, separator=";"),
    "columns": Case("multi-label", ("a", "b", "c"), ((1, "0", True), ("", 1.0, None), (0, 0, 0)), SETS, expit, SEVERAL),
    "regression": Case(
        "regression",
        ("score",),
        (("1.5",), (-2,), (0.25,)),
        (1.5, -2.0, 0.25),
        np.asarray,
        ("predicted_score", "reason"),
    ),
}


@pytest.fixture(params=[(name, pair) for name in CASES for pair in (False, True)], ids=lambda p: f"{p[0]}-{1 + p[1]}")
def asked(request: pytest.FixtureRequest) -> tuple[Case, Adapter, list[Row]]:
    name, pair = request.param
    rows = make_rows(CASES[name], 9, pair=pair)
    return CASES[name], make_adapter(CASES[name], rows, pair=pair), rows


def make_rows(case: Case, count: int, *, pair: bool) -> list[Row]:
    """Rows 100, 101 ... of rising length, with a column that is nobody's business."""
    rows = []
    for i, (first, second) in enumerate(zip(texts(count, longest=9), texts(count, seed=1, longest=9), strict=True)):
        cells: dict[str, object] = dict(zip(case.label, case.cells[i % len(case.cells)], strict=True))
        second_text = {"other": second} if pair else {}
        rows.append(Row(100 + i, f"x.csv:{i + 2}", {"id": f"r{i}", "text": first, **second_text, **cells}))
    return rows


def make_adapter(case: Case, rows: Sequence[Row], *, pair: bool, **options: Any) -> Adapter:
    fields = Fields("text", "other" if pair else None, case.label, case.separator)
    card = plain_card("text-classification", case.problem)
    labels = learn_labels(card, fields, rows)
    return adapter_for(card, labels, fields, build_tokenizer("bert"), Options(**{"max_length": 64, **options}))


def targets_of(adapter: Adapter, rows: Sequence[Row]) -> list[Any]:
    return [adapter.target(row) for row in rows]


Asked = tuple[Case, Adapter, list[Row]]


def test_targets_are_the_gold_values(asked: Asked) -> None:
    case, adapter, rows = asked
    for i, target in enumerate(targets_of(adapter, rows)):
        assert np.array_equal(target, case.gold[i % len(case.gold)])


def test_encode_gives_one_list_of_windows_per_row_in_order(asked: Asked) -> None:
    _, adapter, rows = asked
    windows = adapter.encode(rows)
    assert [[feature.row for feature in row] for row in windows] == [[row.index] for row in rows]
    backwards = adapter.encode(rows[::-1])
    for row, same in zip(windows, backwards[::-1], strict=True):
        assert np.array_equal(row[0].input_ids, same[0].input_ids)


def test_ids_and_segments_are_the_tokenizers_own(asked: Asked) -> None:
    _, adapter, rows = asked
    for row, windows in zip(rows, adapter.encode(rows), strict=True):
        wanted = adapter.tokenizer(*(row.fields[name] for name in ("text", "other") if name in row.fields))
        assert windows[0].input_ids.tolist() == wanted["input_ids"]
        batch = adapter.collate(windows)
        tokens = len(wanted["input_ids"])
        assert batch.inputs["token_type_ids"][0, :tokens].tolist() == wanted["token_type_ids"]
        assert bool(batch.inputs["token_type_ids"].any()) == ("other" in row.fields)


def test_collate_pads_on_the_right_and_masks_what_it_pads(asked: Asked) -> None:
    _, adapter, rows = asked
    features = [row[0] for row in adapter.encode(rows)]
    batch = adapter.collate(features)
    width = batch.inputs["input_ids"].shape[1]
    assert len({len(feature.input_ids) for feature in features}) > 1
    for line, feature in enumerate(features):
        tokens = len(feature.input_ids)
        padding = [adapter.tokenizer.pad_token_id] * (width - tokens)
        assert batch.inputs["input_ids"][line].tolist() == feature.input_ids.tolist() + padding
        assert batch.inputs["attention_mask"][line].tolist() == [1] * tokens + [0] * len(padding)
    assert batch.examples == len(features)
    assert batch.tokens == sum(len(feature.input_ids) for feature in features)
    assert batch.padded_tokens == len(features) * width


def test_targets_survive_collate(asked: Asked) -> None:
    case, adapter, rows = asked
    windows = adapter.encode(rows, targets=targets_of(adapter, rows))
    found = adapter.collate([row[0] for row in windows]).targets
    for i, target in enumerate(found.tolist()):
        gold = case.gold[i % len(case.gold)]
        assert target == (gold[:-1] if isinstance(gold, list) else gold)
    assert adapter.collate(adapter.encode(rows[:1])[0]).targets is None


def outputs_of(adapter: Adapter, count: int = 1) -> list[np.ndarray[Any, Any]]:
    return list(np.random.default_rng(count).normal(0, 3, (count, len(adapter.labels))).astype(np.float32))


def test_one_window_is_decoded_by_the_tasks_own_function(asked: Asked) -> None:
    case, adapter, _ = asked
    outputs = outputs_of(adapter)
    assert adapter.decode(outputs, []).values == pytest.approx(
        case.activation(outputs[0].astype(np.float64)), rel=1e-12
    )


def test_windows_of_a_row_are_averaged_before_that(asked: Asked) -> None:
    case, adapter, _ = asked
    outputs = outputs_of(adapter, 3)
    mean = (outputs[0].astype(np.float64) + outputs[1] + outputs[2]) / 3
    assert adapter.decode(outputs, []).values == pytest.approx(case.activation(mean), rel=1e-12)


ANSWERS = [Answer(), Answer(top_k=2), Answer(min_probability=0.99), Answer(min_probability=0.0)]


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_a_record_is_the_input_and_then_exactly_the_added_columns(asked: Asked, answer: Answer) -> None:
    case, adapter, rows = asked
    added = adapter.added_columns(answer)
    if answer == Answer():
        assert added == list(case.added)
    for prediction in (adapter.decode(outputs_of(adapter), []), Prediction(None, "no text")):
        record = adapter.record(rows[0], prediction, answer)
        assert list(record) == [*rows[0].fields, *added]
        assert {name: record[name] for name in rows[0].fields} == dict(rows[0].fields)


def test_a_row_that_cannot_be_predicted_has_empty_answers_and_a_reason(asked: Asked) -> None:
    case, adapter, rows = asked
    for column in ("text", "other"):
        if column in rows[0].fields:
            row = replace(rows[0], fields={**rows[0].fields, column: " "})
            reason = adapter.problem(row)
            assert reason == f"no text in column '{column}'"
            record = adapter.record(row, Prediction(None, reason), Answer())
            assert [record[name] for name in case.added] == [None] * (len(case.added) - 1) + [reason]
    assert adapter.problem(rows[0]) == ""


def test_a_row_without_a_label_has_no_target(asked: Asked) -> None:
    case, adapter, rows = asked
    assert adapter.target(replace(rows[0], fields={**rows[0].fields, **dict.fromkeys(case.label, "")})) is None


def test_the_run_folder_gives_the_same_adapter_back(asked: Asked, tmp_path: Path) -> None:
    _, adapter, rows = asked
    outputs = [outputs_of(adapter, 1 + i) for i in range(len(rows))]
    found = [adapter.decode(output, []) for output in outputs]
    adapter = adapter.tuned(found, targets_of(adapter, rows))
    options = asdict(adapter.options)
    write_task(tmp_path, TaskRecord(adapter.card, adapter.labels, adapter.fields, options, adapter.stored(), {}))
    again = adapter_of_record(read_task(tmp_path), adapter.tokenizer)
    assert again == adapter
    assert again.labels.names == adapter.labels.names
    assert [again.record(rows[0], p, Answer()) for p in found] == [adapter.record(rows[0], p, Answer()) for p in found]


def test_perfect_predictions_get_a_perfect_score(asked: Asked) -> None:
    case, adapter, rows = asked
    perfect = {"single-label": lambda gold: np.eye(2)[gold], "multi-label": lambda gold: gold[:-1] * 0.9}
    gold = targets_of(adapter, rows)
    values = [np.asarray(perfect.get(case.problem, lambda gold: [gold])(target), dtype=float) for target in gold]
    assert adapter.score([Prediction(value) for value in values], gold).main_value == pytest.approx(1)
