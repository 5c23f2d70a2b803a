"""Cards are read strictly: every fault is told with its file and line, and what is stored comes back equal."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import tomli_w

from bertft.errors import CardError
from bertft.kinds import KINDS, NAMED_PROBLEMS
from bertft.plan.card import Card, Columns, plain_card, read_card

SOUND = """\
name = "tickets"
summary = "Which team answers?"
kind = "text-classification"
problem = "single-label"
labels = ["billing", "other"]
metrics = ["accuracy", "f1"]
metric = "f1"

[columns]
text = ["body", "message"]
label = "team"

[label_values]
"n/a" = "other"

[recipe]
epochs = 2
warmup = 0.1

[recipe.small]
learning_rate = 1e-4

[hub]
path = "us/tickets"
train = "train"

[[references]]
model = "BERT-base"
split = "test"
scores = { f1 = 88 }
source = "a paper"
"""


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def complaint(path: str) -> str:
    with pytest.raises(CardError) as caught:
        read_card(path)
    return str(caught.value)


def test_a_sound_card_is_read_as_written(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, SOUND))
    assert card.columns == Columns(text=("body", "message"), label=("team",))
    assert (card.labels, card.label_values) == (("billing", "other"), {"n/a": "other"})
    assert (card.recipe, card.small_recipe) == ({"epochs": 2, "warmup": 0.1}, {"learning_rate": 1e-4})
    assert card.hub is not None
    assert (card.hub.name, card.hub.validation) == (None, ())
    assert card.references[0].scores == {"f1": 88}


FAULTS = {
    "a misspelt key": ("summary =", "sumary =", 2, "'sumary'. Did you mean 'summary'?"),
    "a misspelt column role": ("\nlabel = ", "\nlabels = ", 11, "'columns.labels'. Did you mean 'label'?"),
    "a misspelt setting": ("epochs =", "epoch =", 17, "'recipe.epoch'. Did you mean 'epochs'?"),
    "a setting of the run": ("epochs = 2", "seed = 2", 17, "'recipe.seed'"),
    "a misspelt small setting": ("learning_rate =", "lerning_rate =", 21, "Did you mean 'learning_rate'?"),
    "a key missing": ('kind = "text-classification"\n', "", 1, "'kind' is missing"),
    "a key missing in a table": ('text = ["body", "message"]\n', "", 9, "'columns.text' is missing"),
    "a key missing in a list": ('split = "test"\n', "", 27, "'references.0.split' is missing"),
    "a number for a name": ('"tickets"', "7", 1, "'name' is 7: a string is wanted"),
    "a string for labels": ('["billing", "other"]', '"billing"', 5, "'labels' is 'billing': a list of strings"),
    "numbers for labels": ('["billing", "other"]', "[0, 1]", 5, "'labels' is [0, 1]: a list of strings"),
    "a value for a table": ("[recipe.small]\nlearning_rate", "small", 20, "'recipe.small' is 0.0001: a table"),
    "a string for a rate": ("1e-4", '"1e-4"', 21, "'recipe.small.learning_rate' is '1e-4': a number is wanted"),
    "true for a number": ("epochs = 2", "epochs = true", 17, "'recipe.epochs' is True: a number is wanted"),
    "a fraction of a batch": ("epochs = 2", "batch_size = 2.5", 17, "'recipe.batch_size' is 2.5: a whole number"),
    "an impossible setting": ("warmup = 0.1", "warmup = 10", 18, "'recipe.warmup' is 10: a share from 0"),
    "an unknown kind": ("text-classification", "ner", 3, "'kind' is 'ner': one of text-classification"),
    "an unknown problem": ("single-label", "binary", 4, "'problem' is 'binary': one of single-label"),
    "a score that is no number": ("f1 = 88", 'f1 = "88"', 30, "'references.0.scores' is {'f1': '88'}"),
    "a metric that is not measured": (
        'metric = "f1"',
        'metric = "mcc"',
        7,
        "one of 'metrics' is wanted (accuracy, f1)",
    ),
    "an unknown metric": (
        '["accuracy", "f1"]',
        '["acuracy", "f1"]',
        6,
        "There is no metric 'acuracy' for single-label data. Did you mean 'accuracy'?",
    ),
    "a metric for two labels": ('"other"]', '"other", "more"]', 6, "'f1' is for two labels, here are 3"),
    "no problem": ('problem = "single-label"\n', "", 1, "'problem' is None with kind text-classification"),
    "a problem of another kind": ("text-classification", "fill-mask", 4, "that kind has none"),
    "no label column": ('label = "team"\n', "", 9, "'columns.label' is missing"),
    "a question without context": ("text-classification", "question-answering", 9, "'columns.text_pair' is missing"),
    "a label twice": ('["billing", "other"]', '["other", "other"]', 5, "names other more than once"),
    "one label": ('["billing", "other"]', '["other"]', 5, "two or more are wanted"),
    "a spelling of no label": ('"n/a" = "other"', '"n/a" = "misc"', 14, "is 'misc': one of 'labels' is wanted"),
    "labels in a regression": ("single-label", "regression", 5, "a regression has none"),
    "a range in a classification": ('metric = "f1"', 'metric = "f1"\nrange = [0, 5]', 8, "only a regression has one"),
    "a range upside down": ('metric = "f1"', 'metric = "f1"\nrange = [5, 0]', 8, "two numbers, the lower one first"),
    "no TOML": ('metric = "f1"', "metric = f1", 7, "not TOML"),
    "an end in the middle": ('source = "a paper"\n', 'source = """', 31, "not TOML"),
}


@pytest.mark.parametrize(("sound", "broken", "line", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_with_file_and_line(tmp_path: Path, sound: str, broken: str, line: int, words: str) -> None:
    assert sound in SOUND
    path = write(tmp_path, SOUND.replace(sound, broken, 1))
    found = [part for part in complaint(path).splitlines() if words in part]
    assert found, complaint(path)
    assert found[0].startswith(f"{path}:{line}: ")


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = write(
        tmp_path, SOUND.replace("epochs = 2", "epochs = -2").replace('"tickets"', "7").replace("path =", "pth =")
    )
    lines = [int(part.removeprefix(f"{path}:").partition(":")[0]) for part in complaint(path).splitlines()]
    assert lines == [1, 17, 23, 24]


def test_a_wrong_problem_hides_no_other_fault(tmp_path: Path) -> None:
    path = write(tmp_path, SOUND.replace('problem = "single-label"\n', "").replace('["billing", ', '["other", '))
    assert [words in complaint(path) for words in ("'problem' is None", "names other more than once")] == [True, True]


def test_a_fault_in_the_second_of_two_tables_is_told_on_its_own_line(tmp_path: Path) -> None:
    second = '\n[[references]]\nmodel = "BERT-large"\nsplit = 3\nscores = { f1 = 90 }\nsource = "a paper"\n'
    path = write(tmp_path, SOUND + second)
    assert complaint(path).startswith(f"{path}:35: 'references.1.split' is 3")


def test_a_card_that_is_not_there_or_not_utf8_is_a_card_error(tmp_path: Path) -> None:
    assert "cannot be read (No such file" in complaint(str(tmp_path / "none.toml"))
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'name = "x"\nsummary = "caf\xe9"\n')
    assert complaint(str(latin)).startswith(f"{latin}:2: not UTF-8")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert read_card(write(tmp_path, "\ufeff" + SOUND)).name == "tickets"


def test_a_card_comes_back_equal_from_toml_and_json(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, SOUND))
    assert Card.from_dict(tomllib.loads(tomli_w.dumps(card.to_dict())), "plan.toml") == card
    assert Card.from_dict(json.loads(json.dumps(card.to_dict())), "bertft.json") == card
    assert read_card(write(tmp_path, tomli_w.dumps(card.to_dict()))) == card


def test_a_stored_card_with_a_fault_names_its_file() -> None:
    stored = {**tomllib.loads(SOUND), "kind": "ner"}
    with pytest.raises(CardError, match=r"^runs/x/bertft.json: 'kind' is 'ner'"):
        Card.from_dict(stored, "runs/x/bertft.json")


@pytest.mark.parametrize("spelling", ["mse", "MSE", " Mse "])
def test_the_name_of_a_metric_is_read_in_any_spelling(tmp_path: Path, spelling: str) -> None:
    said = SOUND.replace('"single-label"', '"regression"').replace('labels = ["billing", "other"]\n', "")
    said = said.replace('[label_values]\n"n/a" = "other"\n', "")
    said = said.replace('["accuracy", "f1"]', f'["PearsonR", "{spelling}", "mse"]').replace('"f1"', f'"{spelling}"')
    card = read_card(write(tmp_path, said))
    assert (card.metric, card.metrics) == ("mse", ("pearson", "mse"))


@pytest.mark.parametrize("problem", NAMED_PROBLEMS)
def test_a_file_without_a_card_has_a_plain_one_for_each_problem(problem: str) -> None:
    card = plain_card("text-classification", problem)
    assert (card.name, card.problem, card.metric) == ("text-classification", problem, card.metrics[0])
    assert Card.from_dict(card.to_dict(), "bertft.json") == card


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "text-classification"])
def test_every_other_kind_has_a_plain_card(kind: str) -> None:
    assert plain_card(kind).kind == kind


def test_a_plain_card_takes_what_was_guessed_and_no_nonsense() -> None:
    columns = Columns(("review",), (), ("stars",))
    card = plain_card("text-classification", "regression", columns=columns, range=(1, 5))
    assert (card.columns, card.range) == (columns, (1.0, 5.0))
    with pytest.raises(CardError, match="only a regression has one"):
        plain_card("text-classification", "single-label", range=(1, 5))
    with pytest.raises(CardError, match="one of single-label"):
        plain_card("text-classification")
