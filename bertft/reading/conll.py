"""Words in lines with their tags in columns, and a blank line between sentences; a row for each sentence goes out.

So wrote the CoNLL shared tasks, and so do doccano, CoNLL-U (Universal Dependencies) and nearly every corpus of named
entities. The word stands first and the tag last; only in files that count their words (1, 2, 3 ...) is the word second,
and in CoNLL-U, with its ten columns, the tag is the fourth (UPOS). `-DOCSTART-` begins a document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from bertft.errors import DataError
from bertft.reading.body import Body, CellStorage, Place
from bertft.reading.intake import Intake
from bertft.reading.lines import head_text, text_lines
from bertft.reading.options import ReadOptions

DOCUMENT_START = "-DOCSTART-"
COMMENT = re.compile(
    r"#\s+([\w.:-]+( [\w.:-]+)* ?=(\s|$)|https?://|(id|newdoc|newpar)\b)|#(begin|end) document\b", re.ASCII
)
"""As `# text = ...`; `#` and `#id` are words too, and a comment stands only before a sentence."""
NOT_COUNTED = re.compile(r"\d+[-.]\d+")
"""CoNLL-U's 1-2 (a word that is analysed as two) and 8.1 (a word that is not there)."""
CONLLU_WIDTH, UPOS = 10, 3
TAG = re.compile(r"O|[BIESLUMW]|[BIESLUMW][-_]\S+")
SNIFFED_LINES, SNIFFED_SHARE = 200, 0.9

_Lines = Callable[[], Iterable[str]]


@dataclass(slots=True)
class Sentence:
    """Lines between two blank ones."""

    line: int
    document: int
    words: list[list[str]] = field(default_factory=list)
    """The cells of each line."""


@dataclass(frozen=True)
class _Layout:
    """What the file's columns are."""

    delimiter: str | None
    """None: any spaces and tabs."""
    width: int
    first_line: int
    """The first line with a word, which all others must be as wide as."""
    counted: bool
    """The first column counts the words."""
    documents: bool

    @property
    def columns(self) -> dict[str, int]:
        """Names, in the file's order, and positions."""
        word, tag = int(self.counted), self.width - 1
        if self.counted and self.width == CONLLU_WIDTH:
            tag = UPOS
        special = {word: "tokens"} if self.width == 1 else {word: "tokens", tag: "tags"}
        return {special.get(place, f"column_{place + 1}"): place for place in range(word, self.width)}


def open_conll(intake: Intake, encoding: str, options: ReadOptions) -> Body:
    """Refuses a file with a ragged line at once; standard input as its lines come."""
    lines = partial(text_lines, intake, encoding)
    layout = _find_layout(intake.name, lines if intake.rereadable else partial(_head_lines, intake, encoding), options)
    columns = [*layout.columns, *(["document"] if layout.documents else [])]
    read = partial(_read, intake.name, lines, layout)
    return Body(columns, read, Place.LINE, CellStorage.JSON, encoding, layout.delimiter, notes=_notes(layout))


def looks_like_conll(text: str, whole: bool) -> bool:
    """Whether a document starts, or nearly all of the first lines are equally wide and end in a tag, some as B-PER."""
    lines = text.split("\n") if whole else text.split("\n")[:-1]
    sentences = list(_sentences(islice(lines, SNIFFED_LINES), None))
    if not all(sentence.words for sentence in sentences):
        return True
    cells = [cells for sentence in sentences for cells in sentence.words]
    width, common = Counter(map(len, cells)).most_common(1)[0] if cells else (1, 0)
    tags = [row[-1] for row in cells if len(row) == width and TAG.fullmatch(row[-1])]
    enough = len(tags) >= max(2, SNIFFED_SHARE * len(cells))
    return width > 1 and common >= SNIFFED_SHARE * len(cells) and enough and any(len(tag) > 1 for tag in tags)


def _read(name: str, lines: _Lines, layout: _Layout) -> Iterator[tuple[int, dict[str, object]]]:
    columns = layout.columns
    for sentence in _sentences(lines(), layout.delimiter):
        if not sentence.words:
            continue
        misfit = next((place for place, cells in enumerate(sentence.words) if len(cells) != layout.width), None)
        if misfit is not None:
            found = [(sentence.line + misfit, len(sentence.words[misfit]))]
            raise _ragged(name, found, 1, layout.width, layout.first_line, layout.delimiter)
        words = [cells for cells in sentence.words if not (layout.counted and NOT_COUNTED.fullmatch(cells[0]))]
        fields: dict[str, object] = {column: [cells[place] for cells in words] for column, place in columns.items()}
        yield sentence.line, fields | ({"document": sentence.document} if layout.documents else {})


def _sentences(lines: Iterable[str], delimiter: str | None) -> Iterator[Sentence]:
    """Without a word: a document's start. Documents count from 1, and a start with nothing before it begins the first."""
    document, begun, sentence = 1, False, Sentence(0, 1)
    for number, line in enumerate(lines, 1):
        if line.startswith(DOCUMENT_START) or not line.strip():
            if sentence.words:
                yield sentence
                begun = True
            if line.strip():
                document, begun = document + begun, False
                yield Sentence(number, document)
            sentence = Sentence(0, document)
        elif sentence.words or not COMMENT.match(line):
            sentence.line = sentence.line or number
            sentence.words.append(_cells(line, delimiter))
    if sentence.words:
        yield sentence


def _cells(line: str, delimiter: str | None) -> list[str]:
    """Only spaces and tabs part cells: a word may hold a no-break space."""
    if delimiter is None:
        return [cell for cell in line.rstrip("\r\n").replace("\t", " ").split(" ") if cell]
    return line.rstrip("\r\n\t ").split(delimiter)


def _find_layout(name: str, lines: _Lines, options: ReadOptions) -> _Layout:
    """Tabs part the cells if there is one in the first line with a word and all lines fit; else tabs and spaces do."""
    first = next((cells for found in _sentences(lines(), "\t") for cells in found.words), None)
    if first is None:
        raise DataError(f"{name}: no word in it, wanted a word and its tag in each line, as `Paris B-LOC`.")
    if options.delimiter or len(first) == 1:
        return _layout(name, lines, options.delimiter)
    try:
        return _layout(name, lines, "\t")
    except DataError as ragged:
        try:
            return _layout(name, lines, None)
        except DataError:
            raise ragged from None


def _layout(name: str, lines: _Lines, delimiter: str | None) -> _Layout:
    width, first_line, documents, counted = 0, 0, False, True
    misfits: list[tuple[int, int]] = []
    for sentence in _sentences(lines(), delimiter):
        if not sentence.words:
            documents = True
            continue
        width, first_line = width or len(sentence.words[0]), first_line or sentence.line
        misfits += [(sentence.line + i, len(cells)) for i, cells in enumerate(sentence.words) if len(cells) != width]
        counted = counted and _is_counted(sentence.words)
    if misfits:
        raise _ragged(name, misfits, len(misfits), width, first_line, delimiter)
    return _Layout(delimiter, width, first_line, counted and width > 2, documents)


def _is_counted(words: Sequence[list[str]]) -> bool:
    numbers = [cells[0] for cells in words if not NOT_COUNTED.fullmatch(cells[0])]
    return numbers == [str(number) for number in range(1, len(numbers) + 1)]


def _head_lines(intake: Intake, encoding: str) -> list[str]:
    """Whole lines only: the last one may be cut."""
    lines = head_text(intake, encoding).split("\n")
    return lines if intake.whole else lines[:-1] or lines


def _notes(layout: _Layout) -> list[str]:
    columns = layout.columns
    others = [name for name in columns if name.startswith("column_")]
    if not others and not layout.counted:
        return []
    said = f"words are column {columns['tokens'] + 1}, tags column {columns['tags'] + 1}"
    return [f"{said}, the others {', '.join(others)} (--label)" if others else said]


def _ragged(
    name: str, found: Sequence[tuple[int, int]], count: int, width: int, first_line: int, delimiter: str | None
) -> DataError:
    line, cells = found[0]
    listed = ", ".join(str(line) for line, _ in found[:5]) + (" ..." if count > 5 else "")
    advice = "" if delimiter else ", or pass --delimiter tab if words hold spaces"
    others = f" {count} lines are like this ({listed})." if count > 1 else ""
    return DataError(
        f"{name}:{line}: {cells} column{'s' * (cells != 1)}, wanted {width} as in line {first_line}.{others} "
        f"Give each word all its columns{advice}."
    )
