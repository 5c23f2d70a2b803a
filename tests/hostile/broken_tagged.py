"""Files of tagged words, in columns or in lists, as annotators and converters leave them."""

from __future__ import annotations

import json

from expected import TAGS, Answered, Broken, Refused, Turned

FINE = ("good O | film B-ART", "bad O | book B-ART | very I-ART")


def conll(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def tagged(*rows: tuple[list[object], object]) -> bytes:
    return "".join(json.dumps({"tokens": tokens, "tags": tags}) + "\n" for tokens, tags in rows).encode()


FILES = (
    Broken(
        "tabs, spaces, Windows line ends and no last newline",
        "mixed.conll",
        b"good\tO\r\nfilm\tB-ART\r\n\r\nbad\tO\r\nbook\tB-ART\r\nvery\tI-ART",
        convert=Turned(*FINE),
    ),
    Broken(
        "several spaces between the columns",
        "spaces.conll",
        conll("good   O", "film  B-ART", "", "bad O", "book    B-ART", "very I-ART"),
        convert=Turned(*FINE),
    ),
    Broken(
        "a byte order mark before the first word",
        "mark.conll",
        b"\xef\xbb\xbfgood O\nfilm B-ART\n",
        convert=Turned(FINE[0]),
    ),
    Broken(
        "documents, comments and many blank lines",
        "docs.conll",
        conll(
            "-DOCSTART- O",
            "",
            "",
            "# id = 1",
            "good O",
            "film B-ART",
            "",
            "",
            "-DOCSTART- O",
            "",
            "bad O",
            "book B-ART",
            "very I-ART",
            "",
        ),
        convert=Turned(*FINE),
    ),
    Broken(
        "a line with a column too few",
        "ragged.conll",
        conll("good X O", "film B-ART", "", "bad X O"),
        train=Refused(":2: 2 columns, the others have 3"),
        convert=Refused(":2: 2 columns"),
        predict=Refused(":2: 2 columns"),
        run=TAGS,
    ),
    Broken(
        "words hold spaces",
        "words.conll",
        conll("New York B-LOC", "is O"),
        train=Refused("words.conll:", "the others have", "--delimiter tab"),
    ),
    Broken(
        "only document starts",
        "starts.conll",
        conll("-DOCSTART- O", "", "-DOCSTART- O"),
        train=Refused("no word in it"),
        predict=Refused("no word in it"),
        run=TAGS,
    ),
    Broken(
        "only words",
        "untagged.conll",
        conll("good", "film", "", "bad"),
        predict=Answered('["good","film"]', '["bad"]'),
        run=TAGS,
        train=Refused("no column looks like text", "'tokens': lists"),
    ),
    Broken(
        "tags with an underscore",
        "underscore.conll",
        conll("good O", "film B_ART", "song I_ART"),
        train=Refused("tag 'B_ART' is in no known scheme", "write B-ART"),
        flags="--max-steps 1",
    ),
    Broken(
        "tags of two schemes",
        "schemes.conll",
        conll("good S-ART", "film U-ART", "song O"),
        convert=Refused("U- (BILOU) among E- and S- (BIOES)"),
    ),
    Broken(
        "insides that nothing opened",
        "inside.conll",
        conll("good O", "film I-ART", "", "bad I-ART", "book I-ART", "very O"),
        convert=Turned("good O | film I-ART", "bad I-ART | book I-ART | very O"),
    ),
    Broken(
        "words that BERT does not see",
        "unseen.jsonl",
        tagged((["\u00ad", "good", "\u200b", "film", "\0"], ["O", "O", "O", "B-ART", "O"])),
        run=TAGS,
        predict=Answered('["\u00ad","good","\u200b","film","\\u0000"]'),
    ),
    Broken(
        "half characters among the words",
        "half.jsonl",
        b'{"tokens": ["good", "\\ud800", "film"]}\n',
        run=TAGS,
        predict=Answered('["good","\ud800","film"]'),
    ),
    Broken(
        "half a character in a tag",
        "half_tag.jsonl",
        b'{"tokens": ["good", "film"], "tags": ["O", "B-\\ud800"]}\n' * 4,
        train=Refused("half a character"),
        flags="--max-steps 1",
    ),
    Broken(
        "a tag too few",
        "few.jsonl",
        tagged((["good", "film"], ["O"])),
        eval=Refused("few.jsonl:1: 2 words in 'tokens' but 1 tags"),
        convert=Refused("2 words in 'tokens' but 1 tags"),
        run=TAGS,
    ),
    Broken(
        "lists within the words",
        "nested.jsonl",
        tagged(([["good"], "film"], ["O", "O"])),
        convert=Refused("nested.jsonl:1: a list of lists"),
        run=TAGS,
    ),
    Broken(
        "numbers, null and truths among the words",
        "kinds.jsonl",
        tagged((["good", 7, None, True], ["O", "O", "O", "B-ART"])),
        run=TAGS,
        predict=Answered('["good",7,null,true]'),
    ),
    Broken(
        "numbers of 400 digits among the tags",
        "huge.jsonl",
        tagged((["good", "film"], [10**400, 0])),
        run=TAGS,
        eval=Refused("huge.jsonl"),
    ),
    Broken(
        "an empty tag",
        "empty_tag.jsonl",
        tagged((["good", "film"], ["O", ""])),
        convert=Refused("empty_tag.jsonl:1: an empty tag"),
    ),
    Broken(
        "no words at all in a row",
        "no_words.jsonl",
        tagged((["good", "film"], ["O", "B-ART"]), ([], [])),
        convert=Turned("good O | film B-ART", ""),
        predict=Answered('["good","film"]', "[]"),
        run=TAGS,
    ),
    Broken(
        "a list in a cell never closes, and is a text",
        "open_list.csv",
        b"tokens,tags\n\"['good' film\",\"['O', 'O']\"\n",
        convert=Turned("['good' O | film O"),
    ),
    Broken(
        "an export of a tool whose second task is a number",
        "tasks.json",
        b'[{"data": {"text": "good"}, "annotations": []}, 7]',
        train=Refused("#2: a number of another form, wanted Label Studio"),
    ),
    Broken(
        "a tool's result with words for places",
        "results.json",
        b'[{"data": {"text": "good film"}, "annotations": [{"result": [{"value": {"start": "x", "labels": ["A"]}}]}]}]',
        convert=Refused("results.json"),
    ),
)
