"""What is wrong with the labels of a data set as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from bertft.checking.finding import Findings
from bertft.checking.splits import Split
from bertft.rows.labels import Labels
from bertft.wording import counted

RARE = 5
UNBALANCED = 10
"""Rows of the commonest label for each of the rarest, from which it is said."""


def find_label_faults(splits: Sequence[Split], findings: Findings) -> None:
    """Rare labels, unbalanced ones, those of one split, and those that are nearly alike."""
    train, *others = splits
    for label, count in sorted(train.labels.items(), key=lambda item: item[1]):
        if count < RARE:
            findings.add("rare_label", train.name, f"{label}: {counted(count, 'row')}")
    if train.labels and (most := max(train.labels.values())) >= UNBALANCED * (least := min(train.labels.values())):
        findings.add("imbalance", train.name, f"{most:,} rows of the commonest, {least:,} of the rarest")
    if others:
        _find_lonely(splits, findings)
    for names in Labels(tuple(sorted(train.labels))).nearly_alike:
        findings.add("label_spelling", train.name, " and ".join(map(repr, names)))


def _find_lonely(splits: Sequence[Split], findings: Findings) -> None:
    for label in sorted(set().union(*(split.labels for split in splits))):
        having = [split for split in splits if label in split.labels]
        if len(having) == 1:
            findings.add("label_in_one_split", having[0].name, label)
