"""One optimizer step is what the arithmetic says, and evaluation is what a plain loop gives."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import build_backbone, forget_accelerator, read_jsonl, sentiment, texts
from scipy.special import softmax

from bertft.adapters import Adapter, Options, adapter_for
from bertft.engine.answerer import Answerer
from bertft.engine.checkpoints import Checkpoints
from bertft.engine.device import resolve_precision, start_accelerator
from bertft.engine.meter import Meter
from bertft.engine.optimizer import build_optimizer
from bertft.engine.order import Order, Step
from bertft.engine.step import Ingredients, Stepper
from bertft.engine.train_loop import train
from bertft.engine.transfer import tensors_of
from bertft.errors import UsageError
from bertft.gold import Example
from bertft.model.backbone import find_backbone
from bertft.model.losses import Cost
from bertft.model.network import build_network
from bertft.plan.card import plain_card
from bertft.plan.recipe import Recipe
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.rows.row import Row
from bertft.scoring import Scores

LABELS = Labels(("neg", "neutral", "pos"))


@dataclass
class Bench:
    """What a training loop needs, without files."""

    network: Any
    adapter: Adapter
    rows: list[Row]
    cost: Cost
    accelerator: Any
    evaluations: list[float] = field(default_factory=list)
    """What `evaluate` says, one after the other."""

    @property
    def windows(self) -> list[Any]:
        return self.adapter.encode([*self.adapter.reader.labelled(self.rows)])

    def ingredients(self, recipe: Recipe, network: Any = None) -> Ingredients:
        features = [feature for row in self.windows for feature in row]
        values = iter(self.evaluations)
        scores = lambda _: Scores("accuracy", {"accuracy": next(values, 0.0)}, 1)  # noqa: E731
        return Ingredients(
            network or self.network, self.adapter, features, self.cost, recipe, scores, "x.csv:{}".format
        )

    def answerer(self, adapter: Adapter | None = None) -> Answerer:
        return Answerer(adapter or self.adapter, self.network, self.accelerator)

    def checkpoints(self, folder: Path, *, metric: str = "accuracy", patience: int | None = None) -> Checkpoints:
        folder.mkdir()
        return Checkpoints(folder, metric=metric, patience=patience, accelerator=self.accelerator, facts={"data": {}})


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT without dropout."""
    folder = build_backbone("bert", tmp_path_factory.mktemp("calm") / "backbone")
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def bench(calm: Path) -> Bench:
    forget_accelerator()
    backbone = find_backbone(str(calm))
    from bertft.model.tokens import load_tokenizer

    card = plain_card("text-classification", "single-label")
    adapter = adapter_for(
        card, LABELS, Fields("text", None, ("label",)), load_tokenizer(backbone.path), Options(max_length=16)
    )
    rows = [
        Row(i, f"x.csv:{i}", {"text": text, "label": sentiment(text)}) for i, text in enumerate(texts(64, longest=20))
    ]
    targets = [read.gold for read in adapter.reader.labelled(rows) if isinstance(read, Example)]
    head = adapter.head(targets, Recipe(class_weights="balanced", label_smoothing=0.1))
    torch.manual_seed(5)
    return Bench(build_network(backbone, head), adapter, rows, head.cost, start_accelerator("fp32"))


def steps_by_hand(bench: Bench, recipe: Recipe, rates: Sequence[float], order: list[Step]) -> tuple[Any, list[float]]:
    """A plain loop over one whole batch per step, with torch's own parts."""
    network = copy.deepcopy(bench.network).train()
    optimizer = build_optimizer(network, recipe)
    features = [row[0] for row in bench.windows]
    losses = []
    for step, rate in zip(order, rates, strict=True):
        batch = bench.adapter.collate([features[i] for ids in step.batches for i in ids])
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = bench.cost(network(**tensors_of(batch.inputs)), torch.from_numpy(batch.targets)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    return network, losses


def furthest(one: Any, other: Any) -> float:
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return max(float((a - b).detach().abs().max()) for a, b in pairs)


@pytest.mark.parametrize(("batch_size", "grad_accum"), [(32, 1), (8, 4), (5, 7)])
@pytest.mark.parametrize("max_grad_norm", [1.0, 0.05])
def test_a_step_is_one_large_batch_however_it_is_cut(
    bench: Bench, tmp_path: Path, batch_size: int, grad_accum: int, max_grad_norm: float
) -> None:
    recipe = Recipe(
        batch_size=batch_size, grad_accum=grad_accum, max_grad_norm=max_grad_norm, learning_rate=1e-3, max_steps=5
    )
    made_of = bench.ingredients(recipe)
    order = list(Order([len(feature.input_ids) for feature in made_of.features], recipe).steps())
    rates = schedule_of_transformers(recipe, 5)
    by_hand, losses = steps_by_hand(bench, recipe, rates, order)
    checkpoints = bench.checkpoints(tmp_path / "run")
    train(made_of, checkpoints, bench.accelerator)
    assert furthest(bench.network, by_hand) < 1e-5
    lines = [line for line in read_jsonl(tmp_path / "run" / "history.jsonl") if "loss" in line]
    assert [line["loss"] for line in lines] == pytest.approx(losses, rel=1e-4)
    assert [line["learning_rate"] for line in lines] == pytest.approx(rates)


def schedule_of_transformers(recipe: Recipe, steps: int) -> list[float]:
    from transformers import get_scheduler

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=recipe.learning_rate)
    warmup = round(recipe.warmup * steps)
    schedule = get_scheduler(recipe.scheduler, optimizer, num_warmup_steps=warmup, num_training_steps=steps)
    rates = []
    for _ in range(steps):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.parametrize("scheduler", ["linear", "cosine", "constant", "constant_with_warmup"])
def test_the_learning_rate_of_each_step_is_transformers(bench: Bench, tmp_path: Path, scheduler: str) -> None:
    recipe = Recipe(batch_size=32, scheduler=scheduler, warmup=0.3, learning_rate=1e-3, max_steps=10)
    checkpoints = bench.checkpoints(tmp_path / "run")
    train(bench.ingredients(recipe), checkpoints, bench.accelerator)
    lines = [line for line in read_jsonl(tmp_path / "run" / "history.jsonl") if "loss" in line]
    assert [line["step"] for line in lines] == list(range(1, 11))
    assert [line["learning_rate"] for line in lines] == pytest.approx(schedule_of_transformers(recipe, 10))


def test_a_step_gives_back_the_sum_of_its_losses(bench: Bench) -> None:
    made_of = bench.ingredients(Recipe())
    batch = bench.adapter.collate([made_of.features[i] for i in range(12)])
    losses = bench.cost(bench.network.train()(**tensors_of(batch.inputs)), torch.from_numpy(batch.targets))
    step, meter = Step(1, 1.0, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11]]), Meter()
    optimizer = bench.accelerator.prepare(build_optimizer(bench.network, made_of.recipe))
    taken = Stepper(made_of, bench.network, optimizer, bench.accelerator, meter).take(step)
    ((loss, weight),) = taken.losses
    assert loss == pytest.approx(float(losses.detach().sum()), rel=1e-5)
    assert weight == 12
    assert (meter.examples, meter.tokens) == (12, batch.tokens)


@pytest.mark.parametrize("limit", [40, 100, 256])
def test_no_batch_holds_more_padded_tokens_than_asked(bench: Bench, limit: int) -> None:
    """As collated. Only an example that is longer by itself may."""
    options = Options(max_length=64)
    adapter = adapter_for(bench.adapter.card, LABELS, bench.adapter.fields, bench.adapter.tokenizer, options)
    rows = [Row(i, f"x.csv:{i}", {"text": text}) for i, text in enumerate(texts(200, longest=50))]
    features = [row[0] for row in adapter.encode([*adapter.reader.predictable(rows)])]
    order = Order([len(feature.input_ids) for feature in features], Recipe(max_tokens=limit, epochs=1))
    alone = []
    for step in order.steps():
        for ids in step.batches:
            padded = adapter.collate([features[i] for i in ids]).padded_tokens
            assert padded <= limit or len(ids) == 1
            alone += [padded] if padded > limit else []
    assert bool(alone) == (limit < 64)


PATIENCE = [
    (None, [0.1, 0.5, 0.4, 0.3, 0.2, 0.1], 6, 2),
    (2, [0.1, 0.5, 0.4, 0.3, 0.9, 0.9], 4, 2),
    (2, [0.1, 0.5, 0.4, 0.6, 0.5, 0.5], 6, 4),
    (1, [0.5, 0.5, 0.9, 0.9, 0.9, 0.9], 2, 2),  # among equals the later, though no gain
    (3, [float("nan"), 0.2, 0.1, float("nan"), 0.1, 0.9], 5, 2),
]


@pytest.mark.parametrize(("patience", "values", "stops_after", "best"), PATIENCE)
def test_patience_ends_a_run_and_the_best_model_stands_in_the_folder(
    bench: Bench, tmp_path: Path, patience: int | None, values: list[float], stops_after: int, best: int
) -> None:
    from safetensors.torch import load_file

    bench.evaluations = values
    seen: list[dict[str, torch.Tensor]] = []
    recipe = Recipe(batch_size=32, eval_steps=2, max_steps=12, learning_rate=1e-3)
    made_of = bench.ingredients(recipe)
    evaluate = made_of.evaluate

    def remembering(network: Any) -> Scores:
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return evaluate(network)

    object.__setattr__(made_of, "evaluate", remembering)
    checkpoints = bench.checkpoints(tmp_path / "run", patience=patience)
    train(made_of, checkpoints, bench.accelerator)
    assert len(seen) == stops_after
    assert (checkpoints.best_step, checkpoints.step) == (2 * best, 2 * stops_after)
    kept, last = (
        load_file(tmp_path / "run" / name) for name in ("model.safetensors", "checkpoint/weights.safetensors")
    )
    assert all(torch.equal(kept[name], seen[best - 1][name]) for name in kept)
    assert all(torch.equal(last[name], seen[-1][name]) for name in last)


def test_a_falling_error_counts_as_a_gain(bench: Bench, tmp_path: Path) -> None:
    """mse 0.9, 0.5, 0.7: the second is best."""
    checkpoints = bench.checkpoints(tmp_path / "run", metric="mse", patience=1)
    optimizer = build_optimizer(bench.network, Recipe())
    stepper = Stepper(bench.ingredients(Recipe()), bench.network, optimizer, bench.accelerator, checkpoints.meter)
    checkpoints.attach(bench.network, optimizer, schedule_stub(), stepper)
    for number, value in enumerate([0.9, 0.5, 0.7], start=1):
        assert not checkpoints.stops
        checkpoints.count(Step(number, 1.0, []), [(0.0, 1)])
        step = Step(number, 1.0, [])
        checkpoints.keep(checkpoints.consider(Scores("mse", {"mse": value}, 1), step), step, save=False)
    assert (checkpoints.best_step, checkpoints.stops) == (2, True)


def schedule_stub() -> Any:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)


def test_evaluation_gives_what_one_text_at_a_time_gives(bench: Bench, tmp_path: Path) -> None:
    bench.network.train()  # evaluation must turn dropout off by itself
    bench.network.dropout.p = 0.5
    found = bench.answerer().predictions(bench.windows, Meter())
    assert len(found) == len(bench.rows)
    network = bench.network.eval()
    for row, prediction in zip(bench.rows, found, strict=True):
        inputs = bench.adapter.tokenizer(row.fields["text"], truncation=True, max_length=16, return_tensors="pt")
        with torch.inference_mode():
            wanted = softmax(network(**inputs).logits[0].double().numpy())
        assert prediction.values == pytest.approx(wanted, abs=1e-5)


def test_windows_come_back_to_their_rows(bench: Bench) -> None:
    options = Options(max_length=16, long="window", overlap=4)
    adapter = adapter_for(bench.adapter.card, LABELS, bench.adapter.fields, bench.adapter.tokenizer, options)
    rows = [Row(i, f"x.csv:{i}", {"text": text}) for i, text in enumerate(texts(150, longest=40))]
    windows = adapter.encode([*adapter.reader.predictable(rows)])
    assert len({len(row) for row in windows}) > 2
    found = bench.answerer(adapter).predictions(windows, Meter())
    for row, prediction in zip(windows, found, strict=True):
        with torch.inference_mode():
            logits = [bench.network(torch.tensor(w.input_ids[None].astype(np.int64))).logits[0].numpy() for w in row]
        assert prediction.values == pytest.approx(softmax(np.mean(logits, axis=0)), abs=1e-5)


def test_rows_in_are_rows_out_in_order(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also over several windows of rows, and where some have no text."""
    monkeypatch.setattr("bertft.engine.answerer.WINDOW", 7)
    words = texts(30, longest=12)
    rows = [Row(i, f"x.csv:{i}", {"text": "" if i % 5 == 2 or 7 <= i < 14 else words[i]}) for i in range(30)]
    answers = bench.answerer().answers(bench.adapter.reader.predictable(rows), Meter())
    pairs = [pair for window in answers for pair in window]
    assert [read.row.index for read, _ in pairs] == list(range(30))
    for read, prediction in pairs:
        assert (prediction.values is None) == (read.row.fields["text"] == "")
        if prediction.values is None:
            assert prediction.reason == "no text in column 'text'"
        else:
            (alone,) = bench.answerer().predictions(bench.adapter.encode([read]), Meter())
            assert prediction.values == pytest.approx(alone.values, abs=1e-5)


def test_precision_is_refused_or_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--precision fp16 needs a GPU"):
        resolve_precision("fp16", cuda=False)
    for able, wanted in ((True, "bf16"), (False, "fp32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: {"avx512_bf16": able, "avx2": True})
        assert resolve_precision("auto", cuda=False) == wanted
    assert resolve_precision("fp32", cuda=True) == "fp32"
