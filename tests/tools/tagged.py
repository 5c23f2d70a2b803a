"""Tagged sentences and questions over the tests' few words, which a tiny model can learn."""

from __future__ import annotations

import random
from typing import Any

from conftest import WORDS

THINGS = {"film": "ART", "book": "ART", "song": "ART", "staff": "TEAM", "service": "TEAM"}


def tagged_rows(count: int, *, seed: int = 0, longest: int = 12) -> list[dict[str, Any]]:
    """IOB2: things are entities, and so is every `very` or `quite` right after one."""
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        tokens = chance.choices([*WORDS, *THINGS], k=chance.randint(3, longest))
        rows.append({"tokens": tokens, "tags": tags_for(tokens)})
    return rows


def tags_for(tokens: list[str]) -> list[str]:
    tags: list[str] = []
    for position, token in enumerate(tokens):
        before = tags[-1] if tags else "O"
        follows = before != "O" and token in ("very", "quite")
        tags.append(f"B-{THINGS[token]}" if token in THINGS else f"I-{before[2:]}" if follows else "O")
        assert position + 1 == len(tags)
    return tags


def asked_rows(count: int, *, seed: int = 0, longest: int = 20, unanswerable: bool = False) -> list[dict[str, Any]]:
    """What comes after the word in the question? In every third context, if so asked, the word does not occur."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        key, *others = chance.sample(WORDS, k=len(WORDS))
        words = chance.choices(others, k=chance.randint(6, longest))
        place = chance.randrange(len(words) - 1)
        answer = {"text": [], "answer_start": []}
        if not (unanswerable and number % 3 == 0):
            words[place] = key
            start = len(" ".join(words[: place + 1])) + 1
            answer = {"text": [words[place + 1]], "answer_start": [start]}
        rows.append({"id": f"q{number}", "question": key, "context": " ".join(words), "answers": answer})
    return rows
