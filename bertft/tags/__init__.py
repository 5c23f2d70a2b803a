"""Tagged words in every form: schemes of tags, words and their places, character spans, rows of files. No torch here."""

from bertft.tags.detection import detect
from bertft.tags.schemes import (
    OUTSIDE,
    TAG_SCHEMES,
    Span,
    convert_tags,
    entity_type,
    legal,
    spans_of,
    tag_names,
    tags_of,
    without_types,
)

__all__ = [
    "OUTSIDE",
    "TAG_SCHEMES",
    "Span",
    "convert_tags",
    "detect",
    "entity_type",
    "legal",
    "spans_of",
    "tag_names",
    "tags_of",
    "without_types",
]
