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

from bertft.adapters import Adapter, Answer, Feature, Options, Prediction, adapter_for
from bertft.adapters.questions.best_answers import Candidate, Found
from bertft.adapters.tagging.best_tags import Tagging
from bertft.engine.prepare import adapter_of_record
from bertft.gold import Example, Read, Refusal, learn_task
from bertft.model.folder import TaskRecord, read_task, write_task
from bertft.plan.card import plain_card
from bertft.rows.answers import Answers
from bertft.rows.fields import Fields
from bertft.rows.row import Row


@dataclass(frozen=True)
class Case:
    """A kind of task: how its label cells look, and what its answers are made of."""

    problem: str
    """Or the kind, where there is no problem."""
    label: tuple[str, ...]
    cells: tuple[tuple[object, ...], ...]
    """Label cells, row by row, over and over."""
    gold: tuple[object, ...]
    """What `target` makes of them."""
    added: tuple[str, ...]
    activation: Callable[[Any], Any] | None = None
    """Of a text classification: from logits to values."""
    separator: str | None = None
    pairs: tuple[bool, ...] = (False, True)
    missing: tuple[str, str] = ("text", "text")
    """What a row without `text`, or without `other`, lacks."""

    @property
    def kind(self) -> str:
        return "text-classification" if self.activation else self.problem


SEVERAL = ("predicted_labels", "probabilities", "reason")
SETS = ([1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0])
TAGS = (["B-X", "I-X", "O"], ["O", "B-Y", "B-Y"], ["O", "O", "O"])
IOB1 = (["I-X", "I-X", "O"], ["O", "I-Y", "B-Y"], ["O", "O", "O"])
PLACES = (
    {"text": ["good"], "answer_start": [0]},
    {"text": [], "answer_start": []},
    [{"text": "d f", "answer_start": 3}],
)
ANSWER = ("predicted_answer", "answer_start", "answer_end", "probability", "no_answer_probability", "reason")
CASES = {
    "single-label": Case(
        *("single-label", ("label",), (("neg",), ("pos",), (" pos ",)), (0, 1, 1)),
        *(("predicted_label", "probability", "reason"), softmax),
    ),
    "lists": Case("multi-label", ("tags",), ((["a", "c"],), (["b"],), ([],)), SETS, SEVERAL, expit),
    "separated": Case("multi-label", ("tags",), (("c; a",), ("b",), (";",)), SETS, SEVERAL, expit, separator=";"),
    "columns": Case("multi-label", ("a", "b", "c"), ((1, "0", True), ("", 1.0, None), (0, 0, 0)), SETS, SEVERAL, expit),
    "regression": Case(
        *("regression", ("score",), (("1.5",), (-2,), (0.25,)), (1.5, -2.0, 0.25)),
        *(("predicted_score", "reason"), np.asarray),
    ),
    "tags": Case(
        *("token-classification", ("tags",), tuple((tags,) for tags in IOB1), tuple(map(tuple, TAGS))),
        *(("predicted_tags", "entities", "reason"),),
        **{"pairs": (False,), "missing": ("words", "")},
    ),
    "answers": Case(
        *("question-answering", ("answers",), tuple((places,) for places in PLACES)),
        *((Answers(("good",), (0,)), Answers((), ()), Answers(("d f",), (3,))), ANSWER),
        **{"pairs": (True,), "missing": ("question", "context")},
    ),
}
ASKED = [(name, pair) for name, case in CASES.items() for pair in case.pairs]
CONTEXT = "good film service"


@pytest.fixture(params=ASKED, ids=lambda p: f"{p[0]}-{1 + p[1]}")
def asked(request: pytest.FixtureRequest) -> tuple[Case, Adapter, list[Row]]:
    name, pair = request.param
    rows = make_rows(CASES[name], 9, pair=pair)
    return CASES[name], make_adapter(CASES[name], rows, pair=pair), rows


def make_rows(case: Case, count: int, *, pair: bool) -> list[Row]:
    """Rows 100, 101 ... of rising length, with a column that is nobody's business."""
    rows = []
    for i, (first, second) in enumerate(zip(texts(count, longest=9), texts(count, seed=1, longest=9), strict=True)):
        cells: dict[str, object] = dict(zip(case.label, case.cells[i % len(case.cells)], strict=True))
        second_text = {"other": f"{CONTEXT} {second}" if case.kind == "question-answering" else second} if pair else {}
        text: object = first
        if case.kind == "token-classification":  # three words of more and more letters, each a piece of its own
            text = [word + "x" * i for word in first.split()[:3]]
        rows.append(Row(100 + i, f"x.csv:{i + 2}", {"id": f"r{i}", "text": text, **second_text, **cells}))
    return rows


def make_adapter(case: Case, rows: Sequence[Row], *, pair: bool, **options: Any) -> Adapter:
    fields = Fields("text", "other" if pair else None, case.label, case.separator)
    card = plain_card(case.kind, case.problem if case.activation else None)
    made = Options(**{"max_length": 64, **options})
    reader = learn_task(card, fields, made, rows)
    return adapter_for(card, reader.labels, fields, build_tokenizer("bert"), made, **reader.learned)


def labelled(adapter: Adapter, rows: Sequence[Row]) -> list[Example]:
    return [read for read in adapter.reader.for_file(rows).labelled(rows) if isinstance(read, Example)]


def unlabelled(adapter: Adapter, rows: Sequence[Row]) -> list[Example]:
    return [read for read in adapter.reader.predictable(rows) if isinstance(read, Example)]


def targets_of(adapter: Adapter, rows: Sequence[Row]) -> list[Any]:
    return [example.gold for example in labelled(adapter, rows)]


def outputs_of(adapter: Adapter, windows: Sequence[Feature], seed: int = 0) -> list[Any]:
    """What the adapter keeps of a network that says anything."""
    rng, batch = np.random.default_rng(seed), adapter.collate(windows)
    tokens = tuple(batch.inputs["input_ids"].shape)
    shapes = {
        "text-classification": {"logits": (len(windows), len(adapter.labels))},
        "token-classification": {"logits": (*tokens, len(adapter.labels))},
        "question-answering": {"start_logits": tokens, "end_logits": tokens},
    }[adapter.card.kind]
    said = {name: rng.normal(0, 3, shape).astype(np.float32) for name, shape in shapes.items()}
    return adapter.outputs_of(said, windows)


def decoded(adapter: Adapter, rows: Sequence[Row]) -> list[Prediction]:
    return adapter.decode_rows(
        [(outputs_of(adapter, windows), windows) for windows in adapter.encode(unlabelled(adapter, rows))]
    )


Asked = tuple[Case, Adapter, list[Row]]


def test_targets_are_the_gold_values(asked: Asked) -> None:
    case, adapter, rows = asked
    for i, target in enumerate(targets_of(adapter, rows)):
        gold = case.gold[i % len(case.gold)]
        assert target == gold if isinstance(gold, (tuple, Answers)) else np.array_equal(target, gold)


def test_encode_gives_one_list_of_windows_per_row_in_order(asked: Asked) -> None:
    _, adapter, rows = asked
    windows = adapter.encode(unlabelled(adapter, rows))
    assert [[feature.row for feature in row] for row in windows] == [[row.index] for row in rows]
    backwards = adapter.encode(unlabelled(adapter, rows[::-1]))
    for row, same in zip(windows, backwards[::-1], strict=True):
        assert np.array_equal(row[0].input_ids, same[0].input_ids)


def test_ids_and_segments_are_the_tokenizers_own(asked: Asked) -> None:
    case, adapter, rows = asked
    for row, windows in zip(rows, adapter.encode(unlabelled(adapter, rows)), strict=True):
        cells = (row.fields[name] for name in ("text", "other") if name in row.fields)
        wanted = adapter.tokenizer(*cells, is_split_into_words=case.kind == "token-classification")
        assert windows[0].input_ids.tolist() == wanted["input_ids"]
        batch = adapter.collate(windows)
        tokens = len(wanted["input_ids"])
        assert batch.inputs["token_type_ids"][0, :tokens].tolist() == wanted["token_type_ids"]
        assert bool(batch.inputs["token_type_ids"].any()) == ("other" in row.fields)


def test_collate_pads_on_the_right_and_masks_what_it_pads(asked: Asked) -> None:
    _, adapter, rows = asked
    features = [row[0] for row in adapter.encode(unlabelled(adapter, rows))]
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


def learned(adapter: Adapter, gold: Any, target: Any, feature: Any) -> Any:
    """What stands in a batch, as the gold value it was made from."""
    if adapter.card.kind == "token-classification":
        return tuple(adapter.labels.names[number] for place, number in target if place >= 0)
    if adapter.card.kind == "question-answering":
        first, last, tokens = target
        assert tokens == len(feature.input_ids)
        if (first, last) == (0, 0):
            return Answers((), ())
        start, end = feature.offsets[first - feature.shift, 0], feature.offsets[last - feature.shift, 1]
        whole = feature.context[start:end]  # whole tokens
        return Answers((gold.texts[0],), (int(start + whole.index(gold.texts[0])),))
    return target


def test_targets_survive_collate(asked: Asked) -> None:
    case, adapter, rows = asked
    windows = adapter.encode(labelled(adapter, rows))
    features = [row[0] for row in windows]
    found = adapter.collate(features).targets
    for i, target in enumerate(found.tolist()):
        gold = case.gold[i % len(case.gold)]
        wanted = gold[:-1] if isinstance(gold, list) else gold
        assert learned(adapter, gold, target, features[i]) == wanted
    assert adapter.collate(adapter.encode(unlabelled(adapter, rows[:1]))[0]).targets is None


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("asked", [(name, pair) for name, pair in ASKED if CASES[name].activation], indirect=True)
def test_windows_of_a_text_are_averaged_before_the_tasks_own_function(asked: Asked, count: int) -> None:
    case, adapter, _ = asked
    assert case.activation is not None
    outputs = list(np.random.default_rng(count).normal(0, 3, (count, len(adapter.labels))).astype(np.float32))
    mean = np.mean(np.stack(outputs).astype(np.float64), axis=0)
    assert adapter.decode(outputs, []).values == pytest.approx(case.activation(mean), rel=1e-12)


def test_many_rows_are_decoded_as_each_by_itself(asked: Asked) -> None:
    _, adapter, rows = asked
    together = decoded(adapter, rows)
    for example, prediction in zip(unlabelled(adapter, rows), together, strict=True):
        (windows,) = adapter.encode([example])
        alone = adapter.decode(outputs_of(adapter, windows), windows)
        assert adapter.record(example, alone, Answer()) == adapter.record(example, prediction, Answer())


ANSWERS = [
    Answer(),
    Answer(top_k=2),
    Answer(min_probability=0.99),
    Answer(min_probability=0.0),
    Answer(min_probability=0.99, fallback_label="other"),
    Answer(scheme="BIOES"),
    Answer(n_best=3),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_a_record_is_the_input_and_then_exactly_the_added_columns(asked: Asked, answer: Answer) -> None:
    case, adapter, rows = asked
    added = adapter.added_columns(answer)
    if answer == Answer():
        assert added == list(case.added)
    (example,) = unlabelled(adapter, rows[:1])
    refusal = Refusal(rows[0], "no text")
    asked_of: list[tuple[Read, Prediction]] = [
        (example, decoded(adapter, rows[:1])[0]),
        (refusal, Prediction(None, "no text")),
    ]
    for read, prediction in asked_of:
        record = adapter.record(read, prediction, answer)
        assert sorted(record) == sorted([*rows[0].fields, *added])
        assert {name: record[name] for name in rows[0].fields} == dict(rows[0].fields)


def test_a_row_that_cannot_be_predicted_has_empty_answers_and_a_reason(asked: Asked) -> None:
    case, adapter, rows = asked
    for column, what in zip(("text", "other"), case.missing, strict=True):
        if column in rows[0].fields:
            row = replace(rows[0], fields={**rows[0].fields, column: " "})
            (refusal,) = adapter.reader.predictable([row])
            assert isinstance(refusal, Refusal)
            reason = refusal.reason
            assert reason == f"no {what} in column '{column}'"
            record = adapter.record(refusal, Prediction(None, reason), Answer())
            assert [record[name] for name in case.added] == [None] * (len(case.added) - 1) + [reason]
    assert len(unlabelled(adapter, rows[:1])) == 1


def test_a_row_without_a_label_has_no_target(asked: Asked) -> None:
    case, adapter, rows = asked
    row = replace(rows[0], fields={**rows[0].fields, **dict.fromkeys(case.label, "")})
    (refusal,) = adapter.reader.labelled([row])
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "no label"


def test_the_run_folder_gives_the_same_adapter_back(asked: Asked, tmp_path: Path) -> None:
    _, adapter, rows = asked
    found = decoded(adapter, rows)
    adapter = adapter.tuned(found, targets_of(adapter, rows))
    options = asdict(adapter.options)
    write_task(tmp_path, TaskRecord(adapter.card, adapter.labels, adapter.fields, options, adapter.stored(), {}))
    again = adapter_of_record(read_task(tmp_path), adapter.tokenizer)
    assert again == adapter
    assert again.labels.names == adapter.labels.names
    assert again.reader == adapter.reader
    for example, prediction in zip(unlabelled(adapter, rows), found, strict=True):
        assert again.record(example, prediction, Answer()) == adapter.record(example, prediction, Answer())


def perfect(case: Case, adapter: Adapter, gold: Any) -> Any:
    """The values of a prediction that is right."""
    if case.kind == "token-classification":
        return Tagging(np.asarray([adapter.labels.index(tag) for tag in gold]), np.ones(len(gold)))
    if case.kind == "question-answering":
        best = Candidate(gold.texts[0] if gold.texts else "nothing", 0, 4, 0.9)
        return Found((best,), -5.0 if gold.texts else 5.0, 0.1)
    values = {"single-label": lambda gold: np.eye(2)[gold], "multi-label": lambda gold: gold[:-1] * 0.9}
    return np.asarray(values.get(case.problem, lambda gold: [gold])(gold), dtype=float)


def test_perfect_predictions_get_a_perfect_score(asked: Asked) -> None:
    case, adapter, rows = asked
    gold = targets_of(adapter, rows)
    found = [Prediction(perfect(case, adapter, target)) for target in gold]
    assert adapter.score(found, gold).main_value == pytest.approx(1)
