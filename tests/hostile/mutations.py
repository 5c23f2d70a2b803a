"""Ways to break a file: in its rows, before it is written; and in its bytes, after."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from typing import Any

Chance = random.Random
Rows = list[dict[str, Any]]

HOSTILE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**30, -(10**18), 1e308, float("inf"), float("nan")),
    *("", " ", "\n", "\r", "\0", "\ufeff", '"', '""', "'", ",", ";", "\t", "|", "\\", "#", "O", "B-", "B-X", "_"),
    *("NA", "null", "None", "nan", "NaN", "Infinity", "-inf", "1e999", "True", "0x10", "１２", "²", "½", "-0", "1.0"),
    *("9" * 400, "9" * 5000, "1" * 5000 + ".0", "0." + "3" * 5000, "a" * 3000, "a " * 700, "字" * 300),
    *(
        "\ud800",
        "a\udfffb",
        "\u202eabc\u202c",
        "\u200b",
        "\u200d\u200d",
        "\u00ad",
        "\u2028",
        "\x85",
        "\x1b[31m",
        "\x7f",
    ),
    *("é", "e\u0301" * 40, "👩‍👩‍👧", "\U000e0001", "\uffff", "\ufffd", "ﷺ", "İ", "ß"),
    *("[", "]", "[]", "{}", "[1]", '["a"]', '[["a"]]', "[[0, 1, 'X']]", "['a' 'b']", "[nan]", "[1, null]"),
    *('{"text": "a"}', '{"text": ["a"], "answer_start": [0]}', '{"start": 0, "end": 1}', "[" * 3000, '{"a":' * 3000),
    *("[" * 500 + "]" * 500, "(" * 2000, "-" * 2000 + "1", "array([1], dtype=int32)", "[b'a']", "[(1, 2)]"),
    *([], {}, [[]], [None], [1], ["a"], [[0, 1, "X"]], [{"start": 0, "end": 1}], [{"start": "0", "end": None}]),
    *([{"start": -5, "end": 10**9, "label": "X"}], [{"start": 3, "end": 1, "label": []}], [[1, 2]], [["a", "b", "c"]]),
    *({"text": None}, {"text": [], "answer_start": [1]}, {"text": "a", "answer_start": 10**30}, {"text": {"a": 1}}),
    *({"text": ["x"], "answer_start": ["0.5"]}, {"entities": [[0, 1, "X"]]}, {"": {"": [""]}}, [{"text": "a"}]),
)


def in_rows(rows: Rows, chance: Chance) -> Rows:
    """One of: another value, another column, a row less, a column less, many copies, values under another name."""
    rows = [dict(row) for row in rows]
    row = chance.choice(rows)
    name = chance.choice([*row] or ["text"])
    match chance.randrange(9):
        case 0 | 1 | 2:
            row[name] = hostile(row.get(name), chance)
        case 3:
            for one in rows:
                one[name] = hostile(one.get(name), chance)
        case 4:
            rows = [{**one, str(hostile(None, chance)): hostile(None, chance)} for one in rows]
        case 5:
            row.pop(name, None)
        case 6:
            rows = [{key: value for key, value in one.items() if key != name} for one in rows]
        case 7:
            rows = rows[: chance.randrange(3)] or [{}]
        case _:
            other = chance.choice([*row] or ["text"])
            for one in rows:
                one[name], one[other] = one.get(other), one.get(name)
    return rows


def hostile(value: Any, chance: Chance) -> Any:
    """Some value in the place of another, or somewhere deep within it."""
    if isinstance(value, list) and value and chance.random() < 0.7:
        place = chance.randrange(len(value))
        return [*value[:place], hostile(value[place], chance), *value[place + 1 :]]
    if isinstance(value, dict) and value and chance.random() < 0.7:
        key = chance.choice([*value])
        changed = {**value, key: hostile(value[key], chance)}
        return changed if chance.random() < 0.8 else {one: held for one, held in value.items() if one != key}
    found = chance.choice(HOSTILE)
    if isinstance(value, str) and isinstance(found, str) and chance.random() < 0.5:
        place = chance.randint(0, len(value))
        return value[:place] + found + value[place:]
    return found


def in_bytes(content: bytes, chance: Chance) -> bytes:
    return chance.choice(BYTE_MUTATIONS)(content, chance)


def _cut(content: bytes, chance: Chance) -> bytes:
    return content[: chance.randint(0, len(content))]


def _drop(content: bytes, chance: Chance) -> bytes:
    start = chance.randint(0, len(content))
    return content[:start] + content[start + chance.randint(1, 40) :]


def _flip(content: bytes, chance: Chance) -> bytes:
    changed = bytearray(content or b"x")
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _insert(content: bytes, chance: Chance) -> bytes:
    place = chance.randint(0, len(content))
    found = str(chance.choice(HOSTILE)).encode("utf-8", "surrogatepass")
    return content[:place] + found + content[place:]


def _noise(content: bytes, chance: Chance) -> bytes:
    place = chance.randint(0, len(content))
    return content[:place] + chance.randbytes(chance.randint(1, 60)) + content[place:]


def _repeat(content: bytes, chance: Chance) -> bytes:
    start = chance.randint(0, len(content))
    end = start + chance.randint(1, 200)
    return content[:end] + content[start:end] * chance.randint(1, 9) + content[end:]


def _ends(content: bytes, chance: Chance) -> bytes:
    return content.replace(b"\n", chance.choice([b"\r\n", b"\r", b"\n\n", b"\n\r", b"", b"\xe2\x80\xa8"]))


def _swap(content: bytes, chance: Chance) -> bytes:
    one, other = (bytes([chance.choice(b'",;\t|[]{}:\n 0eO-B')]) for _ in range(2))
    return content.replace(one, other)


def _encode(content: bytes, chance: Chance) -> bytes:
    codec = chance.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "gb18030", "cp1252", "shift_jis", "utf-7"])
    return content.decode("utf-8", "replace").encode(codec, "replace")


def _zip(content: bytes, chance: Chance) -> bytes:
    return gzip.compress(content, 1, mtime=0)


def _zip_and_damage(content: bytes, chance: Chance) -> bytes:
    return chance.choice([_cut, _flip, _drop, _zip])(gzip.compress(content, 1, mtime=0), chance)


def _glue(content: bytes, chance: Chance) -> bytes:
    return content + chance.choice([content, b"\0", b"\xef\xbb\xbf", b"\n" * 50, b"]}", b'"', b"PAR1", b"ARROW1"])


BYTE_MUTATIONS: tuple[Callable[[bytes, Chance], bytes], ...] = (
    *(_cut, _drop, _flip, _insert, _insert, _noise, _repeat, _ends, _swap, _encode, _zip, _zip_and_damage, _glue),
)
