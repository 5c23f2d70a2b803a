"""What a message advises is followed on the input that caused it: then the command runs, or says something else that is
sensible."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Said, sentiment, texts

Run = Callable[..., Said]
Words = tuple[str, ...]
SOME = texts(60, seed=5)
GOOD = "text,label\n" + "".join(f"{text},{sentiment(text)}\n" for text in SOME)
NEW = "text\n" + "".join(f"{text}\n" for text in SOME[:3])
TAGGED = "".join(f'{{"tokens": ["{word}", "film"], "tags": ["O", "B-WORK"]}}\n' for word in ("good", "bad", "slow") * 8)
ALLOWED = {"--format"}
"""May be advised where it was passed: with another value."""
PLAIN_TAGS = "".join(
    f'{{"tokens": ["{word}", "film"], "tags": ["JJ", "NN"]}}\n' for word in ("good", "bad", "slow") * 8
)
QUESTIONS = "".join(
    f'{{"question": "what is {word}", "context": "a film is {word}", "answers": {{"text": ["{word}"], "answer_start": [10]}}}}\n'
    for word in ("good", "bad", "slow", "warm") * 6
)


def table(header: str, cell: Callable[[int], object]) -> str:
    return header + "\n" + "".join(f"{text},{cell(number)}\n" for number, text in enumerate(SOME))


@dataclass(frozen=True)
class Case:
    """A command that is refused, and its message's advice: words to add, and (after a "-") words to leave out."""

    file: str
    content: str
    words: Words
    says: str
    advice: tuple[Words, ...]
    then: str = ""
    """What the next message says; empty: there is none."""


TRAIN = [
    Case(
        "a.csv",
        table("text,label", lambda n: n * 7 % 26),
        (),
        "regression or classes?",
        (("--regression",), ("--single-label",)),
    ),
    Case("b.csv", GOOD, ("--separator", "#"), "Pass --multi-label too, or leave it out", (("- --separator #",),)),
    Case(
        "c.csv",
        GOOD,
        ("--separator", "#"),
        "Pass --multi-label too",
        (("--multi-label",),),
        "no cell of 'label' holds it",
    ),
    Case("d.csv", GOOD, ("--multi-label", "--separator", "#"), "Leave it out", (("- --separator #",),)),
    Case("e.csv", GOOD, ("--regression",), "or pass --single-label", (("- --regression", "--single-label"),)),
    Case(
        "f.csv",
        GOOD,
        ("--regression", "--single-label"),
        "exclude each other",
        (("- --regression",),),
    ),
    Case(
        "f2.csv",
        GOOD,
        ("--regression", "--single-label"),
        "exclude each other",
        (("- --single-label",),),
        "--regression wants numbers, but 'label' holds",
    ),
    Case(
        "g.csv",
        GOOD.replace("label", "label,mood").replace(",p", ",x,p").replace(",n", ",x,n"),
        ("--label", "label"),
        "Name another column with --label",
        (("- --label label", "--label", "mood"),),
    ),
    Case("h.csv", GOOD, ("--label", "labell"), "Did you mean 'label'", (("- --label labell", "--label", "label"),)),
    Case("i.csv", GOOD, ("--pool", "mean", "--crf"), "--crf is for token-classification", (("- --crf",),)),
    Case("j.jsonl", TAGGED, ("--pool", "mean"), "--pool is for text-classification", (("- --pool mean",),)),
    Case("k.jsonl", QUESTIONS, ("--head-start", "probe"), "Leave it out", (("- --head-start probe",),)),
    Case(
        "l.jsonl",
        TAGGED,
        ("--head-start", "probe", "--bilstm", "8"),
        "Leave it out",
        (("- --head-start probe",), ("- --bilstm 8",)),
    ),
    Case(
        "m.csv",
        GOOD,
        ("--validation", "m.csv", "--refit"),
        "Leave it out: --no-refit",
        (("- --refit",), ("- --refit", "--no-refit")),
    ),
    Case(
        "o.csv",
        GOOD,
        ("--metric", "acuracy"),
        "Did you mean 'accuracy'",
        (("- --metric acuracy", "--metric", "accuracy"),),
    ),
    Case(
        "p.csv",
        table("text,label", lambda n: n / 7),
        ("--few-shot",),
        "Leave it out: --no-few-shot",
        (("- --few-shot",), ("- --few-shot", "--no-few-shot")),
    ),
    Case(
        "r.csv",
        GOOD,
        ("--format", "parquet"),
        "Pass --format if it is something else",
        (("- --format parquet", "--format", "csv"),),
    ),
    Case(
        "s.csv", GOOD, ("--encoding", "utf-99"), "no such encoding", (("- --encoding utf-99", "--encoding", "utf-8"),)
    ),
    Case("t.csv", GOOD, ("--delimiter", "||"), "wanted one character", (("- --delimiter ||", "--delimiter", "comma"),)),
    Case(
        "u.csv",
        GOOD.replace("text,label", "text,text"),
        (),
        "pass --no-header if this line is data",
        (("--no-header",),),
    ),
    Case("v.csv", GOOD, ("--task", "mprc"), "bertft tasks lists them", (("- --task mprc",),)),
    Case("w.csv", GOOD, ("--batch-size", "0"), "--batch-size is 0", (("- --batch-size 0",),)),
    Case("y.csv", GOOD, ("--config", "nowhere.toml"), "cannot be read", (("- --config nowhere.toml",),)),
    Case("z.csv", GOOD, ("--model", "./nowhere"), "no such folder", (("- --model ./nowhere",),)),
]


PAIRS = table("one,two,label", lambda n: f"{SOME[-n]},{n % 2}")
LATER = [
    Case(
        "a.csv",
        GOOD,
        ("--metric", "f1"),
        "use f1_macro, f1_micro or f1_weighted",
        (("- --metric f1", "--metric", "f1_macro"),),
    ),
    Case("b.jsonl", TAGGED, ("--context", "document"), "one named with --document", (("- --context document",),)),
    Case(
        "c.csv",
        GOOD,
        ("--max-length", "999"),
        "takes at most 64 tokens",
        (("- --max-length 999", "--max-length", "64"),),
    ),
    Case(
        "d.csv",
        GOOD,
        ("--freeze", "9"),
        "Freeze at most 2, or 'encoder'",
        (("- --freeze 9", "--freeze", "2"), ("- --freeze 9", "--freeze", "encoder")),
    ),
    Case(
        "e.csv",
        PAIRS,
        ("--text", "one", "--text-pair", "two", "--long", "window"),
        "Leave it out",
        (("- --long window",),),
    ),
    Case(
        "f.csv",
        GOOD,
        ("--long", "window", "--max-length", "16", "--overlap", "14"),
        "at most 7 are possible",
        (("- --overlap 14", "--overlap", "7"),),
    ),
    Case(
        "g.csv",
        table("text,label", lambda n: n / 7),
        ("--class-weights", "balanced"),
        "are for classes",
        (("- --class-weights balanced",),),
    ),
    Case(
        "h.jsonl",
        TAGGED,
        ("--crf", "--class-weights", "balanced"),
        "a CRF weighs sentences",
        (("- --crf",), ("- --class-weights balanced",)),
    ),
    Case(
        "i.csv",
        GOOD,
        ("--precision", "fp16"),
        "use bf16 or fp32",
        (("- --precision fp16", "--precision", "fp32"), ("- --precision fp16", "--precision", "bf16")),
    ),
    Case(
        "j.csv",
        "text,label\ngood,a\nbad,b\n",
        ("--single-label",),
        "Name a file with --validation",
        (("--validation", "j.csv"),),
    ),
    Case(
        "k.csv", GOOD, ("--validation", "other.csv"), "or pass --unknown-labels skip", (("--unknown-labels", "skip"),)
    ),
    Case("l.csv", GOOD, ("-o", "full"), "Choose another folder with -o", (("- -o full", "-o", "empty"),)),
    Case("m.csv", GOOD, ("-o", "old"), "or pass --overwrite", (("--overwrite",), ("- -o old", "-o", "new"))),
]


@pytest.mark.parametrize("case", LATER, ids=lambda case: case.file)
def test_advice_of_a_training_that_begins(run: Run, tiny: str, case: Case) -> None:
    Path(case.file).write_text(case.content, encoding="utf-8")
    Path("other.csv").write_text(GOOD + "good film,unheard\n")
    for folder, name in (("full", "mine.txt"), ("old", "plan.toml")):
        Path(folder).mkdir()
        Path(folder, name).touch()
    few = ("--max-steps", 1, "--head-start", "random", "--quiet")
    precision = () if "--precision" in case.words else ("--precision", "fp32")
    follow(run, ("train", case.file, "--model", tiny, *few, *precision), case)


PREDICT = [
    Case("a.csv", NEW, ("--n-best", "2"), "--n-best does not apply", (("- --n-best 2",),)),
    Case("b.csv", NEW, ("--scheme", "IO"), "--scheme does not apply", (("- --scheme IO",),)),
    Case("c.csv", NEW, ("--fallback-label", "x"), "needs --min-probability", (("--min-probability", "0.9"),)),
    Case("d.csv", NEW, ("--max-answer", "5"), "Leave it out", (("- --max-answer 5",),)),
    Case("e.csv", NEW, ("--resume", "-o", "-"), "--resume needs files", (("- --resume",), ("- -o -", "-o", "out.csv"))),
    Case("f.csv", "a,b\n" + "".join(f"{text},{text}\n" for text in SOME), (), "--text", (("--text", "a"),)),
    Case("g.csv", NEW, ("--format", "squad"), "the run must answer questions", (("- --format squad",),)),
    Case("h.csv", NEW, ("--prefix", "x", "-o", "out.conll"), "-o", (("- -o out.conll", "-o", "out.csv"),)),
    Case("i.csv", NEW, ("-o", "i.csv"), "name another file with -o", (("- -o i.csv", "-o", "out.csv"),)),
    Case(
        "j.csv",
        "text,new_reason\ngood,x\n",
        ("--prefix", "new_"),
        "Choose another prefix",
        (("- --prefix new_", "--prefix", "my_"), ("- --prefix new_",)),
    ),
]


@pytest.mark.parametrize("case", PREDICT, ids=lambda case: case.file)
def test_advice_of_predict(run: Run, trained: Path, case: Case) -> None:
    Path(case.file).write_text(case.content, encoding="utf-8")
    follow(run, ("predict", trained, case.file), case)


EVAL = [
    Case("a.csv", GOOD + "good film,unheard\n", (), "or pass --unknown-labels skip", (("--unknown-labels", "skip"),)),
    Case("b.csv", GOOD, ("--fix-answers",), "Leave it out", (("- --fix-answers",),)),
    Case("c.csv", GOOD.replace("label", "mood"), (), "Name one of them with --label", (("--label", "mood"),)),
    Case("d.csv", GOOD, ("--metric", "f1"), "use f1_macro", (("- --metric f1", "--metric", "f1_macro"),)),
    Case(
        "e.csv", GOOD, ("--threshold", "7"), "a probability from 0 to 1", (("- --threshold 7", "--threshold", "0.7"),)
    ),
]


@pytest.mark.parametrize("case", EVAL, ids=lambda case: case.file)
def test_advice_of_eval(run: Run, tmp_path: Path, trained: Path, case: Case) -> None:
    Path(case.file).write_text(case.content, encoding="utf-8")
    copy = shutil.copytree(trained, tmp_path / "copy")  # eval writes its scores there
    follow(run, ("eval", copy, case.file), case)


CONVERT = [
    Case("a.jsonl", PLAIN_TAGS, ("-o", "a.conll", "--scheme", "IO"), "they have no scheme", (("- --scheme IO",),)),
    Case("b.jsonl", PLAIN_TAGS, ("-o", "b2.jsonl", "--form", "spans"), "they mark no spans", (("- --form spans",),)),
    Case(
        "c.jsonl",
        TAGGED,
        ("-o", "c.conll", "--form", "spans"),
        "Write to .jsonl",
        (("- -o c.conll", "-o", "c2.jsonl"),),
    ),
    Case(
        "d.jsonl",
        TAGGED,
        ("-o", "d.conll", "--scheme", "BIO"),
        "one of IOB1",
        (("- --scheme BIO", "--scheme", "IOB2"),),
    ),
]


@pytest.mark.parametrize("case", CONVERT, ids=lambda case: case.file)
def test_advice_of_convert(run: Run, case: Case) -> None:
    Path(case.file).write_text(case.content, encoding="utf-8")
    follow(run, ("convert", case.file), case)


@pytest.mark.parametrize("case", TRAIN, ids=lambda case: case.file)
def test_advice_of_train(run: Run, tiny: str, case: Case) -> None:
    Path(case.file).write_text(case.content, encoding="utf-8")
    model = () if "--model" in case.words else ("--model", tiny)
    follow(run, ("train", case.file, *model, "--dry-run"), case)


def follow(run: Run, command: Sequence[str], case: Case) -> None:
    """The refusal; then each piece of advice."""
    refused = run(*command, *case.words, ok=2)
    assert case.says in refused.err
    advised = re.findall(r"[Pp]ass (--[a-z-]+)", refused.err)
    assert not set(advised) & {word for word in case.words if "or leave it out" not in refused.err} - ALLOWED
    for advice in case.advice:
        words = " ".join(case.words)
        for word in advice:
            if word.startswith("- "):
                words = words.replace(word[2:], "").strip()
        added = [word for word in advice if not word.startswith("- ")]
        said = run(*command, *words.split(), *added, ok=2 if case.then else 0)
        assert case.then in said.err
        assert said.err.splitlines()[-1:] != refused.err.splitlines()[-1:] or not case.then
