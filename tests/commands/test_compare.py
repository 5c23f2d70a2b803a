"""Runs beside each other on the same rows: what is said, what is refused, and that every figure can be counted again."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, bertft, forget_accelerator, read_csv, sentiment, texts, write_csv

from bertft.errors import UsageError
from bertft.jobs.judging.trained_in import judged_otherwise

Run = Callable[..., Said]
PLAIN = ("--precision", "fp32", "--quiet")
LEARN = ("--head-start", "random", "--precision", "fp32", "--no-refit", "--threads", 1, "--quiet")


@pytest.fixture(scope="module")
def home(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of a file, one that knows a label less, one for numbers, and files to judge them on. Never write into it."""
    home = tmp_path_factory.mktemp("compared")
    said = [(text, sentiment(text), len(text)) for text in texts(120)]
    write_csv(home / "train.csv", ["text", "label", "length"], said)
    write_csv(home / "two.csv", ["text", "label"], [row[:2] for row in said if row[1] != "neutral"])
    write_csv(home / "dev.csv", ["text", "label", "length"], [(t, sentiment(t), len(t)) for t in texts(60, seed=4)])
    with pytest.MonkeyPatch.context() as there:
        there.chdir(home)
        for name, *more in (
            ("a", "train.csv", "--epochs", 1),
            ("b", "train.csv", "--epochs", 12, "--lr", "3e-3", "--batch-size", 16),
            ("two", "two.csv", "--epochs", 1),
            ("numbers", "train.csv", "--label", "length", "--regression", "--max-steps", 1),
            ("longer", "train.csv", "--label", "length", "--regression", "--max-steps", 40, "--lr", "3e-3"),
        ):
            bertft("train", *more, "--text", "text", "--model", tiny, "-o", name, *LEARN)
    return home


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder."""
    monkeypatch.chdir(home)
    return home


def compared(run: Run, *words: object) -> dict[str, Any]:
    return json.loads(run("compare", *words, "--precision", "fp32", "--json", "--quiet").out)  # type: ignore[no-any-return]


def test_every_figure_can_be_counted_again(run: Run, here: Path, tmp_path: Path) -> None:
    found = compared(run, "a", "b", "--data", "dev.csv", "--examples", 100)
    answers = {}
    for name in ("a", "b"):
        run("predict", name, "dev.csv", "-o", tmp_path / f"{name}.csv", *PLAIN)
        answers[name] = [row["predicted_label"] for row in read_csv(tmp_path / f"{name}.csv")]
    gold = [row["label"] for row in read_csv(here / "dev.csv")]
    right = {name: [said == label for said, label in zip(answers[name], gold, strict=True)] for name in answers}
    only = [sum(x and not y for x, y in zip(right[one], right[other], strict=True)) for one, other in ("ab", "ba")]
    (difference,) = found["differences"]
    assert difference["difference"] == pytest.approx((sum(right["b"]) - sum(right["a"])) / 60)
    assert [difference["mcnemar"][key] for key in ("first_only", "other_only")] == only
    changed = difference["changed"]
    assert [changed[kind]["count"] for kind in ("broken", "fixed")] == only
    assert len(changed["fixed"]["examples"]) == only[1] > 0
    for row in changed["fixed"]["examples"]:
        line = int(row["row"].removeprefix("dev.csv:")) - 2
        assert (row["gold"], row["one"], row["other"]) == (gold[line], answers["a"][line], answers["b"][line])
        assert row["text"] == read_csv(here / "dev.csv")[line]["text"]


def test_scores_are_those_of_eval(run: Run, here: Path) -> None:
    found = compared(run, "b", "a", "--data", "dev.csv", "--metric", "f1_macro")
    for one in found["runs"]:
        alone = json.loads(run("eval", one["run"], "dev.csv", "--metric", "f1_macro", *PLAIN, "--json").out)
        assert one["scores"]["values"] == alone["values"]
        assert one["scores"]["interval"] == alone["interval"]
    assert found["metric"] == "f1_macro"


def test_without_a_file_the_runs_own_rows_count(run: Run, here: Path) -> None:
    said = run("compare", "a", "b")
    assert "validation: 12 rows" in said.out
    noted = json.loads((here / "b" / "run.json").read_text())["scores"]["validation"]["value"]
    assert f"{noted:.4f}" in said.out
    assert said.out.splitlines()[-1].startswith(("a ", "b "))


def trained_in(precision: str, folder: Path, run: str) -> Path:
    """A copy of a run that says so."""
    copy = Path(shutil.copytree(run, folder / f"{run}-{precision}"))
    for name, then, now in (
        ("plan.toml", 'precision = "fp32"', f'precision = "{precision}"'),
        ("run.json", "cpu, fp32", f"cpu, {precision}"),
    ):
        text = (copy / name).read_text()
        assert then in text
        (copy / name).write_text(text.replace(then, now))
    return copy


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_runs_are_judged_in_the_precision_of_their_training(
    run: Run, here: Path, tmp_path: Path, precision: str
) -> None:
    one, other = (trained_in(precision, tmp_path, name) for name in "ab")
    found = json.loads(run("compare", one, other, "--json", "--quiet").out)
    assert f", {precision}, " in found["machine"]
    assert found["notes"] == []


def test_a_run_that_is_judged_in_another_precision_is_named(run: Run, here: Path, tmp_path: Path) -> None:
    other = trained_in("bf16", tmp_path, "b")
    for more in ((), ("--precision", "fp32")):
        found = json.loads(run("compare", "a", other, *more, "--json", "--quiet").out)
        (note,) = found["notes"]
        now, named, then = ("fp32", str(other), "bf16") if ", fp32, " in found["machine"] else ("bf16", "a", "fp32")
        assert note.startswith(f"{named} was trained in {then} and is judged in {now} here")
    assert now == "fp32"


def test_models_of_our_own_compute_alike_in_any_precision(run: Run, here: Path, tmp_path: Path) -> None:
    other = trained_in("bf16", tmp_path, "b")
    record = json.loads((other / "run.json").read_text())
    assert len(judged_otherwise([str(other)], "cpu, fp32, 1 thread")) == 1
    (other / "run.json").write_text(json.dumps({**record, "family": "textcnn"}))
    assert judged_otherwise([str(other)], "cpu, fp32, 1 thread") == []


def test_three_runs_are_held_against_the_first(run: Run, here: Path, tmp_path: Path) -> None:
    shutil.copytree("b", tmp_path / "copy")
    found = compared(run, "a", "b", tmp_path / "copy", "--data", "dev.csv")
    one, other = found["differences"]
    assert one["difference"] == other["difference"]
    assert one["comparisons"] == 2
    (alone,) = compared(run, "a", "b", "--data", "dev.csv")["differences"]
    assert one["p"] == other["p"] == pytest.approx(min(1, 2 * alone["p"]))
    same = compared(run, "b", tmp_path / "copy", "--data", "dev.csv")["differences"][0]
    assert (same["difference"], same["p"], same["interval"]) == (0, 1, [0, 0])
    assert "have the same accuracy" in same["sentence"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a"], "One run alone has nothing to be compared with"),
        (["a", "a"], "a is the same run as a"),
        (["a", "./b/../a/", "b"], "is the same run as a"),
        (["a", "nowhere"], "no such run folder"),
        (["a", "dev.csv"], "no such run folder"),
        (["a", "numbers"], "a is for single-label, numbers for regression"),
        (["a", "two", "--data", "dev.csv"], "a knows 'neutral', two does not"),
        (["a", "two"], "pass --data FILE --unknown-labels skip"),
        (["a", "b", "--label", "length"], "--label: only for a file that is named with --data"),
        (["a", "b", "--encoding", "utf-8", "--text", "text"], "--text, --encoding: only for a file"),
        (["a", "b", "--data", "dev.csv", "--metric", "spearman"], "There is no metric 'spearman'"),
        (["a", "b", "--data", "none.csv"], "none.csv"),
        (["a", "b", "--examples", "-1"], "--examples is -1"),
        (["a", "b", "--data", "dev.csv", "--fix-answers"], "--fix-answers does not apply"),
    ],
)
def test_what_cannot_be_compared_is_refused(run: Run, here: Path, words: list[str], message: str) -> None:
    assert message in run("compare", *words, ok=2).err


def test_a_file_has_what_the_terminal_says(run: Run, here: Path, tmp_path: Path) -> None:
    for ending in ("md", "html", "json"):
        run("compare", "a", "b", "--data", "dev.csv", *PLAIN, "-o", tmp_path / f"found.{ending}")
    found = json.loads((tmp_path / "found.json").read_text())
    (difference,) = found["differences"]
    for ending in ("md", "html"):
        text = (tmp_path / f"found.{ending}").read_text()
        assert f"{found['runs'][1]['scores']['value']:.4f}" in text
        for row in difference["changed"]["fixed"]["examples"]:
            assert row["row"] in text
        assert "points of accuracy above" in text
    page = (tmp_path / "found.html").read_text()
    assert "Content-Security-Policy" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("found.txt", "a file that ends in .md, .html, .json is wanted"),
        ("nowhere/found.md", "its folder does not exist"),
        ("b/run.json", "belongs to a run"),
        ("a/README.md", "belongs to a run"),
        ("dev.json", "is the input"),
    ],
)
def test_a_place_that_is_none_is_refused(run: Run, here: Path, place: str, message: str) -> None:
    data = "dev.json" if place == "dev.json" else "dev.csv"
    if place == data:
        rows = [{"text": row["text"], "label": row["label"]} for row in read_csv(here / "dev.csv")]
        (here / data).write_text(json.dumps(rows))
    assert message in run("compare", "a", "b", "--data", data, "-o", place, ok=2).err


def test_a_page_names_no_folder_of_this_machine(run: Run, here: Path, tmp_path: Path) -> None:
    shutil.copytree("b", tmp_path / "x" / "a")
    for ending in ("md", "html"):
        words = (
            here / "a",
            tmp_path / "x" / "a",
            here / "b",
            "--data",
            here / "train.csv",
            "-o",
            tmp_path / f"out.{ending}",
        )
        run("compare", *words, *PLAIN)
        text = (tmp_path / f"out.{ending}").read_text()
        assert "train.csv:" in text
        assert "x/a is" in text
        assert str(tmp_path.parent) not in text.replace("\\", "")
        assert str(here.parent) not in text.replace("\\", "")


def test_names_and_texts_do_nothing_in_a_file(run: Run, here: Path, tmp_path: Path) -> None:
    harm = [
        "<script>alert(1)</script>",
        "| a | ![x](http://evil/x.png)",
        "[click](javascript:alert(1))",
        "\x1b[2Jred \u202e",
    ]
    write_csv(tmp_path / "<b>evil.csv", ["text", "label"], [(f"{harm[i % 4]} {i}", "pos") for i in range(8)])
    shutil.copytree("b", tmp_path / "<i>run")
    for ending in ("md", "html"):
        words = ("a", tmp_path / "<i>run", "--data", tmp_path / "<b>evil.csv", "-o", tmp_path / f"out.{ending}")
        said = run("compare", *words, *PLAIN)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", said.out)
        text = re.sub(r"\\.|`[^`\n]*`", "", (tmp_path / f"out.{ending}").read_text())
        for active in (
            "<script",
            "<i>",
            "<b>",
            "\x1b",
            "\u202e",
            *(("](javascript", "![x]") if ending == "md" else ()),
        ):
            assert active not in text, active


def test_a_program_gets_what_the_command_prints(run: Run, here: Path, tmp_path: Path, fresh_accelerator: None) -> None:
    import bertft as door

    printed = compared(run, "a", "b", "--data", "dev.csv")
    forget_accelerator()
    rows = read_csv(here / "dev.csv")
    found = door.compare(["a", Path("b")], rows, precision="fp32")
    assert found.differences[0].as_dict() == {
        key: printed["differences"][0][key] for key in found.differences[0].as_dict()
    }
    assert found.sentences == [printed["differences"][0]["sentence"]]
    assert found.changes[0].counts["fixed"] == printed["differences"][0]["changed"]["fixed"]["count"]
    with pytest.raises(UsageError, match="takes a list of runs"):
        door.compare("a", rows)
    with pytest.raises(UsageError, match="Did you mean 'encoding'"):
        door.compare(["a", "b"], rows, encodin="utf-8")


def test_a_label_that_one_run_does_not_know_counts_as_wrong_for_it(run: Run, here: Path) -> None:
    found = compared(run, "two", "a", "--data", "dev.csv", "--unknown-labels", "skip")
    gold = [row["label"] for row in read_csv(here / "dev.csv")]
    assert found["rows"] == 60
    assert found["runs"][0]["scores"]["values"]["accuracy"] <= 1 - gold.count("neutral") / 60
    assert found["differences"][0]["p"] is not None


def test_rows_that_a_run_has_learned_from_are_told(run: Run, here: Path) -> None:
    said = run("compare", "b", "a", "--data", "train.csv", "--quiet").out
    assert "b has learned from rows of train.csv" in said
    assert "a has learned from rows of train.csv" in said
    assert "has learned from" not in run("compare", "b", "a", "--data", "dev.csv", "--quiet").out


def test_a_metric_that_is_undefined_is_no_difference(run: Run, here: Path, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "one.csv", ["text", "label"], [("good film", "pos"), ("bad film", "pos")])
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = compared(run, "a", "b", "--data", data, "--metric", "roc_auc")
    assert found["differences"][0]["difference"] is found["differences"][0]["p"] is None
    assert found["differences"][0]["sentence"] == "roc_auc is undefined for a and b, so there is no difference to tell."


def test_labels_that_no_run_knows_are_shown_as_such(run: Run, here: Path, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "new.csv", ["text", "label"], [("good film", "pos"), ("bad film", "other")])
    assert "pass --unknown-labels skip" in run("compare", "a", "b", "--data", data, ok=2).err
    (difference,) = compared(run, "a", "b", "--data", data, "--unknown-labels", "skip")["differences"]
    shown = difference["changed"]["both_wrong"]["examples"]
    assert "(unknown)" in {row["gold"] for row in shown}


def test_a_run_without_its_record_needs_a_file(run: Run, here: Path, tmp_path: Path) -> None:
    bare = shutil.copytree("b", tmp_path / "two\nlines")
    (bare / "run.json").unlink()
    assert "no run.json that tells which rows judged it" in run("compare", "a", bare, ok=2).err
    said = run("compare", "a", bare, "--data", "dev.csv", *PLAIN).out
    assert "unknown" in said
    assert "two\\nlines" in said.splitlines()[-1]


@pytest.mark.parametrize("timings", [{"train": 7}, {"train": {"seconds": "x"}}, {"train": {"seconds": 1e200}}])
def test_a_time_that_is_none_is_unknown(run: Run, here: Path, tmp_path: Path, timings: object) -> None:
    other = shutil.copytree("b", tmp_path / "other")
    record = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps({**record, "timings": timings, "device": 7}))
    assert "unknown" in run("compare", "a", other, "--data", "dev.csv", *PLAIN).out


@pytest.mark.parametrize("part", ["rows", "timings", "trust"])
def test_a_damaged_record_is_told(run: Run, here: Path, tmp_path: Path, part: str) -> None:
    other = shutil.copytree("b", tmp_path / "other")
    record = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps({**record, part: [7]}))
    assert f"'{part}' is damaged" in run("compare", "a", other, "--data", "dev.csv", ok=2).err


@pytest.mark.parametrize("name", ["bertft.json", "run.json"])
def test_a_file_of_a_run_that_no_parser_can_follow_is_damaged(run: Run, here: Path, tmp_path: Path, name: str) -> None:
    other = shutil.copytree("b", tmp_path / "other")
    (other / name).write_text("[" * 200_000)
    assert name in run("compare", "a", other, "--data", "dev.csv", ok=2).err


def test_numbers_are_told_in_their_own_unit(run: Run, here: Path) -> None:
    words = ("numbers", "longer", "--data", "dev.csv", "--metric", "mae", "--examples", 60)
    found = compared(run, *words)
    one, other = (side["scores"]["values"]["mae"] for side in found["runs"])
    (difference,) = found["differences"]
    assert difference["difference"] == pytest.approx(other - one)
    assert other < one - 0.1
    assert difference["sentence"].startswith(f"longer is better than numbers by {one - other:.2g} of mae, ")
    assert "points" not in run("compare", *words, *PLAIN).out
    for row in difference["changed"]["closer"]["examples"]:
        assert abs(float(row["other"]) - float(row["gold"])) < abs(float(row["one"]) - float(row["gold"]))
