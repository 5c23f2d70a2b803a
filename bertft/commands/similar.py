"""`bertft similar`: words to a request, neighbours to a table."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bertft import console
from bertft.commands import options as opt
from bertft.commands.embed import Text, TextPair
from bertft.commands.tiers import HelpAll
from bertft.plan.embed_plan import EmbedPlan
from bertft.plan.sections import READS, DataPlan, MachinePlan
from bertft.plan.settings import OUTPUT, TASK, typed

_WIDTH = 100
"""Characters of a text that the table shows."""

Texts = Annotated[
    str,
    typer.Argument(
        metavar="FILE", help="File of texts, or of vectors as written by `bertft embed`.", show_default=False
    ),
]
Query = Annotated[list[str], opt.flag(TASK, "TEXT", "Text to compare the rows with. Repeat it for several.", "--query")]
ModelOfTexts = Annotated[
    str | None,
    opt.flag(
        TASK, "NAME|PATH", "What embeds the texts: a run, a model folder, a name on the Hub, or minilm.", "--model"
    ),
]
Nearest = Annotated[int, opt.flag(OUTPUT, "K", "Rows to show for each query.", "--top-k", default="10")]


@opt.takes_settings(MachinePlan, before="as_json")
@opt.takes_settings(EmbedPlan, "layers", "combine", "pool", "normalize", "max_length", "precision", before="text")
@opt.takes_settings(DataPlan, *READS, before="as_json")
def similar_command(
    file: Texts,
    query: Query,
    model: ModelOfTexts = None,
    top_k: Nearest = 10,
    text: Text = None,
    text_pair: TextPair = None,
    as_json: opt.Json = False,
    quiet: opt.Quiet = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """List the rows of a file that are nearest to a text."""
    console.be_quiet(quiet)
    from bertft.jobs.embedding.similar import as_json as nearest_as_json
    from bertft.jobs.embedding.similar import similar
    from bertft.jobs.requests import SimilarRequest

    found = similar(
        SimilarRequest(
            file=file,
            queries=query,
            top_k=top_k,
            model=model,
            embedding=typed(EmbedPlan, settings),
            columns={"text": text, "text_pair": text_pair},
            reading=typed(DataPlan, settings),
            machine=typed(MachinePlan, settings),
        )
    )
    if as_json:
        console.result_json(nearest_as_json(found))
        return
    for one in found:
        rows = [[f"{row.similarity:.4f}", row.origin, _short(row.text)] for row in one.rows]
        console.table(one.query, ["similarity", "row", "text"], rows, text_columns=3)


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
