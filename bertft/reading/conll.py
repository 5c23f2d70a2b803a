"""Words in lines with their tags in columns, and a blank line between sentences; a row for each sentence goes out.

So wrote the CoNLL shared tasks, and so do doccano, CoNLL-U (Universal Dependencies) and nearly every corpus of named
entities. `-DOCSTART-` begins a document. Which column holds what is found in conll_layout.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from bertft.errors import DataError
from bertft.reading.body import Body, CellStorage, Place
from bertft.reading.conll2012 import COLUMNS, NOTE, looks_like_conll2012, read_conll2012
from bertft.reading.conll_layout import (
    ColumnLayout,
    Lines,
    ReadSentences,
    find_layout,
    is_uncounted,
    misc_tags,
    refuse_ragged,
    tag_columns,
)
from bertft.reading.conll_lines import Sentence, is_comment, sentences
from bertft.reading.inline_tags import inline_sentences, sign_of
from bertft.reading.intake import Intake
from bertft.reading.lines import head_text, text_lines
from bertft.reading.options import ReadOptions

SNIFFED_LINES, SNIFFED_SHARE = 200, 0.9

_Lines = Callable[[], Iterable[str]]


def open_conll(intake: Intake, encoding: str, options: ReadOptions) -> Body:
    """Refuses a file with a ragged line at once; standard input as its lines come."""
    old_mac = "\r" in (head := head_text(intake, encoding)) and "\n" not in head
    lines = partial(text_lines, intake, encoding, old_mac=old_mac)
    stored = Place.LINE, CellStorage.JSON, encoding
    if looks_like_conll2012(head.splitlines(keepends=True)):
        return Body([*COLUMNS, "document"], lambda: read_conll2012(intake.name, lines()), *stored, notes=[NOTE])
    looked_at = lines if intake.rereadable else partial(_head_lines, intake, encoding)
    sign = None if options.delimiter else sign_of(head.splitlines(), asked=options.format == "conll")
    delimiter = None
    if sign:
        layout = find_layout(intake.name, lambda _: inline_sentences(intake.name, looked_at(), sign))
    else:
        layout, delimiter = _find_layout(intake.name, looked_at, options)

    def cut(header: int) -> Iterator[Sentence]:
        inline = sign and inline_sentences(intake.name, lines(), sign)
        return inline or sentences(lines(), delimiter, skip=header)

    columns = [*layout.columns, *layout.misc, *(["document"] if layout.documents else [])]
    notes = [*([f"a sentence in each line, tags behind '{sign}'"] if sign else []), *layout.notes]
    return Body(columns, partial(_read, intake.name, cut, layout), *stored, delimiter, notes=notes)


def looks_like_conll(text: str, whole: bool, delimiter: str | None = None, *, parted: bool = False) -> bool:
    """Whether nearly all of the first lines are equally wide and have a column of tags, some as B-PER; or each word brings its
    tag along, as Ada|B-PER; or the first line starts a document. `parted`: only where blank lines part sentences."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = lines if whole else lines[:-1]
    if delimiter is None and sign_of(lines, asked=False):
        return True
    found = list(sentences(islice(lines, SNIFFED_LINES), delimiter))
    if found and not found[0].words and (not parted or len(found) > 2):
        return True
    if parted and sum(bool(sentence.words) for sentence in found) < 2:
        return False
    cells = [cells for sentence in found for cells in sentence.words if not is_comment(cells)]
    width, common = Counter(map(len, cells)).most_common(1)[0] if cells else (1, 0)
    if width < 2 or common < 2 or common < SNIFFED_SHARE * len(cells):
        return False
    counts = [Counter(column) for column in zip(*(row for row in cells if len(row) == width), strict=True)]
    if not all(sentence.words for sentence in found) and any(cells["O"] >= SNIFFED_SHARE * common for cells in counts):
        return True
    return any(any(len(tag) > 1 and tag[1] in "-_" for tag in counts[place]) for place in tag_columns(counts))


def _read(name: str, cut: ReadSentences, layout: ColumnLayout) -> Iterator[tuple[int, dict[str, object]]]:
    for sentence in cut(layout.header):
        words = sentence.words
        if any(len(cells) != layout.width for cells in words):
            words = _fitting(name, words, sentence.lines, layout)
        if layout.counted:
            words = [cells for cells in words if not is_uncounted(cells[0])]
        if words:
            fields: dict[str, object] = {
                column: [cells[place] for cells in words] for column, place in layout.columns.items()
            }
            fields |= {key: misc_tags(words, key) for key in layout.misc}
            yield sentence.lines[0], fields | ({"document": sentence.document} if layout.documents else {})


def _fitting(name: str, words: list[list[str]], lines: list[int], layout: ColumnLayout) -> list[list[str]]:
    """Without comments among the words; DataError for any other line that is not as wide as the others."""
    widths: dict[int, Lines] = {}
    for cells, line in zip(words, lines, strict=True):
        if len(cells) != layout.width and not is_comment(cells):
            widths.setdefault(len(cells), Lines()).add(line)
    refuse_ragged(name, widths, layout.width)
    return [cells for cells in words if len(cells) == layout.width]


def _find_layout(name: str, lines: _Lines, options: ReadOptions) -> tuple[ColumnLayout, str | None]:
    """Tabs part the cells if there is one in the first lines with a word and all lines fit; else tabs and spaces do."""
    head = [cells for found in islice(sentences(lines(), "\t"), 5) for cells in found.words]
    if options.delimiter or not any(len(cells) > 1 for cells in head):
        return _layout(name, lines, options.delimiter), options.delimiter
    try:
        return _layout(name, lines, "\t"), "\t"
    except DataError as ragged:
        try:
            return _layout(name, lines, None), None
        except DataError:
            raise ragged from None


def _layout(name: str, lines: _Lines, delimiter: str | None) -> ColumnLayout:
    advice = "" if delimiter else ", or pass --delimiter tab if words hold spaces"
    return find_layout(name, lambda header: sentences(lines(), delimiter, skip=header), advice=advice)


def _head_lines(intake: Intake, encoding: str) -> list[str]:
    """Whole lines only: the last one may be cut."""
    lines = head_text(intake, encoding).split("\n")
    return lines if intake.whole else lines[:-1] or lines
