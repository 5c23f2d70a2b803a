"""Small sound files of every form that bertft reads, for the fuzz target to break."""

from __future__ import annotations

import bz2
import csv
import io
import json
import lzma
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conftest import sentiment, texts
from tagged import asked_rows, tagged_rows

Chance = random.Random
Rows = list[dict[str, Any]]

CLASSES, TAGS, QUESTIONS = "text-classification", "token-classification", "question-answering"


@dataclass(frozen=True)
class Seed:
    """A way to write rows of one kind of task down."""

    ending: str
    kind: str
    rows: Callable[[int], Rows]
    """From a seed number."""
    write: Callable[[Rows], bytes]


def reviews(seed: int) -> Rows:
    return [
        {"id": f"r{place}", "text": text, "label": sentiment(text)} for place, text in enumerate(texts(12, seed=seed))
    ]


def pairs(seed: int) -> Rows:
    both = zip(texts(12, seed=seed), texts(12, seed=seed + 1), strict=True)
    return [{"sentence1": one, "sentence2": two, "score": len(one) / (1 + len(two))} for one, two in both]


def topics(seed: int) -> Rows:
    chance = Chance(seed)
    return [{"text": text, "labels": "|".join(chance.sample(["a", "b", "c"], k=2))} for text in texts(12, seed=seed)]


def flags(seed: int) -> Rows:
    chance = Chance(seed)
    return [{"text": text, "good": chance.randint(0, 1), "bad": chance.randint(0, 1)} for text in texts(12, seed=seed)]


def sentences(seed: int) -> Rows:
    return tagged_rows(8, seed=seed)


def spans(seed: int) -> Rows:
    rows = []
    for text in texts(8, seed=seed):
        end = len(text.split()[0])
        rows.append({"text": text, "entities": [{"start": 0, "end": end, "label": "ART"}]})
    return rows


def offsets(seed: int) -> Rows:
    return [
        {"text": row["text"], "label": [[*row["entities"][0].values()]], "tokens": _tokens(row["text"])}
        for row in spans(seed)
    ]


def questions(seed: int) -> Rows:
    return asked_rows(6, seed=seed, unanswerable=True)


def articles(seed: int) -> Rows:
    return [{"title": row["id"], "paragraphs": [_paragraph(row)]} for row in questions(seed)]


def tasks(seed: int) -> Rows:
    return [{"data": {"text": row["text"]}, "annotations": [{"result": [_result(row)]}]} for row in spans(seed)]


def _tokens(text: str) -> Rows:
    found, start = [], 0
    for number, word in enumerate(text.split()):
        found.append({"text": word, "start": start, "end": start + len(word), "id": number})
        start += len(word) + 1
    return found


def _paragraph(row: dict[str, Any]) -> dict[str, Any]:
    answers = zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True)
    listed = [{"text": text, "answer_start": start} for text, start in answers]
    asked = {"id": row["id"], "question": row["question"], "answers": listed, "is_impossible": not listed}
    return {"context": row["context"], "qas": [asked]}


def _result(row: dict[str, Any]) -> dict[str, Any]:
    span = row["entities"][0]
    value = {"start": 0, "end": span["end"], "text": row["text"][: span["end"]], "labels": ["ART"]}
    return {"from_name": "label", "to_name": "text", "type": "labels", "value": value}


def delimited(rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> bytes:
    """Lists and objects as JSON in their cells."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: object) -> str:
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def tabbed(rows: Rows) -> bytes:
    return delimited(rows, "\t")


def lines(rows: Sequence[object]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def document(rows: Sequence[object]) -> bytes:
    return json.dumps(rows, indent=1).encode()


def columns(rows: Rows) -> bytes:
    return json.dumps({name: [row.get(name) for row in rows] for name in rows[0]}).encode()


def nested(rows: Rows) -> bytes:
    return json.dumps({"version": "v2.0", "data": rows}).encode()


def frame(rows: Rows) -> bytes:
    """As pandas' to_json writes it."""
    return json.dumps(
        {name: {str(place): row.get(name) for place, row in enumerate(rows)} for name in rows[0]}
    ).encode()


def split(rows: Rows) -> bytes:
    return json.dumps({"columns": [*rows[0]], "data": [[*row.values()] for row in rows]}).encode()


def fasttext(rows: Rows) -> bytes:
    return "".join(f"__label__{row['label']} {row['text']}\n" for row in rows).encode()


def workbook(rows: Rows) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for row in ([*rows[0]], *([_cell(value) for value in row.values()] for row in rows)):
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def conll(rows: Rows) -> bytes:
    sentences = ("".join(f"{word}\t_\t{tag}\n" for word, tag in zip(*row.values(), strict=True)) for row in rows)
    return "\n".join(sentences).encode()


def parquet(rows: Rows) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet

    sink = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def arrow(rows: Rows) -> bytes:
    import pyarrow as pa

    sink, table = io.BytesIO(), pa.Table.from_pylist(rows)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


SEEDS = (
    Seed("csv", CLASSES, reviews, delimited),
    Seed("csv", CLASSES, pairs, delimited),
    Seed("csv", CLASSES, topics, delimited),
    Seed("csv", CLASSES, flags, delimited),
    Seed("csv", TAGS, sentences, delimited),
    Seed("csv", QUESTIONS, questions, delimited),
    Seed("tsv", CLASSES, reviews, tabbed),
    Seed("tsv", TAGS, offsets, tabbed),
    Seed("jsonl", CLASSES, reviews, lines),
    Seed("jsonl", TAGS, sentences, lines),
    Seed("jsonl", TAGS, spans, lines),
    Seed("jsonl", TAGS, offsets, lines),
    Seed("jsonl", QUESTIONS, questions, lines),
    Seed("json", CLASSES, topics, document),
    Seed("json", CLASSES, reviews, columns),
    Seed("json", TAGS, tasks, document),
    Seed("json", QUESTIONS, articles, nested),
    Seed("json", QUESTIONS, articles, document),
    Seed("json", CLASSES, reviews, frame),
    Seed("json", CLASSES, reviews, split),
    Seed("txt", CLASSES, reviews, fasttext),
    Seed("xlsx", CLASSES, reviews, workbook),
    Seed("csv.xz", CLASSES, reviews, lambda rows: lzma.compress(delimited(rows))),
    Seed("csv.bz2", CLASSES, reviews, lambda rows: bz2.compress(delimited(rows))),
    Seed("conll", TAGS, sentences, conll),
    Seed("parquet", CLASSES, reviews, parquet),
    Seed("parquet", TAGS, sentences, parquet),
    Seed("parquet", QUESTIONS, questions, parquet),
    Seed("arrow", CLASSES, pairs, arrow),
)
