"""Records go in, in input order; a CSV, TSV, JSON lines or JSON file comes out, whole or not at all. No torch here."""

from bertft.writing.columns import check_columns
from bertft.writing.writer import RecordWriter, open_writer

__all__ = ["RecordWriter", "check_columns", "open_writer"]
