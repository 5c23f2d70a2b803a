"""Folds: every row is answered by a model that has not seen it, the last run is the ordinary one, and a kill changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import PowerFails, read_csv, read_jsonl, write_csv
from errands import course, digest, words_of
from sklearn.metrics import accuracy_score

from bertft.engine.order import Step
from bertft.engine.step import Stepper
from bertft.errors import CheckpointError, UsageError
from bertft.jobs.training import folds as job
from bertft.runs.out_of_fold import class_probabilities, read_out_of_fold

FILE = "run/out-of-fold.jsonl"


def words(folder: Path, model: str) -> list[str]:
    return [*words_of("sequence", folder, model), "--max-steps", "4", "--eval-steps", "2", "--lr", "3e-2"]


def answer(text: str) -> dict[str, list[object]]:
    return {"text": [text[:4]], "answer_start": [0]}


def series(run: str) -> Any:
    """Of run.json, without what time decides."""
    found = json.loads(Path(run, "run.json").read_text())["series"]
    for member in found["members"]:
        del member["seconds"]
    return found


def test_every_row_is_answered_by_a_model_that_has_not_seen_it(run: Any, tmp_path: Path, tiny: str) -> None:
    """The oracle: train without a fold, by its own plan, and let `predict` answer the rows of the fold."""
    asked = words(tmp_path, tiny)
    rows = read_csv(Path(asked[1]))
    run(*asked, "--folds", 3, "-o", "run", "--quiet")
    found = read_jsonl(Path(FILE))
    assert [{name: line[name] for name in ("id", "text", "label")} for line in found] == rows
    assert [line["row"] for line in found] == [f"{asked[1]}:{number}" for number in range(2, 122)]
    assert [line["gold"] for line in found] == [row["label"] for row in rows]
    run("train", "--config", "run/folds/2/plan.toml", "-o", "second", "--quiet")
    second = [line for line in found if line["fold"] == 2]
    write_csv(tmp_path / "fold.csv", ["text"], [(line["text"],) for line in second])
    run("predict", "second", "fold.csv", "-o", "answers.csv", "--top-k", 3, "--quiet", "--precision", "fp32")
    for line, answer in zip(second, read_csv(Path("answers.csv")), strict=True):
        assert line["predicted_label"] == answer["predicted_label"]
        named = dict(zip(*(json.loads(answer[name]) for name in ("predicted_labels", "probabilities")), strict=True))
        assert line["prediction"] == pytest.approx(named, abs=1e-5)
    for member in series("run")["members"]:
        rows_of = member["rows"]
        assert rows_of["train"] + rows_of["validation"] + rows_of["out-of-fold"] == 120
    pooled = series("run")["pooled"]
    right = accuracy_score([line["gold"] for line in found], [line["predicted_label"] for line in found])
    assert (pooled["value"], pooled["examples"]) == (pytest.approx(right), 120)
    shares = [member["scores"]["out-of-fold"]["accuracy"] for member in series("run")["members"]]
    assert series("run")["spread"]["out-of-fold"]["accuracy"]["mean"] == pytest.approx(sum(shares) / 3)
    assert not [*Path("run/folds").rglob("*.safetensors")]
    names, gold, probabilities = class_probabilities(read_out_of_fold(Path("run")))
    assert [names[number] for number in gold] == [line["gold"] for line in found]
    assert probabilities.tolist() == [[line["prediction"][name] for name in names] for line in found]


@pytest.mark.parametrize("words", ["", "[1]\n", '{"row": "a:1"}\n'])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, words: str) -> None:
    with pytest.raises(UsageError, match=r"has no out-of-fold\.jsonl; `bertft train … --folds 5` writes it"):
        read_out_of_fold(tmp_path)
    (tmp_path / "out-of-fold.jsonl").write_text(words)
    with pytest.raises(CheckpointError, match="damaged"):
        read_out_of_fold(tmp_path)


def test_the_run_on_all_rows_is_the_one_without_folds(run: Any, tmp_path: Path, tiny: str) -> None:
    asked = words(tmp_path, tiny)
    said = run(*asked, "--folds", 2, "-o", "run")
    run(*asked, "-o", "plain", "--quiet")
    assert digest(Path("run")) == digest(Path("plain"))
    assert course(Path("run")) == course(Path("plain"))
    assert "Run 3 of 3: on all rows. Its model is kept." in said.err
    assert "Out-of-fold accuracy of all 120 rows together: " in said.out
    assert "The models of the folds learned from 1 of 2 parts of the rows" in Path("run/README.md").read_text()


def test_a_kill_inside_and_between_changes_nothing(
    run: Any, tmp_path: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [*words(tmp_path, tiny), "--folds", 2, "--save-steps", 1, "--quiet"]
    run(*asked, "-o", "whole")
    take, taken, cut = Stepper.take, [0], [0]

    def counted(self: Stepper, step: Step, more: Any = ()) -> Any:
        if taken[0] == cut[0]:
            raise PowerFails
        taken[0] += 1
        return take(self, step, more)

    monkeypatch.setattr(Stepper, "take", counted)
    for at in (6, 8, 11):  # in the second fold, before the last run, and in it
        cut[0] = at
        with pytest.raises(PowerFails):
            run(*asked, "-o", "run", "--resume")
    cut[0] = -1
    run("train", "--resume", "-o", "run", "--quiet")
    assert taken == [12]
    assert digest(Path("run")) == digest(Path("whole"))
    assert Path(FILE).read_bytes() == Path("whole/out-of-fold.jsonl").read_bytes()
    assert series("run") == series("whole")


def test_a_class_that_a_fold_has_all_of_is_answered_all_the_same(run: Any, tmp_path: Path, tiny: str) -> None:
    rows = [(f"good film {number}", "pos") for number in range(20)] + [(f"bad book {n}", "neg") for n in range(20)]
    write_csv(tmp_path / "rare.csv", ["text", "label"], [*rows, ("slow song", "odd")])
    said = run("train", "rare.csv", "--model", tiny, "--max-steps", 1, "--folds", 2, "-o", "run", "--quiet")
    assert "Folds: 1 class has fewer rows than folds, so some folds have none of them: odd (--folds)." in said.err
    found = read_jsonl(Path(FILE))
    assert (len(found), found[-1]["gold"]) == (41, "odd")
    assert all(sorted(line["prediction"]) == ["neg", "odd", "pos"] for line in found)


def test_documents_stay_whole_and_columns_of_our_names_too(run: Any, tmp_path: Path, tiny: str) -> None:
    """Questions on one context stay together; the file has columns that are called like ours."""
    context = ["warm service good film", "cold dish bad book", "quick staff fine song", "slow film poor dish"]
    lines = [
        {
            "row": n,
            "fold": "x",
            "question": text.split()[n % 3],
            "context": text,
            "answers": {"text": [text[:4]], "answer_start": [0]},
        }
        for n, text in enumerate(text for text in context for _ in range(3))
    ]
    Path("asked.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run("train", "asked.jsonl", "--model", tiny, "--max-steps", 1, "--folds", 2, "-o", "run", "--quiet", "--no-refit")
    found = read_jsonl(Path(FILE))
    assert [(line["input_row"], line["input_fold"]) for line in found] == [(n, "x") for n in range(12)]
    for text in context:
        assert len({line["fold"] for line in found if line["context"] == text}) == 1


def test_the_same_text_in_two_folds_is_said(capsys: Any) -> None:
    job.tell_parted_texts([1, 2, 1, 3, 3], np.asarray([1, 1, 2, 2, 2]))
    assert "2 rows have their text in another fold too" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--folds", 1), "--folds is 1: 2 or more is wanted."),
        (("--seeds", 1), "--seeds is 1: 2 or more is wanted."),
        (("--seeds", 2, "--folds", 2), "--seeds and --folds exclude each other"),
        (("--folds", 500), "120 rows cannot make 500 folds. Pass a smaller --folds, or leave it out."),
        (("--seeds", 2, "--seed", 4294967295), "--seeds 2: the last one is above 4294967295. Pass a smaller --seed."),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    run: Any, tmp_path: Path, tiny: str, flags: tuple[object, ...], words: str
) -> None:
    said = run(*words_of("sequence", tmp_path, tiny), *flags, "-o", "run", "--quiet", ok=2)
    assert words in said.err
    assert not Path("run").exists()


def test_a_seed_that_would_draw_nothing_is_refused(run: Any, tmp_path: Path, tiny: str) -> None:
    asked = words_of("sequence", tmp_path, tiny)
    said = run(*asked, "--validation", asked[1], "--split-seed", 3, "-o", "run", ok=2)
    assert "--split-seed: with --validation no row is drawn from the training file. Leave it out." in said.err


def test_the_plan_says_how_often_it_is_trained(run: Any, tmp_path: Path, tiny: str) -> None:
    asked = words_of("sequence", tmp_path, tiny)
    assert "This trains 5 runs, with the seeds 3 to 7" in run(*asked, "--dry-run", "--seeds", 5, "--seed", 3).err
    assert "This trains 6 runs: one without each of 5 folds" in run(*asked, "--dry-run", "--folds", 5).err
    assert not Path("runs").exists()
