"""`bertft info`: what it counts of models and runs, what it refuses, and that the network is right where a formula is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, texts, write_jsonl
from tagged import asked_rows
from tiny_models import build_tiny_model

import bertft
from bertft.errors import UsageError

Run = Callable[..., Said]


def described(run: Run, *words: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("info", *words, "--json").out)
    return found


def config_file(folder: Path, **settings: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def test_a_config_alone_is_enough(run: Run, tmp_path: Path) -> None:
    path = config_file(tmp_path, model_type="bert", vocab_size=30522)
    for name in (path, tmp_path):
        found = described(run, name, "--head", "sequence", "--precision", "fp32")
        assert (found["parameters"], found["counted_by"]) == (109_483_778, "formula")
        assert found["memory"]["optimizer"] == 2 * found["memory"]["weights"] == 8 * 109_483_778
    said = run("info", path).out
    assert all(words in said for words in ("V·H", "30,522·768", "109,482,240"))


def test_a_run_says_what_it_learned_from(run: Run, trained: Path) -> None:
    found = described(run, trained)
    record = json.loads((trained / "run.json").read_text(encoding="utf-8"))
    assert found["parameters"] == record["parameters"]["all"]
    assert found["notes"] == []
    assert found["run"]["rows"] == record["rows"]
    assert sorted(found["run"]["labels"]) == ["neg", "neutral", "pos"]
    scored = {
        split: score[one["main"]]
        for split, one in record["scores"].items()
        for score in [found["run"]["scores"][split]]
    }
    assert scored == {split: one["value"] for split, one in record["scores"].items()}


def test_a_run_of_pairs_has_both_heads(run: Run, tiny: str, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n\n".join("\n".join(texts(3, seed=seed)) for seed in range(12)), encoding="utf-8")
    words = ("--model", tiny, "--pair", "nsp", "--max-steps", 1, "--validation-share", 0.3, "--max-length", 32)
    run("pretrain", corpus, *words, "--precision", "fp32", "--quiet", "-o", "run")
    found = described(run, "run")
    assert found["head"] == "pretraining"
    assert found["parameters"] == recorded("run")["all"]
    assert not any("belong together" in note for note in found["notes"])


def test_a_run_that_answers_with_two_tags_is_a_tagger(run: Run, tmp_path: Path) -> None:
    """Where transformers has no class for questions."""
    data = write_jsonl(tmp_path / "train.jsonl", asked_rows(24))
    model = build_tiny_model("nomic", tmp_path / "nomic")
    words = ("--model", model, "--max-steps", 1, "--precision", "fp32", "--no-refit", "--quiet")
    run("train", data, *words, "-o", "run")
    found = described(run, "run", "--precision", "fp32")
    assert (found["head"], found["labels"]) == ("token", 2)
    assert found["parameters"] == recorded("run")["all"]
    assert not any("belong together" in note for note in found["notes"])


def test_what_a_run_froze_did_not_learn(run: Run, tiny: str, reviews: Path) -> None:
    words = ("--model", tiny, "--max-steps", 1, "--precision", "fp32", "--no-refit", "--quiet")
    run("train", reviews, *words, "--freeze", 1, "-o", "run")
    found = described(run, "run", "--precision", "fp32")
    assert found["trainable"] == recorded("run")["trainable"] < found["parameters"]
    assert found["memory"]["gradients"] == 4 * found["trainable"]


def test_a_head_on_frozen_outputs_is_all_that_learned(run: Run, tiny: str, tmp_path: Path) -> None:
    """Also where it is the network's own classifier."""
    rows = [{"tokens": text.split(), "tags": ["O"] * len(text.split())} for text in texts(20)]
    rows[0]["tags"][0] = rows[-1]["tags"][0] = "B-X"
    data = write_jsonl(tmp_path / "tagged.jsonl", rows)
    words = ("--model", tiny, "--features", "--max-steps", 1, "--precision", "fp32", "--no-refit", "--quiet")
    for name, more in (("shared", ()), ("own", ("--features-head", "mlp", "--crf"))):
        run("train", data, *words, *more, "-o", name)
        found = described(run, name)
        wanted = recorded(name)
        assert (found["parameters"], found["trainable"]) == (wanted["all"], wanted["trainable"])
        assert found["memory"] is None
        assert "Memory is counted for" in found["notes"][-1]
    assert "--batch-size is for the memory" in run("info", "own", "--batch-size", 8, ok=2).err
    assert "stayed as it was" in run("info", "own", "--freeze", 1, ok=2).err


def recorded(folder: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(Path(folder, "run.json").read_text(encoding="utf-8"))["parameters"]
    return found


def test_an_unfinished_run_is_told(run: Run, trained: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(trained, tmp_path / "copy"))
    (copy / "run.json").unlink()
    found = described(run, copy)
    assert found["run"] is None
    assert "has no run.json, which a finished run has" in found["notes"][-1]


def test_weights_that_are_not_those_of_the_config_are_told(run: Run, trained: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(trained, tmp_path / "copy"))
    config = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    (copy / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 5}), encoding="utf-8")
    (note,) = described(run, copy)["notes"]
    assert "do not belong together" in note


def test_a_family_without_formulas_is_built(run: Run, backbones: Callable[[str], Path]) -> None:
    from transformers import AutoModel

    found = described(run, backbones("mpnet"))
    assert found["counted_by"] == "building"
    assert "No formula is known of mpnet" in found["notes"][0]
    assert found["parameters"] == AutoModel.from_pretrained(backbones("mpnet")).num_parameters()


def test_a_family_that_fakes_cannot_run_says_what_is_not_counted(run: Run, tmp_path: Path) -> None:
    sizes = {"vocab_size": 100, "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    path = config_file(tmp_path, model_type="longformer", **sizes)
    found = described(run, path, "--head", "token", "--precision", "fp32")
    assert found["memory"] is found["operations"] is None
    assert found["notes"][1:] == [
        "Memory of transformers' own layers is not counted for longformer.",
        "Operations are not counted for it.",
    ]


def test_where_a_formula_does_not_hold_the_network_is_right(run: Run, tmp_path: Path) -> None:
    """A head with a matrix of its own, which no formula knows of."""
    path = config_file(tmp_path, model_type="bert", vocab_size=100, hidden_size=24, tie_word_embeddings=False)
    found = described(run, path, "--head", "mlm")
    assert found["counted_by"] == "building"
    assert {part["name"]: part["parameters"] for part in found["parts"]}["head"] == 24**2 + 3 * 24 + 100 + 25 * 100


def test_memory_follows_the_tokens_that_occur(run: Run, tiny: str) -> None:
    words = (tiny, "--head", "sequence", "--precision", "fp32", "--fast")
    whole, used = (described(run, *words, *more)["memory"] for more in ((), ("--used-tokens", 20)))
    vocabulary = json.loads((Path(tiny) / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    assert whole["gradients"] - used["gradients"] == 4 * 32 * (vocabulary - 20)
    assert used["weights"] - whole["weights"] == 4 * 32 * 20
    assert used["process"] - used["total"] > whole["process"] - whole["total"] + 4 * 32 * (
        vocabulary - 1
    )  # put together


def test_a_process_takes_more_than_its_tensors(run: Run, tiny: str) -> None:
    """By its libraries, and by a share of the larger of what comes and what goes in each step."""
    words = (tiny, "--head", "sequence", "--precision", "fp32")
    few, many = (described(run, *words, "--batch-size", count)["memory"] for count in (1000, 2000))
    assert few["activations"] > few["gradients"]
    more = few["process"] - few["total"] - few["activations"] / 4
    assert more == pytest.approx(many["process"] - many["total"] - many["activations"] / 4, abs=1)
    assert 5e8 < more < 1e9
    short = described(run, *words, "--batch-size", 1, "--length", 1)["memory"]
    assert short["gradients"] > short["activations"]
    assert short["process"] - short["total"] - short["gradients"] / 4 == pytest.approx(more, abs=1)
    assert "the whole process, about" in run("info", *words).out


def test_memory_of_fast_layers_that_nobody_counted_is_not_made_up(run: Run, backbones: Callable[[str], Path]) -> None:
    words = (backbones("modernbert"), "--head", "token", "--precision", "fp32")
    found = described(run, *words)
    assert found["memory"] is None
    assert "--no-fast counts" in found["notes"][0]
    assert described(run, *words, "--no-fast")["memory"]["layers"] == "transformers' own layers"


def test_layers_that_are_not_fast_are_measured(run: Run, tmp_path: Path) -> None:
    path = config_file(
        tmp_path, model_type="bert", vocab_size=100, hidden_size=24, hidden_act="relu", num_hidden_layers=2
    )
    assert described(run, path, "--head", "token")["memory"]["layers"] == "transformers' own layers"


def test_frozen_parts_need_no_gradients(run: Run, tiny: str) -> None:
    found = described(run, tiny, "--head", "token", "--labels", 3, "--freeze", "encoder", "--precision", "fp32")
    assert found["trainable"] == 3 * 32 + 3
    assert found["memory"]["gradients"] == 4 * found["trainable"]
    assert "trainable" in run("info", tiny, "--head", "token", "--freeze", 1).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--head", "regression"], "--head is regression: one of none, sequence"),
        (["--labels", "3"], "--labels is for --head sequence or token"),
        (["--freeze", "encoder"], "--freeze is for a model that is trained"),
        (["--head", "token", "--freeze", "7"], "Freeze at most 2"),
        (["--head", "token", "--freeze", "half"], "--freeze is half"),
        (["--head", "token", "--freeze", "²"], "--freeze is ²"),
        (["--length", "5000"], "positions for 64 tokens"),
        (["--batch-size", "0"], "--batch-size is 0"),
        (["--head", "token", "--precision", "fp16"], "--precision fp16 needs a GPU"),
        (["--head", "token", "--precision", "double"], "--precision is double"),
        (["--head", "token", "--used-tokens", "9", "--no-fast"], "--used-tokens has no effect"),
        (["--head", "token", "--used-tokens", "9000"], "--used-tokens is 9,000"),
        (["--used-tokens", "9"], "--used-tokens is for the memory"),
        (["--batch-size", "9"], "--batch-size is for the memory"),
    ],
)
def test_what_would_have_no_effect_or_makes_no_sense_is_refused(
    run: Run, tiny: str, words: list[str], said: str
) -> None:
    assert said in run("info", tiny, *words, ok=2).err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere/at/all", "no such folder"),
        ("bilstm", "Name a run of it"),
        ("tfidf", "Name a run of it"),
        ("half.json", "not a model that transformers can open"),
        ("writes.json", "a model that writes"),
        ("negative.json", "cannot be built"),
        ("groups.json", "num_hidden_groups is 0"),
    ],
)
def test_what_is_no_model_is_refused(run: Run, tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "half.json").write_text('{"model_type": "bert"', encoding="utf-8")
    (tmp_path / "writes.json").write_text('{"model_type": "gpt2"}', encoding="utf-8")
    (tmp_path / "groups.json").write_text('{"model_type": "albert", "num_hidden_groups": 0}', encoding="utf-8")
    (tmp_path / "negative.json").write_text('{"model_type": "bert", "hidden_size": -5}', encoding="utf-8")
    found = tmp_path / name if name.endswith(".json") else name
    assert said in run("info", found, ok=2).err


def test_a_run_has_a_head_of_its_own(run: Run, trained: Path) -> None:
    assert "--head and --labels" in run("info", trained, "--head", "token", ok=2).err


def test_python_describes_as_the_command_does(run: Run, trained: Path) -> None:
    found = bertft.info(trained, precision="fp32", length=50)
    assert found.as_dict() == described(run, trained, "--precision", "fp32", "--length", 50)
    with pytest.raises(UsageError, match="--head is x"):
        bertft.info(trained, head="x")
