"""Networks from before BERT share everything with BERT: run folder, eval, predict, resuming, Python."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import PowerFails, Said, read_csv, read_jsonl, sentiment, texts, write_csv, write_jsonl
from errands import course, digest, scores
from tagged import tagged_rows

from bertft.engine.step import Stepper
from bertft.model.families import FAMILIES

Run = Callable[..., Said]
ROOT = Path(__file__).parents[2]
FEW = ("--max-steps", 12, "--batch-size", 16)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "train.csv", ["text", "label"], [(text, sentiment(text)) for text in texts(120)])


def test_a_textcnn_is_trained_scored_and_asked(run: Run, data: Path) -> None:
    said = run("train", data, "--model", "textcnn", "--max-steps", 60, "-o", "run")
    assert "Run folder: run (from scratch: textcnn)" in said.out
    record = json.loads(Path("run/run.json").read_text())
    assert (record["family"], record["backbone"]) == ("textcnn", "textcnn")
    assert record["scores"]["validation"]["values"]["accuracy"] > 0.5
    run("predict", "run", data, "-o", "answers.csv")
    answers = read_csv(Path("answers.csv"))
    right = sum(row["label"] == row["predicted_label"] for row in answers) / len(answers)
    found = json.loads(run("eval", "run", data, "--json").out)
    assert found["values"]["accuracy"] == pytest.approx(right)
    assert right > 0.8


def test_a_textcnn_that_was_cut_off_ends_in_the_same_bits(run: Run, data: Path, monkeypatch: Any) -> None:
    words = ("train", data, "--model", "textcnn", *FEW, "--eval-steps", 4, "--save-steps", 3, "--quiet")
    run(*words, "-o", "whole")
    take = Stepper.take

    def cut(self: Stepper, step: Any, asked: Any = ()) -> Any:
        if step.number == 8:
            raise PowerFails
        return take(self, step, asked)

    monkeypatch.setattr(Stepper, "take", cut)
    with pytest.raises(PowerFails):
        run(*words, "-o", "parts")
    monkeypatch.setattr(Stepper, "take", take)
    run("train", "--resume", "-o", "parts", "--quiet")
    assert digest(Path("parts")) == digest(Path("whole"))
    assert (course(Path("parts")), scores(Path("parts"))) == (course(Path("whole")), scores(Path("whole")))


def test_words_of_rows_that_are_held_back_are_not_known(run: Run, tmp_path: Path) -> None:
    """Each row has a word of its own, twice; those of the validation rows must be as unknown as they would be in new texts."""
    rows = [(f"own{number} own{number} good", number % 2) for number in range(40)]
    data = write_csv(tmp_path / "own.csv", ["text", "label"], rows)
    said = run("train", data, "--model", "textcnn", "--max-steps", 1, "-o", "run")
    assert "Rows: 36 for training, 4 for validation." in said.err
    known = json.loads(Path("run/tokenizer.json").read_text())["model"]["vocab"]
    assert len([word for word in known if word.startswith("own")]) == 36


def test_a_trained_one_can_be_gone_on_with(run: Run, data: Path) -> None:
    run("train", data, "--model", "textcnn", *FEW, "-o", "run", "--quiet")
    said = run("train", data, "--model", "run", *FEW, "-o", "more")
    assert "The checkpoint was trained for the same labels" in said.err
    assert json.loads(Path("more/tokenizer.json").read_text()) == json.loads(Path("run/tokenizer.json").read_text())
    assert json.loads(Path("more/run.json").read_text())["family"] == "textcnn"
    assert "Fine-tuned from `run`" in Path("more/README.md").read_text()


def test_the_card_says_what_it_is(run: Run, data: Path) -> None:
    run("train", data, "--model", "textcnn", *FEW, "-o", "run", "--quiet")
    card = Path("run/README.md").read_text()
    assert "A `textcnn`, trained from scratch with [bertft]" in card
    assert "base_model" not in card
    assert "library_name: bertft" in card
    (block,) = card.split("```python\n")[1:]
    exec(block.split("```")[0].replace("…", "good"), found := dict[str, Any]())
    assert found["model"]("good film")["predicted_label"] in ("pos", "neg", "neutral")


def test_a_card_of_a_task_does_not_decide_how_it_is_trained(run: Run, tmp_path: Path) -> None:
    """What GLUE's cards say of epochs and rates is for BERT; how long a text may be is not."""
    pairs = [(one, two, number % 2) for number, (one, two) in enumerate(zip(texts(40), texts(40, seed=1), strict=True))]
    data = write_csv(tmp_path / "pairs.csv", ["sentence1", "sentence2", "label"], pairs)
    plan = run("train", data, "--task", "mrpc", "--model", "textcnn", "--dry-run").out
    assert "learning_rate = 0.001\n" in plan
    assert "max_length = 128\n" in plan
    assert "epochs" not in plan


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--few-shot",), "--few-shot changes what a pre-trained encoder knows"),
        (("--head-start", "probe"), "--head-start probe: textcnn knows nothing"),
        (("--precision", "bf16"), "--precision bf16: textcnn is computed in fp32"),
        (("--pool", "mean"), "--pool mean adds a layer"),
    ],
)
def test_what_would_have_no_effect_is_refused(run: Run, data: Path, words: tuple[str, ...], message: str) -> None:
    assert message in run("train", data, "--model", "textcnn", *words, "--dry-run", ok=2).err


def test_a_kind_of_task_that_it_is_not_for_is_refused() -> None:
    from bertft.errors import UsageError
    from bertft.jobs.training.before_bert import check_family
    from bertft.kinds import QUESTION_ANSWERING
    from bertft.model.backbone import find_backbone

    for name in FAMILIES:
        with pytest.raises(UsageError, match=f"--model {name} is for .*this task is question-answering. .* BERT"):
            check_family(find_backbone(name), QUESTION_ANSWERING.name, pair=True)


@pytest.mark.parametrize("name", FAMILIES)
def test_each_is_trained_on_pairs_and_answers_as_it_was_scored(run: Run, tmp_path: Path, name: str) -> None:
    pairs = [(one, two, number % 2) for number, (one, two) in enumerate(zip(texts(40), texts(40, seed=1), strict=True))]
    data = write_csv(tmp_path / "pairs.csv", ["premise", "hypothesis", "label"], pairs)
    run("train", data, "--model", name, "--max-steps", 2, "-o", "run", "--validation", data, "--quiet")
    chosen = json.loads(Path("run/run.json").read_text())["scores"]["validation"]["values"]
    assert json.loads(run("eval", "run", data, "--json").out)["values"] == chosen


def test_a_bilstm_with_a_crf_tags_words(run: Run, tmp_path: Path) -> None:
    rows = tagged_rows(120)
    data = write_jsonl(tmp_path / "words.jsonl", rows)
    said = run("train", data, "--model", "bilstm", "--crf", "--max-steps", 60, "--lr", "0.01", "-o", "run")
    assert json.loads(Path("run/run.json").read_text())["scores"]["validation"]["values"]["f1"] > 0.9, said.out
    assert "transformers opens it" not in Path("run/README.md").read_text()
    run("predict", "run", data, "-o", "answers.jsonl")
    assert all(len(row["predicted_tags"]) == len(row["tokens"]) for row in read_jsonl(Path("answers.jsonl")))


def test_the_cell_and_the_way_are_part_of_the_run(run: Run, data: Path) -> None:
    words = ("--model", "bilstm", "--cell", "gru", "--one-way")
    run("train", data, *words, *FEW, "-o", "run", "--quiet")
    config = json.loads(Path("run/config.json").read_text())
    assert (config["cell"], config["one_way"]) == ("gru", True)
    run("train", "--config", "run/plan.toml", "-o", "again", "--quiet")
    assert digest(Path("again")) == digest(Path("run"))


def test_a_plan_for_another_sort_of_model_lends_no_rates(run: Run, data: Path, tiny: str) -> None:
    def plan(folder: str) -> dict[str, Any]:
        return tomllib.loads(Path(folder, "plan.toml").read_text())

    few = ("--max-steps", 2, "--refit", "--quiet")
    run("train", data, "--model", "bilstm", "--cell", "gru", "--max-length", 32, *few, "-o", "words")
    said = run("train", "--config", "words/plan.toml", "--model", tiny, "--max-steps", 2, "-o", "bert").err
    assert "--config is of bilstm: left out for " in said
    assert plan("bert")["model"] == {"name": tiny}
    assert plan("bert")["recipe"]["max_length"] == 32
    assert plan("bert")["recipe"]["learning_rate"] < plan("words")["recipe"]["learning_rate"] == 1e-3
    run("train", "--config", "bert/plan.toml", "--model", "bow", *few, "-o", "again")
    assert plan("again")["recipe"]["learning_rate"] == 1e-3
    run("train", "--config", "bert/plan.toml", "--model", tiny, "--quiet", "-o", "same")
    assert digest(Path("same")) == digest(Path("bert"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--model", "textcnn", "--cell", "gru"), "--cell is for bilstm, esim; this is textcnn"),
        (("--model", "minilm", "--one-way"), "--one-way is for bilstm; this is minilm"),
        (("--model", "bilstm", "--cell", "xlstm"), "--cell is xlstm: one of lstm, gru, rnn"),
        (("--model", "dssm"), "Name the second column with --text-pair. For this task there are bow, textcnn"),
    ],
)
def test_networks_that_do_not_fit_are_refused(run: Run, data: Path, words: tuple[str, ...], message: str) -> None:
    assert message in run("train", data, *words, "--dry-run", ok=2).err


def test_the_commands_of_the_page_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    page = (ROOT / "docs" / "before-bert.md").read_text(encoding="utf-8")
    lines = [line for line in page.split("```sh\n")[1].split("```")[0].splitlines() if line]
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "bertft"
        run(*words, *(["--max-steps", "2", "--quiet"] if words[0] == "train" else []))
