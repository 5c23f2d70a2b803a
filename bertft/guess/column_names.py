"""What columns are commonly called. Names are compared word by word: `Review Text`, `reviewText`, `review_text` are one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations

TEXT = (
    *("text", "sentence", "review", "message", "content", "body", "comment", "tweet", "document", "utterance", "post"),
    *("sms", "statement", "文本", "内容", "评论"),
)
SECOND_RATE_TEXT = ("question", "title", "headline", "subject", "query", "description", "summary", "abstract", "标题")
"""Text, but often beside the text proper."""
PAIRS = (
    *(("premise", "hypothesis"), ("question", "sentence"), ("query", "passage"), ("query", "document")),
    *(
        ("question", "passage"),
        ("question", "context"),
        ("question", "answer"),
        ("query", "text"),
        ("context", "response"),
    ),
)
TEXT_WORDS = {*TEXT, *SECOND_RATE_TEXT, *(name for couple in PAIRS for name in couple)}
LABEL = ("label", "labels", "gold label", "target", "class", "y", "标签", "类别")
SECOND_RATE_LABEL = (
    *("category", "intent", "sentiment", "score", "rating", "stars", "tag", "tags", "topic", "emotion", "emotions"),
    *("polarity", "stance", "similarity", "categories", "topics", "lable", "annotation", "is duplicate"),
)
TIMING = {
    *("time", "times", "timestamp", "date", "datetime", "day", "hour", "minutes", "seconds", "secs", "sec", "ms"),
    *("duration", "elapsed", "latency", "created", "updated", "modified", "submitted", "started", "finished"),
}
COUNTING = {
    *("id", "ids", "uuid", "guid", "uid", "idx", "index", "row", "line", "nr", "no", "unnamed", "offset", "position"),
    *("user", "username", "author", "worker", "annotator", "annotators", "session", "split", "fold", "batch"),
    *("partition", "page", "length", "len", "count", "version", "url", "file", "filename"),
}
"""Words in names of columns that are about a row rather than what it says: nothing is to be learned from them unasked."""
TOKENS = ("tokens", "words", "token", "word")
TAGS = ("ner tags", "tags", "ner", "labels", "bio tags", "word labels", "tag", "label", "entities", "spans", "ents")
QUESTION, CONTEXT = ("question", "query"), ("context", "passage", "paragraph", "document", "text")
ANSWERS = ("answers",)
ANSWER_TEXT = ("answer text", "answer", "text answer", "answers text")
ANSWER_START = ("answer start", "start", "answers start", "answers answer start")
ANSWER = "answer"
"""Prodigy's column of what an annotator said to a row as it was shown: accept, reject or ignore."""
_TWINS = tuple(map(frozenset, (("1", "2"), ("a", "b"), ("first", "second"), ("left", "right"), ("0", "1"))))


def parts(name: str) -> tuple[str, ...]:
    """`#1 String` -> ('1', 'string'), `textA` -> ('text', 'a')."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", " ", name)
    return tuple(re.findall(r"[^\W_]+", spaced.lower()))


def named(columns: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The columns that are called one of `wanted`, the likeliest first; of `Sentence #` and `Sentence` the plainer one."""
    by_name: dict[str, str] = {}
    for column in sorted(columns, key=len):
        by_name.setdefault(" ".join(parts(column)), column)
    return [by_name[name] for name in wanted if name in by_name]


def first_named(columns: Iterable[str], wanted: Sequence[str]) -> str | None:
    """The likeliest of them; None where there is none."""
    return next(iter(named(list(columns), wanted)), None)


def named_in_part(columns: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The columns with such a word in their name, as `airline_sentiment`, in the file's order."""
    return [column for column in columns if set(parts(column)) & set(wanted)]


def is_timing(column: str) -> bool:
    """When something was done, or how long it took, whatever else the name says: `label_time`."""
    return bool(set(parts(column)) & TIMING)


def is_about_the_row(column: str) -> bool:
    """As `lead_time`, `annotator`, `user_id`."""
    return bool(set(parts(column)) & (TIMING | COUNTING))


def pairs(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Columns whose names belong together: known couples, else names that differ in a 1 and a 2, an a and a b. Of
    those the shortest: sentence1 and sentence2 rather than sentence1_parse and sentence2_parse."""
    known = [tuple(named(columns, [one]) + named(columns, [other])) for one, other in PAIRS]
    found = [(couple[0], couple[1]) for couple in known if len(couple) == 2]
    found = found or twins(columns)
    shortest = min((len(parts(one)) for one, _ in found), default=0)
    return [couple for couple in found if len(parts(couple[0])) == shortest]


def twins(columns: Sequence[str]) -> list[tuple[str, str]]:
    """Names that differ only in a mark that counts them: sentence1 and sentence2. Not each with each, as there may be
    thousands, but those that are the same without their mark."""
    alike: dict[object, list[tuple[int, str]]] = {}
    for place, column in enumerate(columns):
        words = parts(column)
        for i, word in enumerate(words):
            for marks in _TWINS:
                if word in marks:
                    alike.setdefault((words[:i], words[i + 1 :], marks), []).append((place, word))
    found = {(one, other) for same in alike.values() for (one, x), (other, y) in combinations(same, 2) if x != y}
    return [(columns[one], columns[other]) for one, other in sorted(found)]
