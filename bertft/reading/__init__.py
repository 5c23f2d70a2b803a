"""Data files come in; rows go out, lazily, each with its file and line. No torch here.

`open_source` reads a file or standard input row by row; `read_table` keeps the same rows in a memory-mapped
`datasets.Dataset` for random access; `table_of` gives the same face to a data set from the Hub. Every mistake in
a file is a DataError."""

from bertft.reading.joined import files_of, join_tables, matching
from bertft.reading.options import ReadOptions
from bertft.reading.plain_lines import PLAIN_TEXT, OneText
from bertft.reading.source import Source, open_source
from bertft.reading.table import Table, read_table, table_from, table_of

__all__ = [
    "PLAIN_TEXT",
    "OneText",
    "ReadOptions",
    "Source",
    "Table",
    "files_of",
    "join_tables",
    "matching",
    "open_source",
    "read_table",
    "table_from",
    "table_of",
]
