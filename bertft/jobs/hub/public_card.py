"""The card of a run on its way to the Hub: it calls the run by its name there, and its metadata are checked."""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bertft.errors import CheckpointError, UsageError
from bertft.graph import read_graph_record
from bertft.kinds import KINDS
from bertft.model.folder import read_task
from bertft.report.markdown import one_line, words
from bertft.runs import PLAN
from bertft.wording import counted

_PYTHON = re.compile(r"```python\n.*?```", re.DOTALL)


def public_card(path: Path, name: str) -> str:
    """README.md with commands that fetch the run. UsageError where the Hub would not take its metadata."""
    try:
        card = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as problem:
        raise CheckpointError(f"{path}: cannot be read ({type(problem).__name__}: {problem}).") from None
    for old, new in _renamed(path.parent, name):
        card = card.replace(old, new)
    check_metadata(path, card)
    return card


def _renamed(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """What the card says of its folder, and what it says on the Hub."""
    try:
        plan = tomllib.loads((folder / PLAN).read_text(encoding="utf-8"))
        use, own = KINDS[plan["task"]["kind"]].use, Path(os.path.abspath(plan["output"]["dir"])).name
    except (OSError, ValueError, KeyError, TypeError):
        return
    old, new = (
        use.format(folder=word, input="input.csv", output="output.csv") for word in (shlex.quote(one_line(own)), name)
    )
    yield old, new
    for block in _PYTHON.findall((folder / "README.md").read_text(encoding="utf-8")):
        yield block, block.replace(repr(own), repr(name))


_OF_A_GRAPH = """\
---
{metadata}
---

# {title}

A model as an ONNX graph ({precision}), exported by [bertft](https://pypi.org/project/bertft/) {version}, which opens it:

```sh
{use}
```
{scores}"""


def card_of_graph(folder: Path, name: str) -> str:
    """The card of an exported run, which has none of its own: that of the run tells how to open its weights."""
    from huggingface_hub import ModelCardData

    record, kind = read_graph_record(folder), KINDS[read_task(folder).card.kind]
    metadata = ModelCardData(library_name="bertft", pipeline_tag=kind.pipeline or kind.name, tags=["bertft", "onnx"])
    rows = [
        f"| {one.form} | {_rounded(one.score)} | {one.agreement:.4f} | {one.bytes / 1e6:,.1f} |" for one in record.forms
    ]
    head = [
        f"\nOn {counted(record.rows, 'row')}:\n",
        f"| form | {record.metric} | equal answers | MB |",
        "|---|---|---|---|",
    ]
    return _OF_A_GRAPH.format(
        metadata=metadata.to_yaml(),
        title=words(name),
        precision=record.precision,
        version=record.versions["bertft"],
        use=kind.use.format(folder=name, input="input.csv", output="output.csv"),
        scores="\n".join([*head, *rows, ""]) if rows else "",
    )


def _rounded(score: float | None) -> str:
    return "undefined" if score is None else f"{score:.4f}"


def check_metadata(path: Path, card: str) -> None:
    """UsageError for metadata that huggingface_hub cannot read, or that name a model which nobody else has."""
    from huggingface_hub import ModelCard

    if not card.startswith("---"):
        raise UsageError(f"{path}: begins without metadata, the lines between --- that the Hub reads. Put them back.")
    try:
        data: Any = ModelCard(card).data
    except Exception as problem:  # of YAML or of its own checks, each has its own kinds
        reason = str(problem).split("\n")[0]
        raise UsageError(
            f"{path}: the Hub does not take its metadata ({reason}). Correct the lines between ---."
        ) from None
    bases = data.base_model if isinstance(data.base_model, list) else [data.base_model]
    for base in bases:
        if base is not None and (not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", str(base)) or Path(str(base)).exists()):
            raise UsageError(
                f"{path}: base_model is {base!r}: a name on the Hub is wanted. Correct it, or take it out."
            )
