"""`bertft report`: one file that needs nothing, says what was judged, and obeys nothing that the run brought."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Said, sentiment, texts, write_csv

from bertft.checking.finding import Checked
from bertft.jobs.requests import TrainRequest

Run = Callable[..., Said]


@pytest.fixture
def own(trained: Path, tmp_path: Path) -> Path:
    """A run that may be written into, with its data where they were."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def page(path: str | Path) -> str:
    return Path(path).read_text(encoding="utf-8")


def test_the_page_stands_in_the_run_folder_and_has_its_scores(run: Run, own: Path) -> None:
    assert run("report", "run").out.strip() == "run/report.html"
    found = json.loads((own / "run.json").read_text())["scores"]["validation"]
    text = page("run/report.html")
    assert f"{found['value']:.4f}" in text
    assert "{:.4f} to {:.4f}".format(*found["interval"]) in text
    assert "also chose the best epoch" in text


def test_another_file_is_judged_and_written_elsewhere(run: Run, own: Path) -> None:
    rows = [(text, sentiment(text)) for text in texts(50, seed=4)]
    write_csv(Path("other.csv"), ["review", "label"], rows)
    run("report", "run", "--data", "other.csv", "--text", "review", "-o", "other.html")
    value = json.loads(run("eval", "run", "other.csv", "--text", "review", "--json").out)["value"]
    assert f"{value:.4f}" in page("other.html")
    assert "also chose the best epoch" not in page("other.html")
    assert "has learned from these rows" not in page("other.html")
    assert not (own / "report.html").exists()


def test_rows_that_the_run_has_seen_before_are_told(run: Run, own: Path, reviews: Path) -> None:
    record = json.loads((own / "run.json").read_text())
    digest, learned, chose = (
        record["data"]["train"]["sha256"],
        "has learned from these rows",
        "also chose the best epoch",
    )
    for split, refitted, told, untold in (
        ("train", False, learned, chose),
        ("train 2", False, learned, chose),
        ("validation", False, chose, learned),
        ("validation", True, learned, chose),
    ):
        data = {"train": {"path": "x", "sha256": "0"}, split: {"path": "x", "sha256": digest}}
        (own / "run.json").write_text(json.dumps({**record, "data": data, "refitted": refitted}))
        run("report", "run", "--data", reviews)
        assert told in page("run/report.html"), split
        assert untold not in page("run/report.html"), split


def test_the_page_loads_nothing_and_names_no_folder_of_this_machine(
    run: Run, trained: Path, own: Path, tmp_path: Path
) -> None:
    run("report", "run")
    text = page("run/report.html").replace('xmlns="http://www.w3.org/2000/svg"', "")  # a name, not a link
    assert not re.search(r"<(script|link|img|iframe|base|form)|\b(src|href)\s*=\s*\"[^#]|url\(|@import|//", text)
    assert "default-src" in text
    assert "plan.toml -o OTHER_FOLDER" in text
    for folder in (tmp_path, trained.parent, tmp_path.parent, trained.parent.parent):
        assert str(folder) not in text


def test_data_that_are_gone_are_named_without_their_folder(run: Run, reviews: Path, own: Path, tmp_path: Path) -> None:
    plan = own / "plan.toml"
    plan.write_text(re.sub(r'train = ".*"', f'train = "{tmp_path}/run/plan.tom"', plan.read_text()))
    run("report", "run", "--data", reviews)
    assert "were not checked: <bdi>plan.tom" in page("run/report.html")
    assert str(tmp_path) not in page("run/report.html")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing"], "missing: no such run folder."),
        (["."], "no run.json"),
        (["run", "-o", "."], "a folder. Name a file with -o"),
        (["run", "-o", "nowhere/a.html"], "its folder does not exist. Name a file with -o"),
        (["run", "-o", "run/run.json"], "a page is an HTML file"),
        (["run", "--plots", "run/run.json"], "not a folder"),
        (["run", "--text", "x"], "--text: only with --data"),
        (["run", "--metric", "f2"], "There is no metric 'f2'"),
        (["run", "--no-header"], "--no-header: only with --data"),
        (["run", "--data", "none.csv"], "none.csv"),
    ],
)
def test_what_cannot_be_reported_is_said_in_a_sentence(run: Run, own: Path, words: list[str], said: str) -> None:
    heard = run("report", *words, ok=None)
    assert heard.code == 2
    assert said in heard.err
    assert not list(Path().glob("**/*.html"))


def test_a_run_whose_data_are_gone_asks_for_a_file(run: Run, reviews: Path, own: Path) -> None:
    plan = own / "plan.toml"
    plan.write_text(re.sub(r'train = ".*"', 'train = "gone.csv"', plan.read_text()))
    heard = run("report", "run", ok=2)
    assert "gone.csv" in heard.err
    assert "--data" in heard.err
    run("report", "run", "--data", reviews)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_file_is_judged_in_the_precision_that_was_asked_for(
    own: Path, reviews: Path, precision: str, monkeypatch: pytest.MonkeyPatch, fresh_accelerator: None
) -> None:
    import bertft
    from bertft.jobs.judging import report as job

    used = []
    outcome = job._outcome
    monkeypatch.setattr(
        job, "_outcome", lambda *a: used.append(a[2].answerer.accelerator.mixed_precision) or outcome(*a)
    )
    bertft.write_report(own, reviews, precision=precision, output="x.html")
    assert used == [{"fp32": "no"}.get(precision, precision)]


@pytest.mark.parametrize("part", ["rows", "timings", "versions", "reference", "best_step"])
def test_a_damaged_record_is_said_in_a_sentence(run: Run, own: Path, part: str) -> None:
    record = json.loads((own / "run.json").read_text())
    (own / "run.json").write_text(json.dumps({**record, part: ["x"]}))
    assert f"'{part}' is damaged" in run("report", "run", ok=2).err


def test_a_line_of_the_history_that_no_parser_can_follow_is_left_out(run: Run, own: Path) -> None:
    with (own / "history.jsonl").open("a") as file:
        file.write("[" * 200_000 + "\n")
    run("report", "run")
    assert "Training loss" in page("run/report.html")


def test_odd_values_in_the_record_are_shown_as_they_are(run: Run, own: Path) -> None:
    record = json.loads((own / "run.json").read_text())
    odd = {
        "rows": {"train": None},
        "timings": {"train": 7},
        "finished": 5,
        "seed": "x",
        "steps": None,
        "backbone": None,
    }
    (own / "run.json").write_text(json.dumps({**record, **odd}))
    run("report", "run")
    assert "training rows unknown" in page("run/report.html")


def test_a_program_writes_the_same_page(run: Run, own: Path) -> None:
    import bertft

    rows = [{"text": text, "label": sentiment(text)} for text in texts(20, seed=6)]
    done = bertft.write_report(own, rows, output="rows.html", plots="plots")
    assert done.path == Path("rows.html")
    assert "rows of a program" in page("rows.html")
    assert {path.name for path in done.plots} >= {
        "loss.svg",
        "confusion.svg",
        "roc.svg",
        "reliability.svg",
        "coverage.svg",
    }
    assert all(path.is_file() for path in done.plots)


def test_what_was_fitted_on_the_rows_of_the_page_is_said(run: Run, own: Path) -> None:
    record = json.loads((own / "run.json").read_text())
    expected = {"split": "validation", "rows": 12, "errors": 1, "low": 20, "high": 300}
    fitted = {"split": "validation", "rows": 12, "before": 0.2, "after": 0.1, "how": "temperature 2.0"}
    trust = {"calibration": fitted, "expected_errors": expected}
    (own / "run.json").write_text(json.dumps({**record, "trust": trust}))
    run("report", "run")
    assert "expect 20 to 300 errors" in page("run/report.html")
    assert "Calibration error 0.200 → 0.100" in page("run/report.html")
    assert "calibrated on these very rows" in page("run/report.html")
    (own / "run.json").write_text(json.dumps({**record, "trust": {"calibration": {"after": 3}}}))
    assert "is damaged" in run("report", "run", ok=2).err


def member(number: int) -> dict[str, object]:
    scores = {"validation": {"accuracy": 0.5 + number / 10}}
    return {
        "name": f"seeds/{number}",
        "rows": {"train": 9},
        "scores": scores,
        "steps": 3,
        "best_step": 2,
        "seconds": 1.0,
    }


def test_several_runs_have_their_table(run: Run, own: Path) -> None:
    record = json.loads((own / "run.json").read_text())
    series = {"by": "seeds", "main": "accuracy", "kept": "seeds/1", "members": [member(1), member(2)]}
    (own / "run.json").write_text(json.dumps({**record, "series": series}))
    run("report", "run")
    assert "Several runs" in page("run/report.html")
    assert "<bdi>seeds/1 (kept)</bdi>" in page("run/report.html")
    series["members"] = [member(1) | {"seconds": "x"}, member(2)]
    (own / "run.json").write_text(json.dumps({**record, "series": series}))
    assert "is damaged" in run("report", "run", ok=2).err


def test_lengths_are_measured_by_the_runs_own_tokenizer(run: Run, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertft.jobs.judging import report

    asked: list[str] = []
    check = report.check

    def noted(request: TrainRequest) -> Checked:
        asked.append(request.model["name"])
        return check(request)

    monkeypatch.setattr(report, "check", noted)
    record = json.loads((own / "run.json").read_text())
    for family in ("", "textcnn", "of/strangers"):
        (own / "run.json").write_text(json.dumps({**record, "family": family}))
        run("report", "run")
    assert asked == ["run", "textcnn", "run"]
