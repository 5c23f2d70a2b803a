"""What do the cells beside words look like: tags of entities, plain tags, or something else? Counts of cells come in, verdicts go
out. Formats and guesses ask here, so that a column of lemmas or numbers is never taken for tags because of where it stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

TAG = re.compile(r"O|[BIESLUMW]|[BIESLUMW][-_]\S.*", re.DOTALL)
"""As O, B and B-PER; M and W are BMEWO's. B_PER is a tag too, if a wrong one."""
OUTSIDE_SIGNS = frozenset(("O", "o", "_", "-", "0", "*", ".", "out", "outside", "other", "none", "null", "nil", "n/a"))
"""What files write for "no entity", in lower case but for O itself."""
MARKS = frozenset("BIESLUMW")
ENOUGH = 0.9
"""Share of the cells that must be tags: real files are sloppy."""
FEW = 10
"""Of fewer cells little can be said."""
MOST_NUMBERED = 50
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def is_outside_sign(tag: str) -> bool:
    return tag in OUTSIDE_SIGNS or tag.lower() in OUTSIDE_SIGNS


def are_marks(tags: Iterable[str]) -> bool:
    """Whether these distinct tags are marks without a type: B, I and O, or B, M, E and S. One other sign may stand for O."""
    found = set(tags)
    inside = found & MARKS
    outside = found - MARKS
    return bool({"B", "I"} & inside) and len(found) > 1 and len(outside) < 2 and all(map(is_outside_sign, outside))


def are_entity_tags(counts: Counter[str]) -> bool:
    """Whether nearly all cells are tags and some mark an entity. One other sign may stand for O."""
    if are_marks(counts):
        return True
    typed = sum(count for tag, count in counts.items() if len(tag) > 1 and TAG.fullmatch(tag))
    bare = Counter({tag: count for tag, count in counts.items() if len(tag) == 1 or not TAG.fullmatch(tag)})
    outside = max((count for tag, count in bare.items() if is_outside_sign(tag)), default=0)
    return typed > 0 and typed + outside >= ENOUGH * counts.total()


def marked_share(counts: Counter[str]) -> float:
    """Of the cells of entity tags, those that mark an entity."""
    return 1 - sum(count for tag, count in counts.items() if is_outside_sign(tag)) / max(1, counts.total())


def no_plain_tags(pairs: Sequence[tuple[str, str]]) -> str | None:
    """Why these (word, tag) are no words with plain tags such as parts of speech, in words; None where they may be some."""
    tags, words = Counter(tag for _, tag in pairs), {word for word, _ in pairs}
    if len(pairs) < FEW:
        return None
    if not any(sign.isalnum() for tag in tags for sign in tag):
        return f"the tags would be {_some(tags)}, without a letter"
    if all(_NUMBER.fullmatch(tag) for tag in tags):
        return f"the tags would be {len(tags):,} numbers ({_some(tags)}), whose names a card can give (labels)"
    same = sum(word.lower() == tag.lower() for word, tag in pairs if any(map(str.isalpha, tag)))
    if same > (1 - ENOUGH) * len(pairs):
        return f"{same:,} of {len(pairs):,} tags are their own word, as in a column of lemmas"
    if len(tags) > len(words):
        return f"there would be {len(tags):,} tags for {len(words):,} words, as where the two are swapped"
    if len(tags) > MOST_NUMBERED and 2 * len(tags) > len(pairs):
        return f"there would be {len(tags):,} tags, most of which occur only once"
    return None


def _some(tags: Counter[str]) -> str:
    most = [f"'{tag[:30]}'" for tag, _ in tags.most_common(4)]
    return ", ".join(most[:3]) + (", …" if len(most) > 3 else "")
