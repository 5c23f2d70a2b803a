"""OntoNotes as the CoNLL-2012 task wrote it: words in the fourth column, entities as brackets in the eleventh, `(ORG* * *)`.

Then follows a column for each predicate of the sentence, so lines of different sentences are not equally wide. A row for each
sentence goes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bertft.errors import DataError
from bertft.reading.conll_lines import sentences

_WORD, _ENTITY = 3, 10
COLUMNS = {
    **{"tokens": _WORD, "pos": 4, "parse": 5, "lemma": 6, "frameset": 7, "sense": 8, "speaker": 9},
    "tags": _ENTITY,
}
NOTE = (
    "CoNLL-2012: words are column 4, tags the brackets of column 11, a document for each name and part; "
    "arguments of predicates and coreference are left out"
)
_BRACKET = re.compile(r"\*|\((?P<only>[^()*\s]+)\)|\((?P<first>[^()*\s]+)\*(?P<whole>\)?)|(?P<last>\*\))")


def looks_like_conll2012(lines: Iterable[str]) -> bool:
    """Judged by the first sentence."""
    found = next((found.words for found in sentences(lines, None) if found.words), [])
    numbers = [cells[2] for cells in found if len(cells) > _ENTITY]
    counted = bool(found) and numbers == [str(number) for number in range(len(found))]
    return counted and all(_BRACKET.fullmatch(cells[_ENTITY]) for cells in found)


def read_conll2012(name: str, lines: Iterable[str]) -> Iterator[tuple[int, dict[str, object]]]:
    for found in sentences(lines, None):
        if short := next(
            (line for line, cells in zip(found.lines, found.words, strict=True) if len(cells) <= _ENTITY), 0
        ):
            raise DataError(f"{name}:{short}: fewer than {_ENTITY + 1} columns, which CoNLL-2012 has at least.")
        if found.words:
            fields: dict[str, object] = {
                column: [cells[place] for cells in found.words] for column, place in COLUMNS.items()
            }
            fields["tags"] = tags_of_brackets(f"{name}:{found.lines[0]}", [cells[_ENTITY] for cells in found.words])
            yield found.lines[0], fields | {"document": "/".join(found.words[0][:2])}


def tags_of_brackets(origin: str, cells: Sequence[str]) -> list[str]:
    """`(ORG*`, `*`, `*)` and `(LOC)` as B-ORG, I-ORG, I-ORG and B-LOC. DataError for what does not open and close in turn."""
    tags, inside = [], ""
    for number, cell in enumerate(cells, 1):
        found = _BRACKET.fullmatch(cell)
        opened = found and (found["only"] or found["first"])
        if not found or (opened and inside) or (found["last"] and not inside):
            raise DataError(f"{origin}: '{cell}' at word {number} does not open or close an entity in its turn.")
        kind = opened or inside
        tags.append(f"{'B' if opened else 'I'}-{kind}" if kind else "O")
        closes = found["only"] or found["whole"] or found["last"]
        inside = "" if closes else kind
    return tags
