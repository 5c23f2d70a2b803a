"""`bertft check`: every kind of fault is found where it was put, with its file and line, and nothing else is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, write_csv, write_jsonl

import bertft
from bertft.checking.finding import KINDS
from bertft.errors import UsageError

Run = Callable[..., Said]
NOUNS = (
    *("river", "market", "engine", "garden", "window", "letter", "bridge", "island"),
    *("doctor", "kitchen", "mountain", "library", "station", "painter", "harbour"),
)
VERBS = (
    *("opened", "crossed", "painted", "repaired", "noticed"),
    *("described", "counted", "borrowed", "watched", "followed"),
)


def sentences(count: int) -> list[str]:
    """All different, and no two nearly the same."""
    made = []
    for n in range(count):
        a, b, c = NOUNS[n % 15], VERBS[n // 15 % 10], NOUNS[(7 * n + n // 15) % 15]
        made.append(f"number {n * 7919} says that the {a} {b} one {c} before {n * 104729} o'clock")
    return made


def checked(run: Run, *words: object) -> dict[str, Any]:
    return dict(json.loads(run("check", *words, "--json").out))


def kinds(found: dict[str, Any]) -> dict[str, int]:
    return {finding["kind"]: finding["count"] for finding in found["findings"]}


def rows(count: int = 60) -> list[list[str]]:
    return [[text, ["pos", "neg"][n % 2]] for n, text in enumerate(sentences(count))]


def test_a_clean_file_has_no_findings(run: Run, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "train.csv", ["text", "label"], rows())
    found = checked(run, data, "--strict")
    assert found["findings"] == []
    assert found["rows"] == {str(data): 60}
    assert found["labels"] == {str(data): {"pos": 30, "neg": 30}}
    assert "Nothing was found." in run("check", data).out


def test_every_finding_names_file_and_line(run: Run, tmp_path: Path) -> None:
    made = rows()
    made[3][0] = ""
    made[4][1] = ""
    made[10] = list(made[5])
    made[11][0] = made[6][0].upper() + " "
    made[12][0] = made[7][0].replace("number", "numbers")
    made[13][0] += " <br /> and &amp; more"
    made[14][0] += " cafÃ©"
    made[15][0] += " a\x07bell"
    made[16][0] += "   three spaces"
    made[17][1] = "rare"
    made[18][1] = "Pos"
    train = write_csv(tmp_path / "train.csv", ["text", "label"], made)
    test = write_csv(
        tmp_path / "test.csv", ["text", "label"], [made[20], ["a text that stands nowhere else at all", "new"]]
    )
    found = checked(run, train, "--test", test)
    lines = {one["kind"]: [place["line"] for place in one["examples"]] for one in found["findings"]}
    assert lines == {
        **{"empty_text": [5], "empty_label": [6], "unknown_label": [3]},
        **{"duplicate": [12], "near_duplicate": [14], "leak": [2], "conflicting_labels": [8, 13]},
        **{"rare_label": [None, None], "label_in_one_split": [None] * 4, "label_spelling": [None], "imbalance": [None]},
        **{"markup": [15], "mojibake": [16], "control_character": [17], "whitespace": [18]},
    }
    assert {place["file"] for one in found["findings"] for place in one["examples"]} == {str(train), str(test)}
    assert all(
        one["advice"] == KINDS[one["kind"]][1] and one["count"] >= len(one["examples"]) for one in found["findings"]
    )


def test_the_documentation_has_every_kind() -> None:
    page = (Path(__file__).parents[2] / "docs" / "checking.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(\w+)`", page)) >= KINDS.keys()


def test_strict_is_1_where_something_is_found(run: Run, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "train.csv", ["text", "label"], [*rows(), rows()[0]])
    assert "Rows that repeat an earlier row: 1" in run("check", data).out
    assert "1 finding." in run("check", data, "--strict", ok=1).out


def test_counts_are_those_of_brute_force(run: Run, tmp_path: Path) -> None:
    """A hundred rows drawn from thirty, with labels drawn from three."""
    made = [[sentences(30)[n * n % 30], "abc"[n * 7 % 3]] for n in range(100)]
    data = write_csv(tmp_path / "train.csv", ["text", "label"], made)
    pairs = Counter(map(tuple, made))
    labels: dict[str, set[str]] = {}
    for text, label in made:
        labels.setdefault(text, set()).add(label)
    found = kinds(checked(run, data))
    assert found["duplicate"] == sum(count - 1 for count in pairs.values())
    assert found["conflicting_labels"] == sum(len(labels[text]) > 1 for text, _ in made)


def test_texts_beyond_the_limit_are_measured(run: Run, tmp_path: Path) -> None:
    made = rows()
    made[2][0] = " ".join(sentences(12))
    data = write_csv(tmp_path / "train.csv", ["text", "label"], made)
    assert kinds(checked(run, data, "--model", "minilm", "--max-length", 64)) == {"too_long": 1}
    assert kinds(checked(run, data, "--model", "minilm")) == {}
    said = run("check", data, "--model", "some/model-that-is-not-here").out
    assert "Lengths were not measured: there is no tokenizer.json of some/model-that-is-not-here" in said
    said = run("check", data, "--model", "textcnn").out
    assert "Lengths were not measured: textcnn learns its words from the training rows." in said


def test_pairs_are_compared_as_pairs(run: Run, tmp_path: Path) -> None:
    texts = sentences(60)
    made = [[texts[n // 2], texts[59 - n], n % 2] for n in range(60)]
    data = write_csv(tmp_path / "train.csv", ["sentence1", "sentence2", "label"], [*made, made[0]])
    found = kinds(checked(run, data))
    assert (found["duplicate"], found.get("conflicting_labels")) == (1, None)


def test_tags_and_spans(run: Run, tmp_path: Path) -> None:
    words = [text.split() for text in sentences(40)]
    tagged = [{"tokens": one, "tags": ["B-X", "I-X", *["O"] * (len(one) - 2)]} for one in words]
    tagged[4]["tags"] = ["O", "I-X", *["O"] * (len(words[4]) - 2)]
    found = checked(run, write_jsonl(tmp_path / "tags.jsonl", tagged))
    assert [(one["kind"], one["examples"][0]["line"]) for one in found["findings"]] == [("illegal_tags", 5)]
    assert found["findings"][0]["examples"][0]["note"] == "I-X after O, word 2"
    spans = [{"text": text, "entities": [{"start": 0, "end": 6, "label": "X"}]} for text in sentences(40)]
    spans[3]["entities"] = [{"start": 0, "end": 7, "label": "X"}]
    spans[5]["entities"] = [{"start": 0, "end": 12, "label": "X"}, {"start": 7, "end": 16, "label": "Y"}]
    found = checked(run, write_jsonl(tmp_path / "spans.jsonl", spans))
    lines = {one["kind"]: [place["line"] for place in one["examples"]] for one in found["findings"]}
    assert (lines["span_with_spaces"], lines["crossing_spans"]) == ([4], [6])


def test_answers_that_are_not_there(run: Run, tmp_path: Path) -> None:
    texts = sentences(40)
    nowhere = {"text": ["says"], "answer_start": [0]}
    made = [{"question": f"What does {text[:14]} say?", "context": text, "answers": dict(nowhere)} for text in texts]
    for row in made[1:]:
        row["answers"]["answer_start"] = [row["context"].index("says")]
    data = write_jsonl(tmp_path / "qa.jsonl", made)
    found = checked(run, data)
    assert [(one["kind"], one["examples"][0]["line"]) for one in found["findings"]] == [("answer_not_found", 1)]
    assert kinds(checked(run, data, "--fix-answers")) == {"mended": 1}


@pytest.mark.parametrize("column", ["label", "nothing"])
def test_what_cannot_be_trained_on_is_one_message(run: Run, tmp_path: Path, column: str) -> None:
    data = write_csv(tmp_path / "train.csv", ["text", "label"], [[text, "pos"] for text in sentences(10)])
    said = run("check", data, "--label", column, ok=2)
    assert "nothing to tell apart" in said.err or "no column 'nothing'" in said.err
    assert not said.out


def test_rows_that_training_would_refuse_are_findings(run: Run, tmp_path: Path) -> None:
    made = [{"text": text, "label": ["a", "b"][n % 2]} for n, text in enumerate(sentences(40))]
    train = write_jsonl(tmp_path / "train.jsonl", made)
    test = write_jsonl(tmp_path / "test.jsonl", [{"text": "a text of its own here", "label": {"a": 0.5}}])
    found = checked(run, train, "--test", test)
    assert [(one["kind"], one["examples"][0]["line"]) for one in found["findings"]][:1] == [("unreadable", 1)]


@pytest.mark.parametrize("apart", [True, False])
def test_train_says_how_many_validation_rows_it_learns_from(run: Run, tmp_path: Path, tiny: str, apart: bool) -> None:
    train = write_csv(tmp_path / "train.csv", ["text", "label"], rows())
    shared = [] if apart else [[text.upper(), label] for text, label in rows()[:2]]
    other = [[text + " again", label] for text, label in rows()[:8]]
    validation = write_csv(tmp_path / "dev.csv", ["text", "label"], [*other, *shared])
    quick = ("--max-steps", 1, "--precision", "fp32", "--head-start", "random", "-q")
    said = run("train", train, "--validation", validation, "--model", tiny, "-o", "run", *quick)
    assert ("Of 10 validation rows 2 have a text that is learned from too" in said.err) != apart


def test_train_counts_repeats_and_conflicts_as_check_does(run: Run, tmp_path: Path, tiny: str) -> None:
    made = [[sentences(30)[n * n % 30], "abc"[n * 7 % 3]] for n in range(60)]
    data = write_csv(tmp_path / "train.csv", ["text", "label"], made)
    quick = ("--model", tiny, "-o", "run", "--max-steps", 1, "--precision", "fp32", "--head-start", "random")
    found, said = kinds(checked(run, data)), run("train", data, *quick, "--no-refit").err
    repeats, conflicts = found["duplicate"], found["conflicting_labels"]
    odd = f"{repeats} repeat an earlier one, {conflicts} have a text with another label elsewhere"
    assert f"Of 60 training rows {odd} (bertft check shows them)." in said
    clean = write_csv(tmp_path / "clean.csv", ["text", "label"], rows(20))
    assert "bertft check" not in run("train", clean, *quick, "--no-refit", "--overwrite").err


def test_a_program_gets_what_the_command_prints(run: Run, tmp_path: Path) -> None:
    made = [{"text": text, "label": label} for text, label in rows()]
    made[5]["text"] = made[3]["text"]
    for number, name in ((2, "train"), (0, "dev")):
        write_csv(tmp_path / f"{name}.csv", ["text", "label"], [list(row.values()) for row in made[: number * 30 or 4]])
    files = tmp_path / "train.csv", tmp_path / "dev.csv"
    printed = checked(run, files[0], "--validation", files[1])
    for data, validation in (files, (made, made[:4])):
        found = bertft.check(data, validation=validation)
        assert {one.kind: one.count for one in found.findings} == kinds(printed)
    assert kinds(printed)["leak"] == 4
    with pytest.raises(UsageError, match="There is no setting 'epochs' here"):
        bertft.check(made, epochs=3)
    with pytest.raises(UsageError, match="--fix-answers is for question-answering"):
        bertft.check(made, fix_answers=True)


@pytest.mark.parametrize(
    ("words", "reason"),
    [(("--separator", ";"), "--separator parts"), (("--fix-answers",), "--fix-answers is for question-answering")],
)
def test_a_flag_without_effect_is_refused_as_by_train(run: Run, tmp_path: Path, words: tuple[str], reason: str) -> None:
    data = write_csv(tmp_path / "train.csv", ["text", "label"], rows(20))
    said = [run(verb, data, *words, ok=2).err.splitlines()[-1] for verb in ("check", "train")]
    assert said[0] == said[1]
    assert said[0].startswith(f"Error: {reason}")
