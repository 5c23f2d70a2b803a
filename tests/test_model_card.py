"""The model card can be published as it is: valid for the Hub, true to the run, and without paths of this machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, texts, write_csv, write_jsonl
from huggingface_hub import ModelCard, metadata_load

Run = Callable[..., Said]
QUICK = ("--max-steps", 2, "--precision", "fp32", "--head-start", "random", "--no-refit", "--quiet")


def test_flags_fill_the_fields(run: Run, reviews: Path, tiny: str) -> None:
    words = ("--card-title", "Film reviews: good or bad?", "--license", "apache-2.0", "--language", "en,de")
    run("train", reviews, "--model", tiny, "-o", "run", *words, *QUICK)
    stored = metadata_load("run/README.md")
    assert stored is not None
    assert (stored["license"], stored["language"]) == ("apache-2.0", ["en", "de"])
    assert stored["model-index"][0]["name"] == "Film reviews: good or bad?"
    assert "\n# Film reviews: good or bad?\n" in ModelCard.load("run/README.md").text
    run("train", "--config", "run/plan.toml", "-o", "again", "--license", "mit")
    again = ModelCard.load("again/README.md").data.to_dict()
    assert (again["license"], again["language"]) == ("mit", ["en", "de"])


@pytest.mark.parametrize(
    ("flag", "value"), [("--license", "My License"), ("--language", "English"), ("--language", "en,")]
)
def test_what_the_hub_does_not_take_is_refused(run: Run, reviews: Path, tiny: str, flag: str, value: str) -> None:
    assert f"{flag} is {value}: " in run("train", reviews, "--model", tiny, "-o", "run", flag, value, ok=2).err


def test_a_card_without_flags_says_what_is_known(trained: Path) -> None:
    card, record = ModelCard.load(trained / "README.md"), json.loads((trained / "run.json").read_text())
    data = card.data.to_dict()
    assert not {"license", "language", "base_model"} & data.keys()
    assert "\n# run: text classification\n" in card.text
    words = "Reads `text` and answers with one of the 3 classes of `label`. It was trained on 108 rows of `train.csv`."
    assert words in card.text
    for label, row in record["scores"]["validation"]["per_class"].items():
        assert (
            f"| {label} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} | {row['support']:.0f} |"
            in card.text
        )
    accuracy = record["scores"]["validation"]["values"]["accuracy"]
    assert f"and {accuracy:.3f} of them are right" in card.text
    assert f"| 0 | 1.000 | {accuracy:.3f} |" in card.text


def test_a_card_names_no_path_of_this_machine(trained: Path) -> None:
    """The run was given absolute paths for its data, its model and its folder."""
    text = (trained / "README.md").read_text()
    assert str(trained.parent) in (trained / "run.json").read_text()
    assert [word for word in text.split() if "/" in word.strip("`'\"") and "://" not in word and word[:2] != "s/"] == [
        "examples/s",
        "tokens/s",
    ]


OF_TAGGERS = ("crf", "bilstm", "head_learning_rate", "scheme", "context")


def settings_of_card(folder: str) -> set[str]:
    table = Path(folder, "README.md").read_text().split("| setting | value |")[1].split("\n\n")[0]
    return {line.split("|")[1].strip() for line in table.splitlines()[2:]}


def test_a_card_lists_the_settings_that_meant_something(run: Run, trained: Path, tiny: str) -> None:
    rows: list[dict[str, Any]] = [
        {"tokens": text.split(), "tags": ["B-X", *["O"] * (len(text.split()) - 1)]} for text in texts(30)
    ]
    run("train", write_jsonl(Path("tagged.jsonl"), rows), "--model", tiny, "--crf", "-o", "tagger", *QUICK)
    of_tagger, of_texts = settings_of_card("tagger"), settings_of_card(str(trained))
    assert {"crf", "head_learning_rate", "overlap"} <= of_tagger
    assert not {"long", "pool", "max_answer", "few_shot"} & of_tagger
    assert {"epochs", "learning_rate", "seed", "long"} <= of_texts
    assert not {*OF_TAGGERS, "max_answer", "overlap", "few_shot"} & of_texts
    assert "gives each word one of the 3 tags of `tags`" in Path("tagger/README.md").read_text()


def test_a_number_has_no_probabilities(run: Run, tiny: str) -> None:
    rows = [(text, text.count("good") + len(text) / 100) for text in texts(40)]
    write_csv(Path("numbers.csv"), ["text", "stars"], rows)
    run("train", "numbers.csv", "--regression", "--label", "stars", "--model", tiny, "-o", "run", *QUICK)
    text = Path("run/README.md").read_text()
    assert "answers with a number, as in `stars`" in text
    assert "probabilit" not in text.lower()
