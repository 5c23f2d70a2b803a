"""Records go in, in input order; a file comes out, whole or not at all. No torch here."""

from bertft.writing.columns import added_names, told_names
from bertft.writing.conll import TagColumns
from bertft.writing.joining import join_parts
from bertft.writing.part import Part, anchor
from bertft.writing.places import Places
from bertft.writing.shard_note import ShardNote, note_path, read_note
from bertft.writing.shard_part import ShardWriter
from bertft.writing.squad import AnswerWriter, open_squad_writer
from bertft.writing.target import is_special, make_room
from bertft.writing.writer import RecordWriter, format_of, holds_tags_only, open_writer

__all__ = [
    "AnswerWriter",
    "Part",
    "Places",
    "RecordWriter",
    "ShardNote",
    "ShardWriter",
    "TagColumns",
    "added_names",
    "anchor",
    "format_of",
    "holds_tags_only",
    "is_special",
    "join_parts",
    "make_room",
    "note_path",
    "open_squad_writer",
    "open_writer",
    "read_note",
    "told_names",
]
