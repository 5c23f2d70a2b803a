"""Records go in, in input order; a file comes out, whole or not at all. No torch here."""

from bertft.writing.columns import added_names, told_names
from bertft.writing.conll import TagColumns
from bertft.writing.part import Part, anchor
from bertft.writing.places import Places
from bertft.writing.squad import AnswerWriter, open_squad_writer
from bertft.writing.target import is_special, make_room
from bertft.writing.writer import RecordWriter, holds_tags_only, open_writer

__all__ = [
    "AnswerWriter",
    "Part",
    "Places",
    "RecordWriter",
    "TagColumns",
    "added_names",
    "anchor",
    "holds_tags_only",
    "is_special",
    "make_room",
    "open_squad_writer",
    "open_writer",
    "told_names",
]
