"""errors.csv: the validation rows that went wrong, as `predict` answers them too, most confident first."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Said, read_csv, sentiment, texts, write_csv, write_jsonl

Run = Callable[..., Said]
QUICK = ("--max-steps", 2, "--precision", "fp32", "--head-start", "random", "--no-refit", "--quiet")


def wrong_by_predict(run: Run, folder: str, data: Path) -> dict[str, tuple[str, float]]:
    """Text -> what `predict` says and how sure, of rows whose label differs."""
    run("predict", folder, data, "-o", "answers.csv", "--precision", "fp32", "--quiet")
    rows = read_csv(Path("answers.csv"))
    return {
        row["text"]: (row["predicted_label"], float(row["probability"]))
        for row in rows
        if row["label"] != row["predicted_label"]
    }


def test_the_errors_are_those_that_predict_makes(run: Run, reviews: Path, tiny: str, tmp_path: Path) -> None:
    lines = [(f"{text} {number}", sentiment(text)) for number, text in enumerate(texts(40, seed=5))]
    dev = write_csv(tmp_path / "dev.csv", ["text", "label"], [*lines, ("=cold film", "pos"), ("=warm film", "neg")])
    run("train", reviews, "--validation", dev, "--model", tiny, "-o", "run", *QUICK)
    errors = read_csv(Path("run/errors.csv"))
    answered = wrong_by_predict(run, "run", dev)
    assert len(errors) == len(answered)
    for row in errors:
        label, probability = answered[row["text"]]
        assert (row["predicted"], float(row["confidence"])) == (label, pytest.approx(probability, abs=2e-6))
    confidence = [float(row["confidence"]) for row in errors]
    assert confidence == sorted(confidence, reverse=True)
    assert all(not row["text"].startswith("=") for row in errors)  # a spreadsheet would run it
    whole = dev.read_text().splitlines()
    for row in errors:
        name, line = row["row"].rsplit(":", 1)
        assert name == str(dev)
        assert whole[int(line) - 1].startswith(row["text"].removeprefix("'"))
        assert whole[int(line) - 1].endswith(row["gold"])


@pytest.mark.parametrize("words", [(), ("--max-train-rows", 60)], ids=str)
def test_rows_that_were_held_back_are_found_in_the_training_file(
    run: Run, reviews: Path, tiny: str, words: tuple[object, ...]
) -> None:
    run("train", reviews, "--model", tiny, "-o", "run", "--validation-share", 0.3, *words, *QUICK)
    errors, whole = read_csv(Path("run/errors.csv")), reviews.read_text().splitlines()
    assert errors
    for row in errors:
        assert f",{row['text']},{row['gold']}" in whole[int(row["row"].rsplit(":", 1)[1]) - 1]
    scores = json.loads(Path("run/run.json").read_text())["scores"]["validation"]
    assert len(errors) == round((1 - scores["values"]["accuracy"]) * scores["examples"])


def test_other_kinds_of_task_have_them_too(run: Run, tiny: str, tmp_path: Path) -> None:
    words = texts(40)
    several = [{"text": text, "labels": sorted({"good", "bad"} & {*text.split()})} for text in words]
    tagged = [
        {"tokens": text.split(), "tags": ["B-Q" if word == "good" else "O" for word in text.split()]} for text in words
    ]
    asked = [
        {
            "id": str(n),
            "question": "which film",
            "context": f"{text} film",
            "answers": {"text": ["film"], "answer_start": [len(text) + 1]},
        }
        for n, text in enumerate(words)
    ]
    for name, rows, flags in (
        ("several", several, ("--multi-label", "--text", "text", "--label", "labels")),
        ("numbers", [{"text": text, "score": len(text) / 7} for text in words], ("--regression", "--label", "score")),
        ("tagged", tagged, ()),
        ("asked", asked, ("--max-length", 32, "--overlap", 4)),
    ):  # fmt: skip
        data = write_jsonl(tmp_path / f"{name}.jsonl", rows)
        run("train", data, "--model", tiny, "-o", name, *flags, *QUICK)
        errors = read_csv(Path(name, "errors.csv"))
        sure = [float(row["confidence"]) for row in errors]
        assert sure == sorted(sure, reverse=True)
        assert all(row["gold"] != row["predicted"] for row in errors)
        assert {"row", "gold", "predicted", "confidence"} < set(errors[0])


def test_nothing_wrong_leaves_no_file(run: Run, tiny: str, tmp_path: Path) -> None:
    from bertft.engine.error_file import write_errors

    (tmp_path / "errors.csv").write_text("of an earlier try")
    write_errors(tmp_path, [], None, None, None)  # type: ignore[arg-type]
    assert not (tmp_path / "errors.csv").exists()


def test_a_column_of_ones_own_name_is_kept_apart(run: Run, tiny: str, tmp_path: Path) -> None:
    rows = [(text, sentiment(text)) for text in texts(40)]
    data = write_csv(tmp_path / "t.csv", ["gold", "label"], rows)
    run("train", data, "--model", tiny, "--text", "gold", "-o", "run", *QUICK)
    errors = read_csv(Path("run/errors.csv"))
    assert {(row["text_gold"], row["gold"]) for row in errors} <= set(rows)


def test_the_clearest_mistake_of_several_labels_counts() -> None:
    from bertft.adapters import Prediction
    from bertft.adapters.texts.multi_label import MultiLabel

    adapter = object.__new__(MultiLabel)
    object.__setattr__(adapter, "labels", type("Labels", (), {"names": ("a", "b", "c")})())
    object.__setattr__(adapter, "thresholds", {"a": 0.5, "b": 0.5, "c": 0.2})
    object.__setattr__(adapter, "scales", {})
    predicted, gold = Prediction(np.array([0.7, 0.1, 0.3])), np.array([1, 1, 0, 0])
    assert adapter.wrongness(predicted, gold) == pytest.approx(0.9)  # b is missing, though it had 0.1 only
