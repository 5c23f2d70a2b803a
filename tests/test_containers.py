"""Lists and objects in strings, as JSON, Python, NumPy and pandas print them. Oracle: the value that was printed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertft.rows.containers import opened

NAMES = st.text(st.characters(blacklist_categories=("Cs",)), max_size=8)
SCALARS = NAMES | st.integers(-5, 5) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
CONTAINERS = st.lists(SCALARS, max_size=5) | st.dictionaries(NAMES, SCALARS, max_size=4)


@given(CONTAINERS)
def test_what_was_printed_is_read_again(value: Any) -> None:
    for printed in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1), repr(value), f"  {value!r}\n"):
        assert opened(printed) == value


@given(st.lists(NAMES.filter(str.isprintable), min_size=1, max_size=6))
def test_numpy_prints_words_without_commas(names: list[str]) -> None:
    assert opened(str(np.array(names, dtype=object))) == names
    assert opened(repr(np.array(names, dtype=object))) == names


@given(st.lists(st.integers(0, 1) | st.floats(0, 1, width=16), min_size=1, max_size=6))
def test_numpy_prints_numbers_without_commas(numbers: list[float]) -> None:
    array = np.array(numbers)
    with np.printoptions(floatmode="unique"):
        assert opened(str(array)) == pytest.approx(array.tolist())
        assert opened(repr(array)) == pytest.approx(array.tolist())


@pytest.mark.parametrize(
    ("cell", "held"),
    [
        (("a", "b"), ["a", "b"]),
        ("('a', 'b')", ["a", "b"]),
        ("('a',)", ["a"]),
        ({"b", "a"}, ["a", "b"]),
        ("{'b', 'a'}", ["a", "b"]),
        ("frozenset({'b', 'a'})", ["a", "b"]),
        ("[np.str_('a'), np.int64(1), nan]", ["a", 1, None]),
        ("{'scores': array([0.5, 1.], dtype=float32)}", {"scores": [0.5, 1.0]}),
        ("OrderedDict({'a': 1})", {"a": 1}),
        ("[]", []),
        ("{}", {}),
    ],
)
def test_other_prints(cell: object, held: object) -> None:
    assert opened(cell) == held


@pytest.mark.parametrize(
    "text",
    [
        *[
            "[not json]",
            "(good)",
            "(1)",
            "[sic] a text [1]",
            "{name}",
            "[CLS]",
            "(a, b)",
            "[1, 2",
            "a [1]",
            "",
            "[",
            "()x",
        ],
        *[
            "[open('/etc/passwd')]",
            "[x for x in [1]]",
            "[1 + 1]",
            "[" * 5000 + "]" * 5000,
            "[" + "(" * 300 + ")" * 300 + "]",
        ],
        *["[0777]", r"['C:\users\x']", "(1or 2)", r"(C:\data \d)", "[" + "9" * 5000 + ", 'a']"],
        "[x" + " 'a'," * 300_000 + "]",
    ],
)
@pytest.mark.filterwarnings("error")
def test_texts_stay_texts(text: str) -> None:
    assert opened(text) == text


@pytest.mark.parametrize("cell", [None, 1, 1.5, True, "text", ["a"], {"a": 1}])
def test_other_cells_stay_as_they_are(cell: object) -> None:
    assert opened(cell) is cell or opened(cell) == cell
