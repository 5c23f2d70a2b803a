"""Files without labels come in; documents go out one by one, each as its sentences.

In plain text a line is a sentence, and a blank line parts two documents; where a file has no blank line between lines, each
line is a document. In a table a row is a document. One that is a single text is split by `split_sentences`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bertft.corpus.sentences import split_sentences
from bertft.errors import DataError
from bertft.gold.cells import joined_text, no_text_in
from bertft.reading import PLAIN_TEXT, OneText, ReadOptions, Source, Table, open_source
from bertft.reading.intake import take_in
from bertft.reading.options import FORMAT_BY_SUFFIX
from bertft.reading.saved import is_saved
from bertft.rows.fields import Fields
from bertft.rows.row import Row
from bertft.rows.surrogates import without_surrogates
from bertft.wording import counted

Document = list[str]
"""Its sentences, in order; none is empty. Those after the first begin with a space where one parts them from the one before:
joined they are the text, and tokenizers that tell a word by the space before it see it."""


MANY_LINES = 1000
"""Lines in a document, from which it is told."""


@dataclass
class Reading:
    """A file of documents, and what is to be said of it once it is read."""

    source: Source | Table
    by_lines: bool = False
    """Whether each line of plain text is a document, as no blank line parts them."""
    skipped: int = 0
    """Rows without a text."""
    first_skipped: str = ""
    """Why the first of them has none, and where it stands."""
    odd: str = ""
    """What is strange about where its documents end."""

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def is_plain(self) -> bool:
        """Whether it is plain text, one sentence a line."""
        return isinstance(self.source, Source) and self.source.format == PLAIN_TEXT

    def documents(self, fields: Fields) -> Iterator[Document]:
        """All of them, in order; what is skipped is counted anew. `fields`: the columns of a table's text."""
        self.skipped, self.first_skipped = 0, ""
        if self.is_plain:
            fields = Fields(self.source.columns[0])  # its only one, whatever that of the tables is called
        if self.is_plain and not self.by_lines:
            yield from self._parted(fields)
            return
        for row in self.source.rows():
            if sentences := self._sentences(row, fields):
                yield sentences

    def _parted(self, fields: Fields) -> Iterator[Document]:
        """Those between blank lines; very long ones may stand in a file in which each line was meant to be one."""
        lines = documents = 0
        for document in _between_blank_lines(str(row.fields[fields.text]) for row in self.source.rows()):
            lines, documents = lines + len(document), documents + 1
            yield document
        if lines > MANY_LINES * documents:
            self.odd = (
                f"blank lines part its {lines:,} lines into {counted(documents, 'document')} only. If each line is a document, "
                f"remove the blank lines"
            )

    def _sentences(self, row: Row, fields: Fields) -> Document:
        if reason := no_text_in("text", fields.texts, row):
            self.skipped += not self.is_plain
            self.first_skipped = self.first_skipped or f"{row.origin}: {reason}"
            return []
        return [sentence for _, sentence in sentences_in(joined_text(fields.texts, row))]


def open_corpus(path: str, options: ReadOptions, column: str = "text") -> Reading:
    """A file of any format that is read; one whose name tells none is plain text. `column`: what that is called then."""
    if path == "-":
        raise DataError("stdin: a corpus is read more than once. Put it into a file.")
    if options.format is None and not is_saved(path) and take_in(path).suffix not in FORMAT_BY_SUFFIX:
        options = replace(options, format=PLAIN_TEXT)
    found = Reading(open_source(path, options, one_text=OneText(column)))
    if found.is_plain:
        found.by_lines = not _has_blank_line_inside(str(row.fields[column]) for row in found.source.rows())
    return found


def documents_of(readings: Iterable[Reading], fields: Fields) -> Iterator[Document]:
    """Of one file after the other."""
    for reading in readings:
        yield from reading.documents(fields)


def texts_of(readings: Iterable[Reading], fields: Fields) -> Iterator[str]:
    """The same documents, each as one text."""
    return ("".join(sentences) for sentences in documents_of(readings, fields))


def _between_blank_lines(lines: Iterable[str]) -> Iterator[Document]:
    document: Document = []
    for line in lines:
        if sentence := _clean(line):
            document.append(f" {sentence}" if document else sentence)
        elif document:
            yield document
            document = []
    if document:
        yield document


def _has_blank_line_inside(lines: Iterable[str]) -> bool:
    """Whether a blank line stands between two others."""
    begun = blank = False
    for line in lines:
        is_blank = not line.strip()
        if begun and blank and not is_blank:
            return True
        begun, blank = begun or not is_blank, is_blank
    return False


def sentences_in(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a text, each with the place where it starts: that of the space before it, where there is one."""
    start = 0
    for part in split_sentences(text):
        begin = start + len(part) - len(part.lstrip())
        spaced = start > 0 and text[begin - 1].isspace()
        yield begin - spaced, " " * spaced + _clean(part)
        start += len(part)


def lines_in(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text that say something, each with the place where it starts."""
    start = 0
    for line in text.splitlines(keepends=True):
        if sentence := _clean(line):
            yield start + len(line) - len(line.lstrip()), sentence
        start += len(line)


def _clean(line: str) -> str:
    return without_surrogates(line.strip())


def shown_kinds(readings: Sequence[Reading]) -> Iterator[str]:
    """What each file's documents are, in words."""
    for reading in readings:
        if not reading.is_plain:
            yield f"{reading.name}: each row is a document, split into sentences at their full stops"
        elif reading.by_lines:
            yield f"{reading.name}: no blank line parts documents, so each line is one"
        else:
            yield f"{reading.name}: blank lines part documents"
