"""JSON and JSON lines that scripts, notebooks and annotation tools leave behind."""

from __future__ import annotations

import json

from expected import QUESTIONS, TAGS, TEXTS, Answered, Broken, Planned, Refused, Turned

LABELLED = [{"text": text, "label": "pos" if n % 2 else "neg"} for n, text in enumerate(TEXTS)]


def lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def article(**changed: object) -> bytes:
    paragraph = {"context": "good film bad book", "qas": [{"id": "a", "question": "good", "answers": []}], **changed}
    return json.dumps({"data": [{"title": "t", "paragraphs": [paragraph]}]}).encode()


def asked(**changed: object) -> bytes:
    return article(qas=[{"id": "a", "question": "good", "answers": [], **changed}])


FILES = (
    Broken("JSON lines called .json", "lines.json", lines(*LABELLED), train=Planned(4), predict=Answered(*TEXTS)),
    Broken("a JSON list called .jsonl", "list.jsonl", json.dumps(LABELLED, indent=2).encode(), train=Planned(4)),
    Broken(
        "columns instead of rows",
        "columns.json",
        json.dumps({"text": TEXTS, "label": ["pos", "neg", "pos", "neg"]}).encode(),
        train=Planned(4),
    ),
    Broken(
        "columns of different lengths",
        "uneven.json",
        b'{"text": ["a", "b"], "label": ["x"]}',
        train=Refused("text 2, label 1"),
    ),
    Broken(
        "NaN and null stand for a text",
        "nan.jsonl",
        b'{"text": NaN}\n{"text": null}\n{"text": "nan"}\n{"text": ""}\n',
        predict=Answered("", "", "nan", ""),
    ),
    Broken(
        "Infinity stands for a text",
        "infinity.jsonl",
        b'{"text": Infinity}\n{"text": -Infinity}\n{"text": "good"}\n',
        predict=Answered("", "", "good"),
    ),
    Broken(
        "numbers and truths stand for texts",
        "numbers.jsonl",
        b'{"text": 12}\n{"text": 1.5}\n{"text": true}\n{"text": "good"}\n',
        predict=Answered("12", "1.5", "true", "good"),
    ),
    Broken(
        "labels are NaN and Infinity",
        "inf_label.jsonl",
        lines(
            *(
                {"text": text, "label": float(score)}
                for text, score in zip(TEXTS, ("0.5", "inf", "nan", "1.5"), strict=True)
            )
        ),
        train=Planned(4, task="regression"),
    ),
    Broken(
        "a number of 5,000 digits",
        "digits.jsonl",
        b'{"text": "good", "n": ' + b"9" * 5000 + b"}\n",
        train=Refused(":1:", "thousands of digits"),
        predict=Refused("digits"),
    ),
    Broken(
        "a number of 400 digits",
        "long.jsonl",
        b'{"text": "good", "n": ' + b"9" * 400 + b"}\n",
        predict=Answered("good"),
    ),
    Broken(
        "lists within lists, 500 deep",
        "deep.jsonl",
        b'{"text": "good", "x": ' + b"[" * 500 + b"]" * 500 + b"}\n",
        train=Refused(":1:", "100 levels"),
        predict=Refused("100 levels"),
    ),
    Broken(
        "lists within lists, 900 deep, in one document",
        "deep.json",
        b'[{"text": "good", "x": ' + b"[" * 900 + b"]" * 900 + b"}]",
        train=Refused("100 levels"),
        predict=Refused("100 levels"),
    ),
    Broken(
        "a hundred thousand brackets",
        "brackets.json",
        b"[" * 100_000,
        train=Refused("100 levels"),
        predict=Refused("100 levels"),
    ),
    Broken(
        "objects within objects without end",
        "objects.jsonl",
        b'{"text":' * 50_000,
        train=Refused("objects.jsonl:1:"),
        predict=Refused("objects.jsonl:1:"),
    ),
    Broken(
        "half characters in a text",
        "half.jsonl",
        b'{"text": "good \\ud83d film"}\n{"text": "\\udc00"}\n{"text": "bad"}\n',
        predict=Answered("good \ud83d film", "\udc00", "bad"),
    ),
    Broken(
        "half a character in a label",
        "half_label.jsonl",
        b'{"text": "very good film", "label": "\\ud83d"}\n' * 2 + b'{"text": "a bad slow book", "label": "x"}\n' * 2,
        train=Refused("half a character"),
        flags="--max-steps 1",
    ),
    Broken(
        "half a character in a column's name",
        "half_name.jsonl",
        b'{"text": "good", "\\ud83d": 1}\n',
        train=Refused("half a character", "Rename"),
        predict=Refused("half a character"),
    ),
    Broken(
        "a zero byte in a column's name",
        "zero_name.jsonl",
        b'{"text": "good", "a\\u0000b": 1}\n',
        train=Refused("zero byte", "Rename"),
        predict=Refused("zero byte"),
    ),
    Broken(
        "zero bytes in a text",
        "zero.jsonl",
        b'{"text": "go\\u0000od"}\n{"text": "\\u0000"}\n',
        predict=Answered("go\0od", "\0"),
    ),
    Broken(
        "a key twice in an object", "key_twice.jsonl", b'{"text": "bad", "text": "good"}\n', predict=Answered("good")
    ),
    Broken(
        "keys come and go",
        "keys.jsonl",
        lines({"id": 1}, {"text": "good"}, {"label": "x", "text": "bad"}, {}),
        predict=Answered("", "good", "bad", ""),
    ),
    Broken(
        "keys differ in case", "case.jsonl", lines({"Text": "good"}, {"Text": "bad"}), predict=Answered("good", "bad")
    ),
    Broken("an empty name of a column", "no_name.jsonl", lines({"": 1, "text": "good"}), predict=Answered("good")),
    Broken(
        "a comma after the last key",
        "comma.jsonl",
        b'{"text": "good",}\n',
        train=Refused(":1: not JSON at column"),
        predict=Refused(":1:"),
    ),
    Broken(
        "single quotes, as Python prints",
        "printed.jsonl",
        b"{'text': 'good'}\n",
        train=Refused(":1: not JSON at column 2"),
        predict=Refused(":1:"),
    ),
    Broken(
        "objects without a newline between",
        "joined.jsonl",
        b'{"text": "good"}{"text": "bad"}\n',
        train=Refused(":1: not JSON", "extra data"),
        predict=Refused(":1:"),
    ),
    Broken(
        "an object over several lines",
        "pretty.jsonl",
        b'{\n "text": "good"\n}\n{\n "text": "bad"\n}\n',
        predict=Refused("pretty.jsonl:"),
    ),
    Broken(
        "the last line breaks off",
        "cut.jsonl",
        lines(*LABELLED) + b'{"text": "go',
        train=Refused(":5: not JSON"),
        predict=Refused(":5: not JSON"),
    ),
    Broken(
        "a list breaks off",
        "cut.json",
        json.dumps(LABELLED).encode()[:-20],
        train=Refused("cut.json:1: not JSON"),
        predict=Refused("not JSON"),
    ),
    Broken(
        "text after the list", "tail.json", b'[{"text": "good"}] and more', predict=Refused("after the document's end")
    ),
    Broken(
        "a list of texts",
        "texts.json",
        b'["good", "bad"]',
        train=Refused("#1: a text, wanted an object"),
        predict=Refused("a text, wanted an object"),
    ),
    Broken(
        "a list of lists",
        "lists.json",
        b'[["good", "pos"], ["bad", "neg"]]',
        predict=Refused("a list, wanted an object"),
    ),
    Broken(
        "only a number",
        "number.json",
        b"7",
        train=Refused("a number, wanted a list of objects"),
        predict=Refused("a number"),
    ),
    Broken("only null", "null.json", b"null", train=Refused("null, wanted"), predict=Refused("null, wanted")),
    Broken("an empty list", "empty.json", b"[]", train=Refused("no row in it"), predict=Refused("no row in it")),
    Broken(
        "empty objects", "objects.json", b"[{}, {}]", train=Refused("no row in it"), predict=Refused("no row in it")
    ),
    Broken(
        "splits in one file",
        "splits.json",
        b'{"train": [{"text": "a"}], "test": [{"text": "b"}]}',
        train=Refused("train, test", "its own file"),
    ),
    Broken(
        "rows under a key",
        "rows.json",
        json.dumps({"version": 1, "rows": LABELLED}).encode(),
        train=Planned(4, said="rows are under 'rows'"),
    ),
    Broken(
        "texts are objects",
        "things.jsonl",
        lines({"text": {"en": "good"}}, {"text": ["good", "bad"]}, {"text": "bad"}),
        predict=Answered('{"en":"good"}', '["good","bad"]', "bad"),
    ),
    Broken(
        "labels are lists and texts in turn",
        "mixed.jsonl",
        lines(*LABELLED, {"text": "very cold", "label": ["a"]}, {"text": "very warm", "label": {"a": 1}}),
        train=Planned(6),
    ),
    Broken(
        "labels are scores",
        "scores.jsonl",
        lines(*LABELLED, {"text": "very warm", "label": {"a": 0.7, "b": 0.3}}),
        train=Refused("column 'label'", "are scores, not labels"),
    ),
    Broken(
        "SQuAD with a context that is a number",
        "context.json",
        article(context=7),
        train=Refused("article 1, paragraph 1: 'context' is a number", "wanted a text"),
        run=QUESTIONS,
        predict=Refused("'context' is a number"),
    ),
    Broken(
        "SQuAD without a context",
        "no_context.json",
        article(context=None),
        predict=Refused("'context' is null"),
        run=QUESTIONS,
    ),
    Broken(
        "SQuAD with questions as an object",
        "qas.json",
        article(qas={"a": 1}),
        train=Refused("'qas' is an object, wanted a list"),
    ),
    Broken(
        "SQuAD with a question that is a list",
        "question.json",
        asked(question=["good"]),
        train=Refused("question 1: 'question' is a list"),
    ),
    Broken(
        "SQuAD with answers as a number",
        "answers.json",
        asked(answers=3),
        train=Refused("'answers' is a number, wanted a list"),
    ),
    Broken(
        "SQuAD with an answer without a text",
        "no_text.json",
        asked(answers=[{"answer_start": 0}]),
        train=Refused("answer 1: no text in it"),
    ),
    Broken(
        "SQuAD with a start that is a word",
        "start.json",
        asked(answers=[{"text": "good", "answer_start": "first"}]),
        run=QUESTIONS,
        eval=Refused("the start `first`", "no whole number"),
    ),
    Broken(
        "SQuAD with a start beyond all bounds",
        "far.json",
        asked(answers=[{"text": "good", "answer_start": 10**30}]),
        run=QUESTIONS,
        eval=Refused("far.json#1", "it stands at 0"),
    ),
    Broken(
        "SQuAD with a start a few characters off",
        "off.json",
        asked(answers=[{"text": "film", "answer_start": 3}]),
        run=QUESTIONS,
        eval=Refused("off.json#1", "it stands at 5", "--fix-answers"),
    ),
    Broken(
        "SQuAD with numbers for ids",
        "ids.json",
        asked(id=12),
        run=QUESTIONS,
        predict=Answered("good"),
        train=Planned(1, "question", "answers", "question-answering"),
    ),
    Broken("SQuAD without ids", "no_ids.json", asked(id=None), run=QUESTIONS, predict=Answered("good")),
    Broken(
        "SQuAD with a paragraph that is null",
        "null.json",
        b'{"data": [{"paragraphs": [{"context": "a", "qas": []}, null]}]}',
        train=Refused("paragraph 2: null, wanted an object"),
    ),
    Broken(
        "a context without a single token",
        "no_token.jsonl",
        lines({"question": "good", "context": "\0"}, {"question": "\0", "context": "good film"}),
        run=QUESTIONS,
        predict=Answered("good", "\0"),
    ),
    Broken(
        "spans beyond the text",
        "beyond.jsonl",
        lines({"text": "good film", "entities": [{"start": 5, "end": 90, "label": "ART"}]}),
        run=TAGS,
        eval=Refused("beyond.jsonl:1", "which has 9 characters"),
        convert=Refused("which has 9 characters"),
    ),
    Broken(
        "spans that end before they start",
        "backwards.jsonl",
        lines({"text": "good film", "entities": [{"start": 5, "end": 2, "label": "ART"}]}),
        convert=Refused("backwards.jsonl:1"),
    ),
    Broken(
        "spans with words for places",
        "places.jsonl",
        lines({"text": "good film", "entities": [{"start": "0", "end": "4", "label": "ART"}]}),
        convert=Refused("places.jsonl:1", "is no span"),
    ),
    Broken(
        "spans without a label",
        "unlabelled.jsonl",
        lines({"text": "good film", "entities": [{"start": 0, "end": 4}]}),
        convert=Refused("has no label"),
        flags="--label entities --text text",
    ),
    Broken(
        "tokens without places",
        "tokens.jsonl",
        lines(
            {
                "text": "good film",
                "tokens": [{"start": "a", "end": None}],
                "spans": [{"start": 0, "end": 4, "label": "ART"}],
            }
        ),
        convert=Turned("good B-ART | film O"),
    ),
    Broken(
        "tokens beyond the text",
        "far_tokens.jsonl",
        lines(
            {
                "text": "good film",
                "tokens": [{"start": 0, "end": 40}],
                "spans": [{"start": 0, "end": 4, "label": "ART"}],
            }
        ),
        convert=Refused("far_tokens.jsonl:1", "token 0 to 40"),
    ),
)
