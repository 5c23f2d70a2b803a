"""What a length limit loses of entities and answers, as `check` counts it. Oracles: what `train` says, and its own windows."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Said, write_csv, write_jsonl
from tagged import asked_rows, tagged_rows

import bertft
from bertft.adapters import Options, adapter_for
from bertft.errors import UsageError
from bertft.gold import learn_task
from bertft.gold.example import IGNORED
from bertft.kinds import QUESTION_ANSWERING, TOKEN_CLASSIFICATION
from bertft.model.tokens import load_tokenizer
from bertft.plan.card import plain_card
from bertft.rows.fields import Fields
from bertft.rows.row import Row

Run = Callable[..., Said]
Counts = dict[str, tuple[int, int]]
KINDS = ("too_long", "word_cut", "entity_parted", "question_cut", "answer_too_long", "answer_parted")
QUICK = ("--max-steps", 1, "--precision", "fp32", "--head-start", "random", "--no-refit", "--overwrite", "-o", "run")


def lost(run: Run, *words: object) -> Counts:
    """Kind -> how many, and of how many."""
    found = json.loads(run("check", *words, "--json").out)["findings"]
    counts = {one["kind"]: (one["count"], re.search(r" of ([\d,]+) that", one["what"])) for one in found}
    return {kind: (count, int(of[1].replace(",", ""))) for kind, (count, of) in counts.items() if kind in KINDS and of}


def asked(count: int) -> list[dict[str, Any]]:
    """Long contexts, some long questions, and one or two answers of up to 45 words."""
    chance, rows = random.Random(3), asked_rows(count, longest=80, unanswerable=True)
    for row in rows:
        if chance.random() < 0.3:
            row["question"] = " ".join([row["question"]] * 40)
        words = [match.span() for match in re.finditer(r"\S+", row["context"])]
        if not row["answers"]["text"] or chance.random() < 0.3:
            continue
        spans = []
        for _ in range(chance.randint(1, 2)):
            first = chance.randrange(len(words))
            spans.append((words[first][0], words[min(first + chance.randint(0, 45), len(words) - 1)][1]))
        row["answers"] = {"text": [row["context"][a:b] for a, b in spans], "answer_start": [a for a, _ in spans]}
    return rows


def tagged(count: int) -> list[dict[str, Any]]:
    """Long rows with entities of up to six words, and words of very many pieces before them."""
    chance, rows = random.Random(5), tagged_rows(count, longest=40)
    for row in rows:
        for _ in range(4):
            length = chance.randint(2, 6)
            row["tokens"] += ["film"] * length + ["good"] * chance.randint(1, 20)
            row["tags"] += ["B-ART", *["I-ART"] * (length - 1)]
            row["tags"] += ["O"] * (len(row["tokens"]) - len(row["tags"]))
        if chance.random() < 0.4:
            row["tokens"].insert(0, "zq" * chance.randint(2, 20))
            row["tags"].insert(0, "O")
    return rows


def encoded(kind: str, fields: Fields, cells: Sequence[dict[str, Any]], backbone: Path, options: Options) -> Any:
    """The adapter that would be trained, and its windows of the rows."""
    rows, card = [Row(i, f"x.jsonl:{i + 1}", cell) for i, cell in enumerate(cells)], plain_card(kind, None)
    tokenizer = load_tokenizer(str(backbone), words=kind == TOKEN_CLASSIFICATION.name)
    reader = learn_task(card, fields, options, rows)
    adapter = adapter_for(card, reader.labels, fields, tokenizer, options, **reader.learned)
    return adapter, adapter.encode([*reader.for_file(rows).labelled(rows)])


def said_of(text: str, ending: str) -> tuple[int, int] | None:
    """N and M of `N of M answers …`."""
    found = re.search(rf"([\d,]+) of ([\d,]+) answers {ending}", text)
    return (int(found[1].replace(",", "")), int(found[2].replace(",", ""))) if found else None


@pytest.mark.parametrize("flags", [("--max-length", 40, "--overlap", 8, "--max-answer", 5), ()])
def test_answers_are_lost_as_train_says(run: Run, tmp_path: Path, tiny: str, flags: tuple[object, ...]) -> None:
    """Without flags the length is what the model takes, 64, and the overlap a third of it."""
    data, validation = (write_jsonl(tmp_path / f"{n}.jsonl", asked(n)) for n in (40, 30))
    found = lost(run, data, "--model", tiny, *flags)
    said = run("train", data, "--validation", validation, "--model", tiny, *flags, *QUICK).err
    told = "".join(line for line in said.splitlines() if str(data) in line)
    assert found["answer_too_long"] == said_of(told, "are longer")
    assert found.get("answer_parted") == said_of(told, "stand whole in no window")
    assert f"{data}: {found['question_cut'][0] / found['question_cut'][1]:.1%} of the questions" in said
    assert set(found) == {"answer_too_long", "question_cut", "answer_parted"}


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize(("length", "overlap", "most"), [(20, 0, 3), (24, 15, 9), (33, 4, 20), (48, 20, 1)])
def test_answers_are_lost_as_the_adapter_loses_them(
    run: Run, tmp_path: Path, backbones: Any, family: str, length: int, overlap: int, most: int
) -> None:
    rows, options = asked(40), Options(length, overlap=overlap, max_answer=most)
    fields = Fields("question", "context", ("answers",))
    adapter, windows = encoded(QUESTION_ANSWERING.name, fields, rows, backbones(family), options)
    flags = ("--max-length", length, "--overlap", overlap, "--max-answer", most)
    found = lost(run, write_jsonl(tmp_path / "asked.jsonl", rows), "--model", backbones(family), *flags)
    told = ". ".join(adapter.out_of_reach(windows))
    assert found.get("answer_too_long") == said_of(told, "are longer")
    assert found.get("answer_parted") == said_of(told, "stand whole in no window")
    assert found["question_cut"] == (sum(row[0].truncated for row in windows), len(rows))


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize(("length", "overlap"), [(20, 0), (24, 15), (40, 4), (60, 20)])
def test_entities_are_parted_as_by_the_tagger(
    run: Run, tmp_path: Path, backbones: Any, family: str, length: int, overlap: int
) -> None:
    """In IOB2 what stands beyond a border begins with an I-, and is not learned."""
    rows, options = tagged(40), Options(length, overlap=overlap)
    fields = Fields("tokens", None, ("tags",))
    adapter, windows = encoded(TOKEN_CLASSIFICATION.name, fields, rows, backbones(family), options)
    parted = sum(int(window.target[0] == IGNORED) for row in windows for window in row)
    room, whole = length - 2, encoded(TOKEN_CLASSIFICATION.name, fields, rows, backbones(family), Options(9999))[1]
    pieces = [size for (row,) in whole for size in [*row.first[1:] - row.first[:-1]]]
    begun = sum(tag[0] == "B" for row in rows for tag in row["tags"])
    data = write_jsonl(tmp_path / "tagged.jsonl", rows)
    found = lost(run, data, "--model", backbones(family), "--max-length", length, "--overlap", overlap)
    assert found.get("entity_parted", (0, begun)) == (parted, begun)
    assert found.get("word_cut", (0,))[0] == sum(size > room // 4 for size in pieces)
    assert adapter.scheme == "IOB2"


def test_texts_are_lost_unless_they_are_read_in_windows(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [["good " * (n + 1), ["pos", "neg"][n % 2]] for n in range(60)]
    data, test = (write_csv(tmp_path / f"{name}.csv", ["text", "label"], rows) for name in ("train", "test"))
    alone = lost(run, data, "--model", tiny, "--max-length", 32)["too_long"]
    assert alone[0] == sum(n + 1 + 2 > 32 for n in range(60))
    assert lost(run, data, "--test", test, "--model", tiny, "--max-length", 32)["too_long"] == (2 * alone[0], 120)
    assert lost(run, data, "--model", tiny, "--max-length", 32, "--long", "head-tail")["too_long"] == alone
    assert lost(run, data, "--model", tiny, "--max-length", 32, "--long", "window") == {}


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--max-length", 65), "--max-length 65: this backbone takes at most 64 tokens"),
        (("--max-length", 20, "--overlap", 15), "--overlap 15 is too much for windows of 20 tokens"),
        (("--max-answer", 5), "--max-answer is for question-answering"),
        (("--long", "window"), "--long is for text-classification"),
        (("--max-length", 7), "--max-length is 7"),
    ],
)
def test_what_train_refuses_is_refused(run: Run, tmp_path: Path, tiny: str, flags: Any, reason: str) -> None:
    data = write_jsonl(tmp_path / "tagged.jsonl", tagged(20))
    said = [run(verb, data, "--model", tiny, *flags, ok=2).err.splitlines()[-1] for verb in ("check", "train")]
    assert said[0] == said[1]
    assert reason in said[0]


def test_a_model_that_reads_all_takes_no_length(run: Run, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "train.csv", ["text", "label"], [[f"film {n}", "ab"[n % 2]] for n in range(40)])
    said = run("check", data, "--model", "tfidf", "--max-length", 16, ok=2).err
    assert "--max-length: no effect on --model tfidf" in said
    assert lost(run, data, "--model", "tfidf") == {}


def test_a_program_may_say_lengths_too(tiny: str) -> None:
    found = bertft.check(asked(30), model=tiny, max_length=40, overlap=8, max_answer=5)
    assert {"question_cut", "answer_too_long", "answer_parted"} <= {one.kind for one in found.findings}
    with pytest.raises(UsageError, match="--max-length 65: this backbone takes at most 64"):
        bertft.check(asked(30), model=tiny, max_length=65)


def test_half_a_character_is_no_fault_of_ours(run: Run, tmp_path: Path, tiny: str) -> None:
    rows = [{"text": "\ud800 good " * (n + 1), "label": "ab"[n % 2]} for n in range(40)]
    data = tmp_path / "half.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)))
    assert lost(run, data, "--model", tiny, "--max-length", 22)["too_long"][1] == 40
