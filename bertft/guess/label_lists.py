"""A label column whose cells are lists or objects: lists of labels, vectors of 0 and 1, or objects that give each label a 0
or a 1."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bertft.errors import DataError
from bertft.guess.columns import MOST
from bertft.guess.verdict import AskedLabels, NothingToLearn, Verdict
from bertft.kinds import MULTI_LABEL, SINGLE_LABEL
from bertft.rows.containers import opened
from bertft.rows.label_cells import as_vector, is_container, is_vector, split_labels, unwrapped
from bertft.rows.surrogates import shown

_PACKED = re.compile("[01]{3,}")


@dataclass(frozen=True)
class Listed:
    """The cells of such a column."""

    name: str
    cells: Sequence[object]
    """Opened, without what a tool puts around."""
    sets: Sequence[Sequence[str]]
    """The labels of each cell."""
    label_names: tuple[str, ...] = ()
    """Of vectors: what their places stand for."""
    separator: str | None = None
    """Between the labels of cells that are no lists."""

    @property
    def distinct(self) -> int:
        return len({label for labels in self.sets for label in labels})

    @property
    def containers(self) -> int:
        return sum(isinstance(cell, list | dict) for cell in self.cells)

    @property
    def not_one(self) -> list[int]:
        """Positions of cells with several labels, or with none."""
        return [place for place, labels in enumerate(self.sets) if len(labels) != 1]

    def __str__(self) -> str:
        if self.label_names:
            first, *_, last = self.label_names
            return f"vectors of 0 and 1 for {len(self.label_names)} labels, {first} to {last} (--label-names)"
        if all(isinstance(cell, Mapping) for cell in self.cells):
            return f"objects of 0 and 1 for {self.distinct:,} labels"
        plain = len(self.cells) - self.containers
        how = f"labels separated by '{self.separator}' (--separator)" if self.separator else "one label without a list"
        beside = f"; {plain:,} of the cells hold {how}" if plain else ""
        return f"lists of {self.distinct:,} distinct labels{beside}"


def listed_labels(filled: Sequence[object], name: str, asked: AskedLabels) -> Listed | None:
    """None where no cell is a list or an object. DataError for those that hold no labels."""
    label_names = asked.label_names
    cells = [unwrapped(opened(value)) for value in filled]
    if asked.separator is None and all(isinstance(as_vector(cell), list) for cell in cells):
        cells = [as_vector(found) for found in cells]
    vectors = all(isinstance(cell, list) and is_vector(cell) for cell in cells)
    if label_names and not vectors:
        raise DataError(
            f"--label-names names the places of vectors of 0 and 1, but '{name}' holds other cells. Leave it out."
        )
    if not (vectors or any(map(is_container, filled))):
        return None
    _refuse_half_lists(cells, name)
    try:
        names = _names_of_places(cells, label_names) if vectors else ()
        sets = [split_labels(cell, asked.separator, names) for cell in cells]
        return Listed(name, cells, sets, names, asked.separator)
    except DataError as problem:
        raise DataError(f"column '{name}': {problem}.") from None


def _refuse_half_lists(cells: Sequence[object], name: str) -> None:
    """DataError for a cell that begins like a list among real ones, as where a program cut its cells."""
    broken = next((cell for cell in cells if isinstance(cell, str) and cell.lstrip().startswith(("[", "{"))), None)
    if broken is not None:
        raise DataError(f"column '{name}' holds lists, but `{shown(broken)}` is none that can be read. Fix it.")


def refuse_bare_lists(cells: Collection[str], name: str) -> None:
    """DataError for what looks like lists without quotes, as [joy, anger] or {joy,anger}, or like vectors written together."""
    bare = [cell for cell in cells if cell.startswith(("[", "{")) and cell.endswith(("]", "}"))]
    if len(bare) >= MOST * len(cells) and (example := next((cell for cell in bare if re.search(r"[,\s]", cell)), None)):
        raise DataError(
            f"the cells of '{name}' look like lists that cannot be read, such as `{shown(example)}`: write them as "
            f'["joy", "anger"] or as joy|anger, or pass --single-label to take each for one class.'
        )
    packed = len({len(cell) for cell in cells}) == 1 and all(_PACKED.fullmatch(cell) for cell in cells)
    if packed and any(cell.startswith("0") for cell in cells):
        raise DataError(
            f"the cells of '{name}' look like vectors of 0 and 1, such as `{shown(min(cells))}`: write spaces between, "
            f"or pass --single-label to take each for one class."
        )


def _names_of_places(vectors: Sequence[object], given: Sequence[str]) -> tuple[str, ...]:
    """label_0, label_1 and so on, or the names that were `given`. Lists of class numbers, in which none stands twice, may have
    any length; they are no vectors."""
    rows = [vector for vector in vectors if isinstance(vector, list)]
    lengths = sorted({len(vector) for vector in rows})
    if len(lengths) > 1:
        raise DataError(
            f"vectors of 0 and 1 with {lengths[0]} and with {lengths[-1]} places, wanted as many in each row"
        )
    if given and len(given) != lengths[0]:
        raise DataError(f"the vectors have {lengths[0]} places, but --label-names has {len(given)} names")
    return tuple(given) or tuple(f"label_{place}" for place in range(lengths[0]))


def verdict_on(listed: Listed, asked: str | None) -> Verdict | None:
    """The problem that the cells are for; None where each holds one label and few are lists. DataError where there is nothing to
    tell apart, and where what was `asked` does not fit."""
    if len({tuple(sorted(labels)) for labels in listed.sets}) < 2:
        raise NothingToLearn(
            f"every row of '{listed.name}' has the same labels ({shown(', '.join(listed.sets[0])) or 'none'}): there is nothing "
            f"to tell apart. Name another column with --label."
        )
    if asked == SINGLE_LABEL.name:
        return _as_asked_single(listed)
    if asked == MULTI_LABEL.name:
        return Verdict(asked, f"multi-label, as asked: {listed}", listed.separator, listed.label_names)
    if listed.not_one:
        return Verdict(MULTI_LABEL.name, f"multi-label: {listed}", listed.separator, listed.label_names)
    if listed.label_names or all(isinstance(cell, Mapping) for cell in listed.cells):
        why = f"single-label: {listed}, one 1 in each (--multi-label)"
        return Verdict(SINGLE_LABEL.name, why, label_names=listed.label_names)
    if listed.containers * 2 < len(listed.cells):
        return None
    return Verdict(MULTI_LABEL.name, f"multi-label: {listed}, one in each (--single-label)")


def _as_asked_single(listed: Listed) -> Verdict:
    if listed.not_one:
        example = listed.cells[listed.not_one[0]]
        raise DataError(
            f"--single-label is for one label a row, but {len(listed.not_one):,} of {len(listed.cells):,} cells of "
            f"'{listed.name}' hold several or none, such as `{shown(example)}`. Leave it out: they are several labels a row."
        )
    return Verdict(SINGLE_LABEL.name, f"single-label, as asked: {listed}, one in each", label_names=listed.label_names)
