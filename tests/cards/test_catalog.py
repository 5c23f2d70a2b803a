"""All cards are sound, a name means a built-in card and a path the user's, and nothing is skipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bertft.errors import CardError, InternalError
from bertft.kinds.metric_names import check_metric
from bertft.plan import catalog
from bertft.plan.card import Card
from bertft.plan.catalog import cards_folder, find_card, list_cards
from bertft.plan.recipe import PAPER_EPOCHS, PAPER_RATE, Recipe

PUBLISHED_LABELS = {
    "cola": ("unacceptable", "acceptable"),
    "mnli": ("entailment", "neutral", "contradiction"),
    "mrpc": ("not_equivalent", "equivalent"),
    "qnli": ("entailment", "not_entailment"),
    "qqp": ("not_duplicate", "duplicate"),
    "rte": ("entailment", "not_entailment"),
    "sst2": ("negative", "positive"),
    "stsb": (),
    "wnli": ("not_entailment", "entailment"),
}
MAIN_METRIC = {"cola": "mcc", "mrpc": "f1", "qqp": "f1", "stsb": "spearman"}
TSV_HEADERS = {  # of GLUE's own files; CoLA's has none
    "sst2": "sentence label",
    "mrpc": "Quality,#1 ID,#2 ID,#1 String,#2 String",
    "qqp": "id qid1 qid2 question1 question2 is_duplicate",
    "stsb": "index genre filename year old_index source1 source2 sentence1 sentence2 score",
    "mnli": "index promptID pairID genre sentence1 sentence2 label1 gold_label",
    "qnli": "index question sentence label",
    "rte": "index sentence1 sentence2 label",
    "wnli": "index sentence1 sentence2 label",
}


@pytest.mark.parametrize("name", PUBLISHED_LABELS)
def test_labels_stand_in_the_published_order(name: str) -> None:
    assert find_card(name).labels == PUBLISHED_LABELS[name]


@pytest.mark.parametrize("name", PUBLISHED_LABELS)
def test_the_main_metric_is_that_of_glue(name: str) -> None:
    assert find_card(name).metric == MAIN_METRIC.get(name, "accuracy")


HUB_TAGS = {  # of the Hub's ClassLabel, number by number
    "conll2003": "O B-PER I-PER B-ORG I-ORG B-LOC I-LOC B-MISC I-MISC",
    "msra_ner": "O B-PER I-PER B-ORG I-ORG B-LOC I-LOC",
}
OF_WORDS_AND_SPANS = {"conll2003", "msra_ner", "wnut17", "squad", "squad_v2", "cmrc2018"}


@pytest.mark.parametrize("name", HUB_TAGS)
def test_numbers_stand_for_the_tags_of_the_hub(name: str) -> None:
    from bertft.rows.labels import labels_of_card

    labels = labels_of_card(find_card(name).labels, {})
    assert [labels.spellings[str(number)] for number in range(len(labels))] == HUB_TAGS[name].split()


def test_the_metrics_of_the_cards_are_known() -> None:
    for card in list_cards():
        for metric in card.metrics:
            assert check_metric(card.problem or card.kind, metric) == metric


def test_the_list_holds_all_under_the_names_of_their_files() -> None:
    names = [card.name for card in list_cards()]
    assert sorted(names) == sorted({*PUBLISHED_LABELS, *OF_WORDS_AND_SPANS})
    assert sorted(names) == sorted(file.stem for file in cards_folder().rglob("*.toml"))


@pytest.mark.parametrize("name", TSV_HEADERS)
def test_cards_know_the_columns_of_the_original_files(name: str) -> None:
    header, card = TSV_HEADERS[name], find_card(name)
    columns = header.split("," if "," in header else " ")
    for wanted in (card.columns.text, card.columns.text_pair, card.columns.label):
        assert not wanted or set(wanted) & set(columns)


@pytest.mark.parametrize("card", list_cards(), ids=lambda card: card.name)
def test_built_in_cards_come_back_equal(card: Card) -> None:
    assert Card.from_dict(card.to_dict(), "bertft.json") == card


@pytest.mark.parametrize("card", list_cards(), ids=lambda card: card.name)
def test_references_are_scores_that_the_card_measures(card: Card) -> None:
    for reference in card.references:
        assert set(reference.scores) <= set(card.metrics)
        assert reference.source


@pytest.mark.parametrize("card", list_cards(), ids=lambda card: card.name)
def test_cards_leave_to_the_size_what_they_have_no_opinion_on(card: Card) -> None:
    """No default stands in a card. A learning rate for wide backbones comes with one for small ones, or it would hold there."""
    assert [name for name, value in card.recipe.items() if value == getattr(Recipe(), name)] == []
    assert card.recipe.get("epochs") != PAPER_EPOCHS
    assert card.recipe.get("learning_rate") != PAPER_RATE
    assert ("learning_rate" in card.recipe) == ("learning_rate" in card.small_recipe)


def test_a_bare_name_never_takes_a_file_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tasks").mkdir()
    for stray in ("mrpc", "mrpc.toml", "tasks/mrpc.toml"):
        (tmp_path / stray).write_text("a trap", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert find_card("mrpc").labels == PUBLISHED_LABELS["mrpc"]


@pytest.mark.parametrize("path", ["./mrpc.toml", "mrpc.toml", "sub/mrpc"])
def test_a_path_is_the_users_file(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    own = (
        (cards_folder() / "glue" / "mrpc.toml").read_text(encoding="utf-8").replace('name = "mrpc"', 'name = "own"', 1)
    )
    (tmp_path / path).write_text(own, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert find_card(path).name == "own"


@pytest.mark.parametrize(
    ("typed", "meant"), [("SST-2", "sst2"), ("mprc", "mrpc"), ("sts-b", "stsb"), ("mnli-mm", "mnli")]
)
def test_an_unknown_name_is_answered_with_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(CardError, match=rf"Did you mean .*{meant}.*\? .*bertft tasks lists them"):
        find_card(typed)


def test_a_broken_card_is_never_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(cards_folder(), tmp_path / "cards")
    broken = tmp_path / "cards" / "glue" / "rte.toml"
    broken.write_text("name = rte", encoding="utf-8")
    monkeypatch.setattr(catalog, "cards_folder", lambda: tmp_path / "cards")
    with pytest.raises(CardError, match=r"rte\.toml:1: not TOML"):
        list_cards()
    with pytest.raises(CardError, match=r"rte\.toml:1: not TOML"):
        find_card("rte")


def test_cards_are_looked_for_beside_the_package_and_a_strange_tasks_folder_is_left_alone(tmp_path: Path) -> None:
    package = tmp_path / "bertft"
    (tmp_path / "tasks").mkdir()
    with pytest.raises(InternalError, match="Install again"):
        cards_folder(package)
    (tmp_path / "pyproject.toml").touch()
    assert cards_folder(package) == tmp_path / "tasks"
    (package / "cards").mkdir(parents=True)
    assert cards_folder(package) == package / "cards"
