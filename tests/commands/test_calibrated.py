"""Probabilities are calibrated unless one wishes otherwise, labels stay as they were, an accuracy chooses what is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import Said, read_jsonl, sentiment, texts, write_jsonl
from scipy.special import softmax

import bertft
from bertft.errors import UsageError
from bertft.jobs.predicting.unsure import with_own_probabilities
from bertft.scoring.calibration import reliability

Run = Callable[..., Said]
WAYS = {"raw": ("--raw-probabilities",), "given": ()}
NAMES = ("bad", "film", "good")
LEARN = ("--epochs", 3, "--lr", "5e-3", "--batch-size", 8, "--precision", "fp32", "--threads", 1, "--no-refit")


def learn(run: Run, tiny: str, rows: list[dict[str, Any]]) -> str:
    """A run from half of the rows, with the others for validation; what it said."""
    write_jsonl(Path("t.jsonl"), rows[: len(rows) // 2])
    write_jsonl(Path("v.jsonl"), rows[len(rows) // 2 :])
    return run("train", "t.jsonl", "--validation", "v.jsonl", "--model", tiny, "-o", "run", *LEARN).out


def predicted(run: Run, name: str, *more: object) -> list[dict[str, Any]]:
    run("predict", "run", "v.jsonl", "-o", name, "--precision", "fp32", "--quiet", *more)
    return read_jsonl(Path(name))


def stored() -> dict[str, Any]:
    return dict(json.loads(Path("run/bertft.json").read_text())["stored"])


def store(**changed: Any) -> None:
    """Change bertft.json; None leaves the key out."""
    found = json.loads(Path("run/bertft.json").read_text())
    found["stored"] = {name: value for name, value in {**found["stored"], **changed}.items() if value is not None}
    Path("run/bertft.json").write_text(json.dumps(found))


def test_classes(run: Run, tiny: str, fresh_accelerator: None) -> None:
    labels = [sentiment(text) for text in texts(360)]
    labels[180::3] = labels[181::3]  # every third validation row has another's label, so that the network is too sure
    said = learn(run, tiny, [{"text": text, "label": label} for text, label in zip(texts(360), labels, strict=True)])
    temperature = stored()["temperature"]
    trust = json.loads(Path("run/run.json").read_text())["trust"]
    assert temperature != 1
    assert trust["calibration"]["how"] == f"temperature {temperature:.2f}"
    for name in ("calibration", "expected_errors"):
        assert trust[name]["split"] == "validation"
        assert trust[name]["rows"] == 180
    for found in (
        r"Calibration error 0\.\d{3} → 0\.\d{3} on 180 validation",
        r"1,000 new rows .* expect \d+ to \d+ errors",
    ):
        sentence = re.search(found, said)
        assert sentence is not None
        assert sentence.group() in Path("run/README.md").read_text()

    raw, given = (predicted(run, f"{name}.jsonl", "--top-k", 3, *more) for name, more in WAYS.items())
    for own, one in zip(raw, given, strict=True):
        assert one["predicted_labels"] == own["predicted_labels"]
        assert one["probabilities"] == pytest.approx(softmax(np.log(own["probabilities"]) / temperature), abs=1e-5)
    found = reliability([row["predicted_label"] == row["label"] for row in raw], [row["probability"] for row in raw])
    assert found is not None
    assert trust["calibration"]["before"] == pytest.approx(found.error, abs=1e-5)
    assert trust["expected_errors"]["errors"] == sum(row["predicted_label"] != row["label"] for row in given)
    model = bertft.load("run", raw_probabilities=True, precision="fp32")
    assert model(raw[0]["text"])["probability"] == pytest.approx(raw[0]["probability"], abs=1e-5)

    store(temperature=None, steps=None)  # an earlier version's
    assert predicted(run, "old.jsonl", "--top-k", 3) == raw
    assert "train it again" in run("predict", "run", "v.jsonl", "-o", "x", "--min-accuracy", 0.5, ok=2).err
    for wrong in (0, -1, "hot", [1], 10**400, float("nan")):
        store(temperature=wrong)
        assert "damaged (stored.temperature)" in run("predict", "run", "v.jsonl", "-o", "x", ok=2).err
    for steps in ([[0.5, 3, 4]], [[0.5, 9, 9], [0.9, 20, 9]], [[0.5, 10**400, 9]], {"0.5": 9}):
        store(temperature=1, steps=steps)
        assert "damaged (stored.steps)" in run("predict", "run", "v.jsonl", "-o", "x", ok=2).err


def test_an_accuracy_chooses_which_rows_are_left_out(run: Run, tiny: str) -> None:
    learn(run, tiny, [{"text": text, "label": sentiment(text)} for text in texts(360)])
    err = run("predict", "run", "v.jsonl", "-o", "x", "--min-accuracy", 0.999, ok=2).err
    promise = re.search(r"promise (0\.\d+) at most. Ask for that or less", err)
    assert promise is not None
    wish = ("--min-accuracy", promise.group(1), "--precision", "fp32")
    said = run("predict", "run", "v.jsonl", "-o", "sure.jsonl", *wish)
    chosen = re.search(r"--min-probability (\S+)\. On 180 validation rows it answers (\d+) % of rows", said.err)
    assert chosen is not None
    sure = [row for row in read_jsonl(Path("sure.jsonl")) if row["predicted_label"]]
    assert len(sure) / 180 == pytest.approx(int(chosen.group(2)) / 100, abs=0.02)
    assert sum(row["predicted_label"] == row["label"] for row in sure) / len(sure) >= float(promise.group(1))
    assert all(row["probability"] >= float(chosen.group(1)) for row in sure)
    left = [row for row in read_jsonl(Path("sure.jsonl")) if not row["predicted_label"]]
    assert {row["reason"] for row in left} == {f"probability below {float(chosen.group(1)):g}"}

    table = json.loads(run("eval", "run", "v.jsonl", "--json", *wish).out)["coverage"]
    assert len(sure) in [
        one["rows"] for one in table if one["threshold"] == pytest.approx(float(chosen.group(1)), abs=1e-6)
    ]
    for more, says in (
        (("--min-accuracy", 95), "a share between 0 and 1 is wanted"),
        (("--min-accuracy", "nan"), "a share between 0 and 1 is wanted"),
        (("--min-accuracy", 0.5, "--min-probability", 0.5), "leave one of them out"),
        (("--min-accuracy", 0.5, "--raw-probabilities"), "leave --raw-probabilities out"),
    ):
        assert says in run("predict", "run", "v.jsonl", "-o", "x", *more, ok=2).err
        assert says in run("eval", "run", "v.jsonl", *more, ok=2).err


def test_labels(run: Run, tiny: str) -> None:
    said = learn(run, tiny, [{"text": text, "labels": [n for n in NAMES if n in text.split()]} for text in texts(360)])
    assert re.search(r"Calibration error .* on 180 validation rows \(3 temperatures for 3 labels, cross-fitted\)", said)
    assert "new rows" not in said  # rows of labels are not right or wrong as a whole
    assert all(scale != [1, 0] for scale in stored()["scales"].values())
    raw, given = (predicted(run, f"{name}.jsonl", *more) for name, more in WAYS.items())
    pairs = zip(raw, given, strict=True)
    assert all(sorted(one["predicted_labels"]) == sorted(own["predicted_labels"]) for own, one in pairs)
    assert [row["probabilities"] for row in raw] != [row["probabilities"] for row in given]
    for command in ("predict", "eval"):
        assert "--min-accuracy does not apply" in run(command, "run", "v.jsonl", "--min-accuracy", 0.5, ok=2).err
    store(scales={name: [0, 1] for name in NAMES})
    assert "damaged (stored.scales)" in run("predict", "run", "v.jsonl", "-o", "x", ok=2).err


def test_numbers_have_none() -> None:
    with pytest.raises(UsageError, match="--raw-probabilities does not apply: this run answers with a number"):
        with_own_probabilities(SimpleNamespace(calibrates=False, answers_with="a number"), raw=True)  # type: ignore[arg-type]
