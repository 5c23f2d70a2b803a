"""Questions that were answered wrong, most confident first, with their contexts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bertft.markup import Part, element, joined
from bertft.page.blocks import foreign, paragraph
from bertft.page.marked import Mark, cards, legend, passage
from bertft.page.skeleton import Section
from bertft.wording import counted


@dataclass(frozen=True)
class WrongAnswer:
    """A row, with places in its context: characters from 0, the ends exclusive."""

    origin: str
    question: str
    context: str
    gold: Sequence[tuple[int, int]]
    """Empty: there is no answer."""
    predicted: tuple[int, int] | None
    """None: no answer was given."""
    probability: float


def wrong_answers_section(rows: Sequence[WrongAnswer], *, wrong: int, judged: int) -> Section:
    """`rows` are the first of all `wrong` ones."""
    if not rows:
        return Section("Wrong answers", joined([]))
    said = paragraph(
        f"{counted(wrong, 'question')} of {judged:,} went wrong. These are the {len(rows):,} in which the model was most sure."
    )
    colours = legend(("gold", "gold"), ("said", "predicted"))
    return Section("Wrong answers", joined([said, colours, cards([_card(one) for one in rows])]))


def _card(row: WrongAnswer) -> list[Part]:
    marks = [Mark(*place, "gold", "gold") for place in dict.fromkeys(row.gold)]
    marks += [Mark(*row.predicted, "said", "predicted")] if row.predicted else []
    said = row.context[slice(*row.predicted)] if row.predicted else "no answer"
    wanted = " or ".join(dict.fromkeys(row.context[start:end] for start, end in row.gold)) or "no answer"
    head = element(
        "p",
        *(element("b", foreign(row.question)), element("br"), foreign(said)),
        *(f" (probability {row.probability:.2f}) instead of ", foreign(wanted), ". "),
        foreign(row.origin, class_="remark"),
    )
    return [head, passage(row.context, marks)]
