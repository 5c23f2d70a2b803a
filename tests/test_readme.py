"""Every command in the README and the docs runs. Real files, the installed package; only the backbone is a tiny one."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, forget_accelerator, sentiment, texts, write_csv
from fake_hub import hub_on_loopback
from tiny_models import build_tiny_model

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md"))]
SHORT = ("--max-steps", "2", "--precision", "fp32", "--quiet")


def commands(page: Path) -> list[str]:
    """Lines of the page's sh blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


@pytest.fixture
def a_users_folder(tmp_path: Path) -> Path:
    """The samples, and files with GLUE's own columns."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    rows = [(one, two, number % 2) for number, (one, two) in enumerate(zip(texts(40), texts(40, seed=1), strict=True))]
    for name in ("train.csv", "dev.csv"):
        write_csv(tmp_path / name, ["sentence1", "sentence2", "label"], rows)
    return tmp_path


def test_the_commands_of_the_readme_run(run: Callable[..., Said], a_users_folder: Path, tiny: str) -> None:
    done = []
    for line in commands(ROOT / "README.md"):
        program, *words = shlex.split(line)
        if program == "bertft":
            extra = [*SHORT, "--model", tiny] if words[0] == "train" else []
            run(*words, *extra)
            done.append(words[0])
    named = ["train", "predict", "convert", "train", "predict"]
    assert done == ["train", "eval", "predict", *named, "tasks", "tasks", "train", "train"]
    assert (a_users_folder / "answers.csv").is_file()
    assert (a_users_folder / "runs" / "again" / "model.safetensors").is_file()


def test_the_commands_of_the_chinese_readme_run(run: Callable[..., Said], a_users_folder: Path, tiny: str) -> None:
    done = []
    for line in commands(ROOT / "README.zh.md"):
        program, *words = shlex.split(line)
        if program == "bertft":
            model = [tiny if word.startswith("models/") else word for word in words]
            run(*model, *(SHORT if words[0] == "train" else ()))
            done.append(words[0])
    assert done == ["train", "eval", "predict", "train", "predict", "train", "check", "info"]
    assert {"id", "text", "predicted_label"} <= set(
        (a_users_folder / "answers.csv").read_text("utf-8").split("\n")[0].split(",")
    )


def test_the_python_of_the_docs_runs(a_users_folder: Path, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tiny backbone and few steps; all else as it stands there."""
    from bertft import api

    train, few = api.train, {"max_steps": 2, "precision": "fp32"}
    monkeypatch.setattr(
        api, "train", lambda *data, **said: train(*data, **{**said, "model": tiny, "epochs": None, **few})
    )
    forget_accelerator()
    known: dict[str, Any] = {}
    for block in re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.DOTALL
    ):
        exec(block, known)
    assert (a_users_folder / "answers.csv").is_file()
    assert len(known["answers"]) == len(known["model"](["good"] * 40)) == 40
    assert known["small"].rows["train"] + known["small"].rows["validation"] == 40


def test_the_commands_on_reporting_run(run: Callable[..., Said], a_users_folder: Path, trained: Path) -> None:
    shutil.copytree(trained, a_users_folder / "runs" / "messages")
    rows = [(text, sentiment(text)) for text in texts(20, seed=3)]
    write_csv(a_users_folder / "samples" / "messages" / "validation.csv", ["text", "label"], rows)
    for line in commands(ROOT / "docs" / "reporting.md"):
        run(*shlex.split(line)[1:])
    assert {"messages.html", "runs/messages/report.html"} <= {str(path) for path in Path().glob("**/*.html")}


def test_the_command_on_checking_runs(run: Callable[..., Said], a_users_folder: Path) -> None:
    (line,) = commands(ROOT / "docs" / "checking.md")
    assert "Rows of validation or test that stand in the training file: 40" in run(*shlex.split(line)[1:]).out


@pytest.mark.parametrize("page", ["comparing", "entities", "features", "questions", "run-folder"])
def test_the_commands_of_a_page_run(page: str, run: Callable[..., Said], a_users_folder: Path, tiny: str) -> None:
    for line in commands(ROOT / "docs" / f"{page}.md"):
        program, *words = shlex.split(line)
        assert program == "bertft"
        run(*words, *([*SHORT, "--model", tiny] if words[0] == "train" else []))


def test_the_commands_on_info_run(run: Callable[..., Said], a_users_folder: Path, tiny: str, trained: Path) -> None:
    shutil.copytree(trained, a_users_folder / "runs" / "messages")
    (a_users_folder / "models" / "albert").mkdir(parents=True)
    (a_users_folder / "models" / "albert" / "config.json").write_text('{"model_type": "albert"}', encoding="utf-8")
    for line in commands(ROOT / "docs" / "info.md"):
        words = [tiny if word == "minilm" else word for word in shlex.split(line)[1:]]
        small = {"256": "64", "6000": "60", "3": "1"} if tiny in words else {}  # it has two layers and 64 positions
        assert "parameters" in run(*(small.get(word, word) for word in words)).out


def test_the_commands_on_backbones_run(run: Callable[..., Said], a_users_folder: Path) -> None:
    """With a tiny ModernBERT, which has the 8,192 positions of a large one."""
    modern = build_tiny_model("modernbert", a_users_folder / "modern")
    for line in commands(ROOT / "docs" / "backbones.md"):
        run(*shlex.split(line)[1:], "--max-train-rows", 40, *SHORT, "--model", modern)
    configs = [json.loads((a_users_folder / "runs" / name / "config.json").read_text()) for name in ("modern", "long")]
    assert [config["classifier_pooling"] for config in configs] == ["mean", "mean"]
    tokenizer = json.loads((a_users_folder / "runs" / "long" / "tokenizer_config.json").read_text())
    assert tokenizer["model_max_length"] == 8192


def test_the_commands_on_baselines_run(run: Callable[..., Said], a_users_folder: Path, tiny: str) -> None:
    few = ("--models", "majority,tfidf", "--model", tiny, *SHORT)
    for line in commands(ROOT / "docs" / "baselines.md"):
        _, command, *words = shlex.split(line)
        run(command, *words, *(few if command == "baseline" else ()))
    assert (a_users_folder / "answers.csv").is_file()


def test_the_commands_on_several_runs_run(run: Callable[..., Said], a_users_folder: Path, tiny: str) -> None:
    seeds, folds = (
        run(*shlex.split(line)[1:], *SHORT, "--max-train-rows", 30, "--model", tiny)
        for line in commands(ROOT / "docs" / "several-runs.md")
    )
    assert "Validation accuracy over 3 seeds: " in seeds.out
    assert "Out-of-fold accuracy of all 30 rows together: " in folds.out
    assert len((a_users_folder / "runs/folds/out-of-fold.jsonl").read_text(encoding="utf-8").splitlines()) == 30


def test_the_commands_on_probabilities_run(run: Callable[..., Said], a_users_folder: Path, tiny: str) -> None:
    """With a wish that a model of two steps can fulfil."""
    run("train", "samples/messages/train.csv", "-o", "runs/messages", "--model", tiny, *SHORT)
    for line in commands(ROOT / "docs" / "probabilities.md"):
        run(*shlex.split(line)[1:], *(("--min-accuracy", 0.01) if "--min-accuracy" in line else ()))


def test_the_commands_on_large_files_run(run: Callable[..., Said], a_users_folder: Path, trained: Path) -> None:
    shutil.copytree(trained, a_users_folder / "runs" / "messages")
    for line in commands(ROOT / "docs" / "large-files.md"):
        run(*shlex.split(line)[1:])
    assert len((a_users_folder / "answers.csv").read_text(encoding="utf-8").splitlines()) > 1


def test_the_commands_on_recipes_run(run: Callable[..., Said], a_users_folder: Path, trained: Path) -> None:
    shutil.copytree(trained, a_users_folder / "runs" / "messages")
    for line in commands(ROOT / "docs" / "recipes.md"):
        run(*shlex.split(line)[1:])


def test_the_commands_on_embedding_run(run: Callable[..., Said], a_users_folder: Path, tiny: str) -> None:
    for line in commands(ROOT / "docs" / "embedding.md"):
        run(*(tiny if word == "minilm" else word for word in shlex.split(line)[1:]), "--quiet")
    assert (a_users_folder / "messages.npy.about.json").is_file()


def test_the_commands_on_pretraining_run(run: Callable[..., Said], a_users_folder: Path, tiny: str) -> None:
    for line in commands(ROOT / "docs" / "pretraining.md"):
        _, command, *words = shlex.split(line)
        few = (*SHORT, "--max-length", 48) if command in ("train", "pretrain") and "--resume" not in words else ()
        model = ("--model", tiny) if command == "pretrain" and few else ()
        run(command, *words, *few, *model)
    assert "filled" in (a_users_folder / "filled.jsonl").read_text(encoding="utf-8")


def test_the_commands_on_training_from_scratch_run(run: Callable[..., Said], a_users_folder: Path) -> None:
    for line in commands(ROOT / "docs" / "from-scratch.md"):
        _, command, *words = shlex.split(line)
        run(command, *words, *((*SHORT, "--max-length", 48) if command != "vocab" else ()))
    assert "BertForPreTraining" in (a_users_folder / "runs/pairs/config.json").read_text(encoding="utf-8")


def test_the_commands_on_the_hub_run(
    run: Callable[..., Said], a_users_folder: Path, tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_on_loopback(tmp_path / "cache", monkeypatch) as hub:
        for line in commands(ROOT / "docs" / "hub.md"):
            _, command, *words = shlex.split(line)
            few = (*SHORT, "--max-train-rows", 40, "--model", tiny)
            run(command, *words, *(few if command == "train" else ()))
    assert (a_users_folder / "answers.csv").is_file()
    assert hub.private == {"acme/messages": True}


def test_no_placeholder_is_left() -> None:
    assert [page.name for page in PAGES if "@@" in page.read_text(encoding="utf-8")] == []


def test_the_make_targets_of_the_readme_exist() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    wanted = [line.split()[1] for line in commands(ROOT / "README.md") if line.startswith("make ")]
    assert wanted
    assert set(wanted) <= set(targets)


def test_quickstart_runs_the_readmes_own_commands() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    train, evaluate, _ = [line for line in commands(ROOT / "README.md") if "samples/messages" in line]
    assert train.removeprefix("bertft ") in makefile
    assert evaluate.removeprefix("bertft ") in makefile


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_the_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_flag_that_a_page_names_exists(page: Path) -> None:
    from typer.main import get_command

    from bertft.commands.main import app

    known = {
        name
        for command in get_command(app).commands.values()
        for option in command.params
        for name in (*option.opts, *option.secondary_opts)
    }
    torchrun = {"--nproc_per_node", "--nnodes", "--node_rank", "--master_addr", "--master_port"}
    accelerate = {"--cpu", "--multi_gpu", "--num_processes", "--use_fsdp", "--fsdp_version"}
    measured = {
        "speed.md": ("speed", "quality", "sentences", "modernbert_speed"),
        "training.md": ("first_run", "few_shot"),
        "info.md": ("info_memory",),
    }
    benchmarks = "".join(
        (ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8") for name in measured.get(page.name, ())
    )
    elsewhere = {
        "--help",
        "--logdir",
        "--no-deps",
        "--build-arg",
        "--data-binary",
        "--private",
        *torchrun,
        *accelerate,
        *re.findall(r'"(--[a-z0-9-]+)"', benchmarks),
    }
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9_-]*", page.read_text(encoding="utf-8")))
    assert named - known - elsewhere == set()


def test_the_version_is_the_same_everywhere() -> None:
    import bertft

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == bertft.__version__
    assert f"## {bertft.__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
