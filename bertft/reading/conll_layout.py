"""Sentences of cells come in; the file's layout goes out: how wide it is, what its columns are called, which hold words and tags.

Content decides: tags of entities look like nothing else, wherever they stand, and words are the most varied of the other columns.
Only where nothing tells does the word stand first and the tag last. A first line of column names names the columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import bertft.guess.column_names as names
from bertft.errors import DataError
from bertft.guess.columns import CODE, MOST, NUMBER
from bertft.reading.conll_lines import Sentence, is_comment
from bertft.tags.looks import TAG, are_entity_tags, is_outside_sign

SEEN_WORDS = 20_000
"""So many tell what the columns hold."""
FEWEST = 3
"""Distinct cells that a column of words has at least, to be preferred to the first column."""
MANY_SENTENCES = 50
NUMERIC, CONSTANT, VARIED = 0.9, 0.95, 0.7
"""Share of the cells that are numbers where a column holds numbers; of the sentences in which a column of ids does not change; of
the most varied column's distinct cells that the words have, too."""
CONLLU_WIDTH, UPOS = 10, 3
LISTED = 5
PLACES = re.compile(r"\d+[-:,]\d+")
"""WebAnno's 1-1 and 0-5: where a word stands."""

ReadSentences = Callable[[int], Iterable[Sentence]]
"""The sentences but for a line of column names, whose number is given; 0 for none."""
_Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class ColumnLayout:
    """What the file's columns are."""

    width: int
    columns: Mapping[str, int]
    """Names, in the file's order, and positions."""
    counted: bool = False
    """The first column counts the words."""
    header: int = 0
    """The line of column names; 0 for none."""
    documents: bool = False
    misc: Sequence[str] = ()
    """Keys of CoNLL-U's last column that hold tags of entities, as NER=B-PER; a column for each."""
    notes: Sequence[str] = ()


@dataclass
class Lines:
    """How many there are, and where the first few stand."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, *lines: int) -> None:
        self.count += len(lines)
        if len(self.first) < LISTED:
            self.first += lines[: LISTED - len(self.first)]


@dataclass
class _Survey:
    """A whole file in numbers, and the beginning of it in full."""

    widths: dict[int, Lines] = field(default_factory=dict)
    """Width -> the lines that are so wide."""
    documents: bool = False
    counted: bool = True
    short: int = 0
    """Sentences of a single word."""
    count: int = 0
    sample: list[Sentence] = field(default_factory=list)


def find_layout(name: str, read: ReadSentences, *, advice: str = "") -> ColumnLayout:
    """DataError for a line that is not as wide as the others. `advice`: what else could be done about it."""
    survey = _survey(read(0))
    if not survey.count:
        raise DataError(f"{name}: no word in it, wanted a word and its tag in each line, as `Paris B-LOC`.")
    width = max(survey.widths, key=lambda width: survey.widths[width].count)
    rows = [cells for sentence in survey.sample for cells in sentence.words if len(cells) == width]
    if header := _header(rows):
        line = survey.sample[0].lines[0]
        survey = _survey(read(line))
        if not survey.count:
            raise DataError(f"{name}: no word below the line of column names.")
    refuse_ragged(name, survey.widths, width, advice)
    return _layout(survey, width, header, line if header else 0)


def _survey(found: Iterable[Sentence]) -> _Survey:
    survey, seen = _Survey(), 0
    for sentence in found:
        if not sentence.words:
            survey.documents = True
            continue
        if seen < SEEN_WORDS:
            survey.sample.append(sentence)
            seen += len(sentence.words)
        survey.count += 1
        survey.short += len(sentence.words) == 1
        survey.counted = survey.counted and is_counted(sentence.words)
        if len(widths := set(map(len, sentence.words))) == 1:  # nearly always, and faster
            survey.widths.setdefault(widths.pop(), Lines()).add(*sentence.lines)
            continue
        for line, cells in zip(sentence.lines, sentence.words, strict=True):
            if cells[0][:1] != "#" or not is_comment(cells):
                survey.widths.setdefault(len(cells), Lines()).add(line)
    return survey


def refuse_ragged(name: str, widths: Mapping[int, Lines], width: int, advice: str = "") -> None:
    """DataError that names the lines which are not as wide as most."""
    misfits = sorted((line, found) for found, lines in widths.items() if found != width for line in lines.first)
    if not misfits:
        return
    line, cells = misfits[0]
    count = sum(lines.count for found, lines in widths.items() if found != width)
    listed = ", ".join(str(line) for line, _ in misfits[:LISTED]) + (" ..." if count > LISTED else "")
    others = f" {count:,} lines are like this ({listed})." if count > 1 else ""
    raise DataError(
        f"{name}:{line}: {cells} column{'s' * (cells != 1)}, the others have {width}.{others} "
        f"Give each word all its columns{advice}."
    )


def is_counted(words: _Rows) -> bool:
    """From 1 or from 0."""
    numbers = [cells[0] for cells in words if cells[0].isdecimal()]
    if len(numbers) < len(words) and any(not is_uncounted(cells[0]) for cells in words if not cells[0].isdecimal()):
        return False
    start = 0 if numbers[:1] == ["0"] else 1
    return bool(numbers) and numbers == [str(number) for number in range(start, len(numbers) + start)]


def is_uncounted(number: str) -> bool:
    """CoNLL-U's 1-2 (a word that is analysed as two) and 8.1 (a word that is not there)."""
    whole, _, part = number.replace("-", ".", 1).partition(".")
    return whole.isdecimal() and part.isdecimal()


def _layout(survey: _Survey, width: int, header: Sequence[str], line: int) -> ColumnLayout:
    counted = survey.counted and width > 2 and survey.short < survey.count
    rows = [cells for sentence in survey.sample for cells in sentence.words if len(cells) == width]
    counts = [Counter(column) for column in zip(*rows, strict=True)]
    tagged = tag_columns(counts)
    tag = _tag_column(counts, tagged, counted)
    word = int(counted) if counted or width == 1 else _word_column(counts, survey.sample, {tag, *tagged})
    columns = _named(width, word, tag, header, counted)
    notes = [] if header else _role_notes(columns, counted)
    if survey.count >= MANY_SENTENCES and survey.short == survey.count:
        notes = [*notes, "every sentence is one word long: is there a blank line after each word?"]
    misc = _misc_keys(rows) if counted and width == CONLLU_WIDTH else []
    return ColumnLayout(width, columns, counted, line, survey.documents, misc, notes)


def misc_tags(words: _Rows, key: str) -> list[str]:
    """What CoNLL-U's last column says under a key of each word; O where it says nothing."""
    return [_misc(cells[-1]).get(key, "O") for cells in words]


def _misc(cell: str) -> dict[str, str]:
    return {key: value for key, sign, value in (part.partition("=") for part in cell.split("|")) if sign}


def _misc_keys(rows: _Rows) -> list[str]:
    keys = dict.fromkeys(key for cells in rows for key in _misc(cells[-1]))
    return [key for key in keys if are_entity_tags(Counter(misc_tags(rows, key)))]


def tag_columns(counts: Sequence[Counter[str]]) -> list[int]:
    """Those that hold tags of entities."""
    return [place for place, cells in enumerate(counts) if are_entity_tags(cells)]


def _tag_column(counts: Sequence[Counter[str]], tagged: Sequence[int], counted: bool) -> int:
    """The last one of entities or of nothing but O, so that a sister file is read alike; else UPOS, or the last."""
    bare = [place for place, cells in enumerate(counts) if set(cells) == {"O"}]
    if tagged or (bare and len(counts) > 1):
        return max(*tagged, *bare, -1, -1)
    return UPOS if counted and len(counts) == CONLLU_WIDTH else len(counts) - 1


def _word_column(counts: Sequence[Counter[str]], sample: Sequence[Sentence], tags: set[int]) -> int:
    """The first of the columns that are neither tags nor numbers nor ids and hardly less varied than any other."""
    free = [place for place in range(len(counts)) if place not in tags]
    free = [place for place in free if not _holds(counts[place], PLACES)] or free
    likely = [place for place in free if not _is_numeric(counts[place]) and not _is_constant(place, sample)]
    likely = [place for place in likely if len(counts[place]) >= FEWEST]
    likely = [place for place in likely if not _are_ids(counts[place])] or likely
    most = max((len(counts[place]) for place in likely), default=0)
    varied = [place for place in likely if len(counts[place]) >= VARIED * most]
    return next(iter(varied or free), 0)


def _is_numeric(cells: Counter[str]) -> bool:
    return _holds(cells, NUMBER)


def _holds(cells: Counter[str], pattern: re.Pattern[str]) -> bool:
    """Whether nearly all cells are so."""
    return sum(count for cell, count in cells.items() if pattern.fullmatch(cell)) >= NUMERIC * cells.total()


def _are_ids(cells: Counter[str]) -> bool:
    """Codes with digits, nearly all different, as doc1.s0.t0."""
    return len(cells) >= MOST * cells.total() and _holds(cells, CODE)


def _is_constant(place: int, sample: Sequence[Sentence]) -> bool:
    """The same cell in each word of a sentence, as a document's name."""
    longer = [sentence.words for sentence in sample if len(sentence.words) > 2]
    same = sum(len({cells[place] for cells in words if place < len(cells)}) == 1 for words in longer)
    return bool(longer) and same >= CONSTANT * len(longer)


def _header(rows: _Rows) -> Sequence[str]:
    """The first line, where it names the columns: one cell is called like words or tags, and what stands for the tag is none."""
    first, rest = (rows[0], rows[1:]) if rows else ((), ())
    called = [place for place, cell in enumerate(first) if names.named([cell], (*names.TOKENS, *HEADER_WORDS))]
    titled = [place for place, cell in enumerate(first) if names.named([cell], (*names.TAGS, *HEADER_TAGS))]
    if not rest or len(first) < 2 or len(set(first)) < len(first) or not (called or titled):
        return ()
    counts = [Counter(column) for column in zip(*rest, strict=True)]
    tagged = tag_columns(counts)
    if tagged:
        return () if any(TAG.fullmatch(first[place]) or is_outside_sign(first[place]) for place in tagged) else first
    recurs = any(counts[place][first[place]] for place in (*called, *titled))
    return first if called and titled and not recurs else ()


HEADER_WORDS = ("form", "text", "term", "mot", "mots", "wort", "palabra", "字", "词", "字符")
HEADER_TAGS = ("pos", "upos", "xpos", "chunk", "iob", "iob tag", "named entity", "entity", "label", "标签", "标注")
"""Names of columns that stand in the first line of a file of tagged words only."""


def _named(width: int, word: int, tag: int, header: Sequence[str], counted: bool) -> dict[str, int]:
    own = {word: "tokens"} if width == 1 else {word: "tokens", tag: "tags"}
    plain = {place: f"column_{place + 1}" for place in range(width)}
    called = dict(enumerate(header)) if header and all(header) else own
    return {(called.get(place) or plain[place]): place for place in range(int(counted), width)}


def _role_notes(columns: Mapping[str, int], counted: bool) -> list[str]:
    """Which columns play which part, unless there are only a word and its tag in that order."""
    others = [name for name in columns if name not in ("tokens", "tags")]
    if "tags" not in columns or (not others and columns["tokens"] < columns["tags"] and not counted):
        return []
    said = f"words are column {columns['tokens'] + 1}, tags column {columns['tags'] + 1}"
    return [f"{said}, the others {', '.join(islice(others, 30))} (--label)" if others else said]
