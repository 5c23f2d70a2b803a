"""What a page says of single rows: the right ones, in the right order, with places in their texts as the file has them."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import Said, build_tokenizer, write_csv, write_jsonl

from bertft.adapters import Options, Prediction, adapter_for
from bertft.adapters.questions.best_answers import Candidate, Found
from bertft.adapters.tagging.best_tags import Tagging
from bertft.engine.examples import gather
from bertft.gold import learn_task
from bertft.jobs.judging.judged import JudgedRows
from bertft.jobs.judging.wrong_rows import SHOWN, row_sections
from bertft.plan.card import plain_card
from bertft.rows.fields import Fields
from bertft.rows.row import Row

Run = Callable[..., Said]
LABELS = ("<b>odd</b>", "neg", "pos")


def judged_of(kind: str, problem: str | None, cells: Sequence[dict[str, Any]], *, pair: str | None = None) -> Any:
    """Rows of a task, and what predicts nothing yet; the network has no words to weigh."""
    rows = [Row(i, f"folder/x.csv:{i + 2}", cell) for i, cell in enumerate(cells)]
    card, fields, options = plain_card(kind, problem), Fields("text", pair, ("label",)), Options(max_length=64)
    reader = learn_task(card, fields, options, rows)
    adapter = adapter_for(card, reader.labels, fields, build_tokenizer("bert"), options, **reader.learned)
    examples = gather(adapter, reader.for_file(rows), rows, "x.csv", unknown="skip", learning=False)
    still = SimpleNamespace(unwrap_model=lambda network: network, device=None)
    answerer: Any = SimpleNamespace(adapter=adapter, network=object(), accelerator=still)
    return lambda predictions: JudgedRows("run", "x.csv", answerer, rows, examples, predictions, None)  # type: ignore[arg-type]


def page_of(judged: JudgedRows) -> dict[str, str]:
    """Title -> markup, of the sections that say something."""
    return {section.title: section.body for section in row_sections(judged, own=True) if section.body}


def words_of(markup: str) -> str:
    """What a reader sees."""
    return unescape(re.sub("<[^>]*>", "", markup))


def sure_of(label: int, probability: float = 0.9) -> Prediction:
    values = np.full(len(LABELS), (1 - probability) / (len(LABELS) - 1))
    values[label] = probability
    return Prediction(values)


def test_errors_stand_in_the_order_of_errors_csv(run: Run, trained: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(trained, tmp_path / "run"))
    run("report", folder)
    text = (folder / "report.html").read_text(encoding="utf-8")
    section = text.split("Most confident errors</h2>")[1].split("<h2>")[0]
    with (folder / "errors.csv").open(encoding="utf-8", newline="") as file:
        wanted = [Path(row["row"]).name for row in csv.DictReader(file)]
    assert re.findall(r"train\.csv:\d+", section) == wanted[:SHOWN]
    errors = [float(found) for found in re.findall(r"completeness error ([\d.]+)%", section)]
    assert len(errors) == len(wanted[:SHOWN])
    assert max(errors) < 5


def test_a_report_is_the_same_every_time(run: Run, trained: Path) -> None:
    rows = [("good film", "neg"), ("awful <script>dish</script>", "pos"), ("bad \u202eelif", "pos")]
    write_csv(Path("other.csv"), ["text", "label"], rows)
    for name in ("one.html", "two.html"):
        run("report", trained, "--data", "other.csv", "-o", name)
    pages = [Path(name).read_text(encoding="utf-8") for name in ("one.html", "two.html")]
    one, two = (page.split("Most confident errors</h2>")[1].split("</section>")[0] for page in pages)
    assert one == two
    assert "completeness error" in one
    assert "<script>" not in one


def test_a_wrong_label_is_named_and_what_it_likely_is() -> None:
    cells = [{"text": f"good film {i}", "label": LABELS[i % 3]} for i in range(60)]
    predictions = [sure_of(2 if i == 10 else i % 3) for i in range(60)]
    cells[10] = {"text": "<script>alert(1)</script> \u05e9\u05dc\u05d5\u05dd e\u0301 👩\u200d🚒", "label": LABELS[0]}
    found = page_of(judged_of("text-classification", "single-label", cells)(predictions))
    assert list(found) == ["Most confident errors", "Labels to check", "Most confused pairs"]
    text = words_of(found["Labels to check"])
    assert "1 label in 60 rows" in text
    assert "Labelled '<b>odd</b>'; 'pos' is more probable (by 0.85). x.csv:12" in text
    assert "<script" not in found["Labels to check"]
    assert "<script>alert(1)</script>" in text
    assert "\u05e9\u05dc\u05d5\u05dd e\u0301 👩\u200d🚒" in text
    assert "pos instead of <b>odd</b>, probability 0.900. x.csv:12" in words_of(found["Most confident errors"])


def test_a_run_with_folds_has_its_training_rows_checked(run: Run, trained: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(trained, tmp_path / "run"))
    names = json.loads((folder / "bertft.json").read_text())["labels"]["names"]
    lines: list[dict[str, Any]] = []
    for i in range(30):
        gold = names[0] if i == 7 else names[i % 2]
        said = {name: 0.9 if name == names[i % 2] else 0.05 for name in names}
        line = {
            "row": f"a/b.csv:{i + 2}",
            "fold": 1,
            "text": f"row <{i}>",
            "label": gold,
            "gold": gold,
            "prediction": said,
        }
        lines.append(line)
    write_jsonl(folder / "out-of-fold.jsonl", lines)
    run("report", folder)
    section = (
        (folder / "report.html").read_text(encoding="utf-8").split("Labels to check</h2>")[1].split("</section>")[0]
    )
    text = words_of(section)
    assert "1 label in 30 training rows" in text
    assert f"Labelled '{names[0]}'; '{names[1]}' is more probable (by 0.85). b.csv:9" in text
    assert "row <7>" in text
    for damaged in ("", "{", "[]", '{"gold": 1}', '{"gold": "pos", "prediction": {"pos": "x"}}'):
        (folder / "out-of-fold.jsonl").write_text(damaged)
        run("report", folder)
        assert "out-of-fold.jsonl of the run is damaged" in (folder / "report.html").read_text(encoding="utf-8")


def test_labels_too_many_and_missing_are_told_apart() -> None:
    sets = [["pos"], ["neg"], ["neg", "pos"], ["<b>odd</b>"]]
    cells = [{"text": f"good film {i}", "label": sets[i % 4]} for i in range(80)]
    judged = judged_of("text-classification", "multi-label", cells)([])
    predictions = [Prediction(np.where(np.asarray(target[:-1]) > 0, 0.9, 0.05)) for target in judged.targets]
    names = judged.adapter.labels.names
    predictions[5].values[names.index("pos")] = 0.95
    predictions[8].values[names.index("pos")] = 0.05
    text = words_of(page_of(judged_of("text-classification", "multi-label", cells)(predictions))["Labels to check"])
    assert "2 labels in 80 rows" in text
    assert "Labelled without 'pos'; 'pos' seems to be missing (by 0.90). x.csv:7" in text
    assert "Labelled 'pos'; 'pos' seems to be wrong (by 0.90). x.csv:10" in text


def test_errors_of_numbers_say_how_far_off_they_are() -> None:
    cells = [{"text": "good film", "label": str(i)} for i in range(4)]
    predictions = [Prediction(np.asarray([i + (2.5 if i == 2 else 0.0)])) for i in range(4)]
    text = words_of(
        page_of(judged_of("text-classification", "regression", cells)(predictions))["Most confident errors"]
    )
    assert "1 row of 4 went wrong" in text
    assert "4.5 instead of 2, off by 2.5. x.csv:4" in text


def test_large_numbers_are_shown_down_to_their_error() -> None:
    cells = [{"text": "good film", "label": str(250_663.4 + i)} for i in range(4)]
    predictions = [Prediction(np.asarray([250_884.0 if i == 0 else 250_663.4 + i])) for i in range(4)]
    text = words_of(
        page_of(judged_of("text-classification", "regression", cells)(predictions))["Most confident errors"]
    )
    assert "250884 instead of 250663, off by 221. x.csv:2" in text


SENTENCE = ["Zo\u00eb", "e\u0301t\u00e9", "\u05e9\u05dc\u05d5\u05dd", "👩\u200d🚒", "Bell", "<i>"]


def tagged(predicted: Sequence[Sequence[str]], gold: Sequence[Sequence[str]]) -> dict[str, str]:
    cells = [{"text": SENTENCE, "label": list(tags)} for tags in gold]
    judged_by = judged_of("token-classification", None, cells)
    names = judged_by([]).adapter.labels.names
    return page_of(
        judged_by(
            [
                Prediction(Tagging(np.asarray([names.index(tag) for tag in tags]), np.ones(len(tags))))
                for tags in predicted
            ]
        )
    )


def test_each_kind_of_wrong_entity_is_shown_in_its_sentence() -> None:
    gold = [
        ["B-P", "I-P", "O", "O", "O", "O"],
        ["O", "O", "B-L", "O", "O", "O"],
        ["O", "O", "O", "B-P", "O", "O"],
        ["O"] * 6,
    ]
    said = [
        ["B-P", "O", "O", "O", "O", "O"],
        ["O", "O", "B-P", "O", "O", "O"],
        ["O"] * 6,
        ["O", "O", "O", "O", "O", "B-L"],
    ]
    found = tagged(said, gold)["Wrong entities"]
    text = words_of(found)
    assert "4 in 4 sentences" in text
    for kind in ("Boundary", "Type", "Missed", "Spurious"):
        assert f"{kind}: 1, of which 1 shown" in text
    found = re.sub("<small>.*?</small>", "", found)
    marks = [(shades, unescape(inner)) for shades, inner in re.findall(r'<mark class="([a-z ]+)">(.*?)</mark>', found)]
    assert marks[2:] == [
        *(("gold said", SENTENCE[0]), ("gold", f" {SENTENCE[1]}")),
        *(("gold said", SENTENCE[2]), ("gold", SENTENCE[3]), ("said", "<i>")),
    ]
    assert "P (gold)" in text
    assert "P (predicted)" in text


def test_right_entities_need_no_section() -> None:
    gold = [["B-P", "I-P", "O", "O", "O", "O"]] * 3
    assert "Wrong entities" not in tagged(gold, gold)


def answered(context: str, gold: tuple[list[str], list[int]], said: tuple[int, int] | None) -> dict[str, str]:
    cell = {"text": "who?", "other": context, "label": {"text": gold[0], "answer_start": gold[1]}}
    spare = {"text": "who?", "other": "Bell", "label": {"text": [], "answer_start": []}}
    best = [Candidate(context[slice(*said)], *said, 0.75)] if said else []
    predictions = [Prediction(Found(tuple(best), -1.0 if said else 1.0, 0.2)), Prediction(Found((), 1.0, 0.9))]
    return page_of(judged_of("question-answering", None, [cell, spare], pair="other")(predictions))


def test_a_wrong_answer_is_marked_in_its_context() -> None:
    context = "e\u0301te\u0301 👩\u200d🚒 <b>Anna</b> and Bell met"
    start, wrong = context.index("Anna"), context.index("Bell")
    found = answered(context, (["Anna"], [start]), (wrong, wrong + 4))["Wrong answers"]
    assert "1 question of 2" in words_of(found)
    assert "Bell (probability 0.75) instead of Anna. x.csv:2" in words_of(found)
    assert re.findall(r'<mark class="([a-z ]+)">(.*?)</mark>', found)[2:] == [
        ("gold", "Anna<small>gold</small>"),
        ("said", "Bell<small>predicted</small>"),
    ]


@pytest.mark.parametrize(
    ("gold", "said", "words"),
    [
        ((["Anna"], [0]), None, "no answer (probability 0.20) instead of Anna"),
        (([], []), (0, 4), "Anna (probability 0.75) instead of no answer"),
    ],
)
def test_no_answer_is_an_answer(gold: Any, said: Any, words: str) -> None:
    assert words in words_of(answered("Anna met Bell", gold, said)["Wrong answers"])


def test_scores_by_length_are_those_of_their_rows() -> None:
    cells = [{"text": " ".join(["good"] * (1 + i // 30)), "label": LABELS[i % 3]} for i in range(150)]
    predictions = [sure_of(i % 3 if i < 120 else (i + 1) % 3) for i in range(150)]
    found = page_of(judged_of("text-classification", "single-label", cells)(predictions))["Score by length"]
    text = words_of(found.replace("</td>", " "))
    assert "3 30 1.0000" in text
    assert "7 30 0.0000" in text
