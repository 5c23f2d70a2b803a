"""Which columns hold words and their tags? By names and by content: what is mostly B-, I- or O beside as many words is tags.

Columns come in, a guess goes out; a DataError where something looks like tags of words, but cannot be understood as such."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bertft.guess.column_names as names
from bertft.errors import DataError
from bertft.guess.columns import MOST, SAMPLE, Look, share
from bertft.rows.labels import is_empty, label_text
from bertft.tags.looks import are_entity_tags, marked_share, no_plain_tags
from bertft.tags.words import items_of_cell, listed, split_words

_Values = Mapping[str, Sequence[object]]
_Cells = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Tagged:
    """The columns of words and of tags or spans."""

    text: str
    label: str
    notes: tuple[str, ...] = ()
    """What else could have been meant."""


def tagged_tokens(columns: _Values, looks: Mapping[str, Look]) -> Tagged | None:
    """Two columns of lists, as long as each other row by row."""
    lists = {name: found for name in looks if (found := _lists(columns[name])) is not None}
    tags = [name for name in lists if are_entity_tags(tag_counts(lists[name]))]
    free = [name for name in lists if name not in tags]
    tokens = names.first_named(lists, names.TOKENS) or names.first_named(free, names.TEXT)
    if tokens is None and len(free) == 1 and tags and not _texts_beside(columns, looks, tags[0]):
        tokens = free[0]
    if tokens is None:
        return None
    beside = [name for name in lists if name != tokens and _same_lengths(lists[tokens], lists[name])]
    named = names.named(beside, names.TAGS)
    likely = [*(name for name in named if name in tags), *named, *(name for name in beside if name in tags)]
    if not likely:
        return None
    label = likely[0]
    rivals = [name for name in beside if name in tags and name != label]
    return Tagged(tokens, label, tuple(_rival(name, lists[name]) for name in rivals))


def tagged_texts(
    columns: _Values, looks: Mapping[str, Look], text: str | None, label: str | None, *, asked: bool
) -> Tagged | None:
    """A text, and as many tags as it has words in a string or a list. `text` and `label`: what was asked for. DataError where the
    cells are nothing but tags, no text has as many words, and nobody asked for tagging."""
    for name in [label] if label else looks:
        if words := _single_words(columns, looks, name):
            raise DataError(
                f"one word a row, in '{words}' with a tag in '{name}', and nothing says where a sentence ends. Name the column "
                f"that numbers the sentences with --sentence COLUMN; where blank lines part them, pass --format conll, and "
                f"--delimiter comma in a CSV."
            )
        tags = _tags_in_cells(columns[name])
        if tags is None:
            continue
        fitting = _texts_beside(columns, {text: looks[text]} if text else looks, name)
        if fitting:
            return Tagged((names.named(fitting, (*names.TOKENS, *names.TEXT)) or fitting)[0], name)
        if asked:
            return None
        otherwise = "" if _lists(columns[name]) else ", or --single-label to take each cell for a class"
        some = next(" ".join(tag for tag in cell) for cell in tags if len(cell) > 1)
        raise DataError(
            f"the cells of '{name}' are tags of words, such as '{some[:40]}', but no column has as many words between spaces. "
            f"Pass --task ner with --text COLUMN{otherwise}."
        )
    return None


def are_beside(one: Sequence[object], other: Sequence[object]) -> bool:
    """Whether two columns hold lists, as long as each other row by row."""
    left, right = _lists(one), _lists(other)
    return left is not None and right is not None and _same_lengths(left, right)


def spans_of_texts(looks: Mapping[str, Look]) -> Tagged | None:
    """A text with a column of (start, end, label)."""
    spans = [name for name in looks if looks[name].what == "spans"]
    texts = [name for name in looks if looks[name].what == "text"] or names.named(list(looks), names.TEXT)
    if len(spans) != 1 or not texts:
        return None
    return Tagged((names.named(texts, names.TEXT) or texts)[0], spans[0])


def tags_by_name(looks: Mapping[str, Look], text: str | None) -> tuple[str | None, str | None]:
    """Words and tags of a file that was said to have some. What only counts rows is no text."""
    words = [name for name in looks if not looks[name].machine or looks[name].what in ("lists", "objects")]
    text = text or names.first_named(words, names.TOKENS) or names.first_named(words, names.TEXT)
    return text, names.first_named([name for name in looks if name != text], names.TAGS)


def check_tags(texts: Sequence[object], tags: Sequence[object], label: str) -> None:
    """DataError where a column that nobody named holds neither tags of entities nor plain ones such as parts of speech."""
    cells = _lists(tags)
    words = _lists(texts)
    if cells is None or words is None or are_entity_tags(tag_counts(cells)):
        return
    pairs = [pair for one, other in zip(words, cells, strict=False) for pair in zip(one, other, strict=False)]
    if why := no_plain_tags(pairs):
        raise DataError(
            f"'{label}' does not look like tags: {why}. Pass --label COLUMN: another column, or this one if it is meant so; "
            f"and --text COLUMN if the words stand elsewhere."
        )


def tag_counts(cells: _Cells) -> Counter[str]:
    return Counter(item for cell in cells for item in cell)


def _sample(values: Sequence[object]) -> Sequence[object]:
    return values[:: max(1, len(values) // SAMPLE)]


def _lists(values: Sequence[object]) -> _Cells | None:
    """The cells of a column of lists, of a sample of its rows; an empty cell is an empty list. None for any other column."""
    sample = _sample(values)
    found = [[] if is_empty(value) else _items(value) for value in sample]
    filled = [items for items, value in zip(found, sample, strict=True) if not is_empty(value)]
    if not filled or share(items is not None for items in filled) < MOST:
        return None
    return [items or [] for items in found]


def _items(value: object) -> list[str] | None:
    items = items_of_cell(value)
    return None if items is None else [label_text(item) for item in items]


def _same_lengths(one: _Cells, other: _Cells) -> bool:
    lengths = [(len(left), len(right)) for left, right in zip(one, other, strict=True)]
    return all(left == right for left, right in lengths) and any(left > 1 for left, _ in lengths)


def _tags_in_cells(values: Sequence[object]) -> _Cells | None:
    """The tags of a column whose cells are nothing else, in strings or lists; some cells must have several."""
    filled = [value for value in _sample(values) if isinstance(value, str | list | tuple) and not is_empty(value)]
    items = [_items(value) for value in filled]
    cells = [str(value).split() if found is None else found for found, value in zip(items, filled, strict=True)]
    counts = tag_counts(cells)
    several = sum(len(cell) > 1 for cell in cells)
    return cells if 2 * several > len(cells) and are_entity_tags(counts) else None


def _single_words(columns: _Values, looks: Mapping[str, Look], tags: str) -> str | None:
    """The column of words in a file of one word a row; None for any other file."""
    cells = [str(cell) for cell in _sample(columns[tags]) if isinstance(cell, str) and cell]
    if len(cells) < 3 or not are_entity_tags(Counter(cells)) or not any(len(cell) > 1 for cell in cells):
        return None
    others = [name for name in looks if name != tags and looks[name].what == "words"]
    single = [name for name in others if share(" " not in str(cell) for cell in _sample(columns[name])) >= MOST]
    return next(iter(names.named(single, names.TOKENS) or single), None)


def _texts_beside(columns: _Values, looks: Mapping[str, Look], tags: str) -> list[str]:
    """Columns of text with as many words between spaces as there are tags."""
    texts = [name for name in looks if name != tags and looks[name].what in ("text", "words", "objects")]
    return [name for name in texts if _as_many(columns[name], columns[tags])]


def _as_many(texts: Sequence[object], tags: Sequence[object]) -> bool:
    pairs = zip(_sample(texts), _sample(tags), strict=True)
    found = [
        _count(cell) in (_count(text), len(split_words(str(text)).texts))
        for text, cell in pairs
        if not is_empty(text) and not is_empty(cell)
    ]
    return bool(found) and share(found) >= MOST


def _count(cell: object) -> int:
    items = listed(cell)
    return len(str(cell).split()) if items is None else len(items)


def _rival(name: str, cells: _Cells) -> str:
    return f"tags stand also in '{name}' ({marked_share(tag_counts(cells)):.0%} of its words in entities; --label)"
