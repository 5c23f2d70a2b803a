"""What is written beside a file of vectors: how they were made and of which rows, so that a query can be embedded alike.
And what must be the same for a file to be continued."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bertft.embedding.embedder import Embedder
from bertft.engine.device import describe
from bertft.errors import DataError
from bertft.model.folder import model_files
from bertft.model.sentence_files import MODULES
from bertft.plan.embed_plan import EmbedPlan
from bertft.plan.settings import check_settings, checked
from bertft.reading.digests import sha256_of
from bertft.rows.fields import Fields
from bertft.system.files import write_text
from bertft.system.versions import machine, versions

FORMAT = 1
_ENDING = ".about.json"


def about_path(vectors: str) -> Path:
    return Path(f"{vectors}{_ENDING}")


@dataclass(frozen=True)
class About:
    """The content of OUT.about.json."""

    format: int
    bytes: int
    """Of the file of vectors."""
    model: str
    model_files: Mapping[str, Any]
    """Name -> sha256, or the commit of a model on the Hub."""
    embedding: Mapping[str, Any]
    """Fields of EmbedPlan that make the same vectors again."""
    dimension: int
    rows: int
    without: int
    """Rows of these that have no vector."""
    input: str
    sha256: str | None
    fields: Mapping[str, Any]
    reading: Mapping[str, Any]
    names: Mapping[str, str]
    """Of the columns that were added."""
    timings: Mapping[str, float]
    device: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]


def hashes_of_model(embedder: Embedder) -> dict[str, Any]:
    """What vectors depend on. Contents, not names and dates: files get copied."""
    folder = Path(embedder.model.path)
    if not folder.is_dir():
        return {"commit": getattr(embedder.model.config, "_commit_hash", None)}
    beside = [name for name in (MODULES, "sentence_bert_config.json") if (folder / name).is_file()]
    names = [*model_files(folder), *beside]
    return {name: sha256_of(str(folder / name)) for name in names}


def plan_again(embedder: Embedder) -> dict[str, Any]:
    """Fields of an EmbedPlan that makes the same vectors, whatever the model's files say."""
    recipe, precision = embedder.recipe, embedder.accelerator.mixed_precision
    by_layers = recipe.chooses_layers
    return {
        "layers": ",".join(map(str, recipe.layers)) if by_layers else None,
        "combine": recipe.combine if by_layers and len(recipe.layers) > 1 else None,
        "pool": recipe.pool,
        "words": recipe.words,
        "normalize": recipe.normalize,
        "max_length": embedder.encoder.max_length,
        "precision": "fp32" if precision == "no" else precision,
    }


def identity(embedder: Embedder, source: str, options: Mapping[str, Any]) -> dict[str, str]:
    """What must be the same in a file that goes on."""
    return {
        "the input": sha256_of(source) or "",
        "the model": json.dumps(hashes_of_model(embedder)),
        "the options": json.dumps({**plan_again(embedder), **options}, default=str),
        "bertft": versions()["bertft"],
    }


def write_about(
    vectors: str,
    embedder: Embedder,
    *,
    source: str,
    fields: Fields,
    reading: Mapping[str, Any],
    names: Mapping[str, str],
    counts: tuple[int, int],
    timings: Mapping[str, float],
) -> None:
    """`counts`: rows, and rows of these without a vector."""
    is_folder = os.path.isdir(embedder.model.name)
    found = About(
        format=FORMAT,
        bytes=os.path.getsize(vectors),
        model=os.path.abspath(embedder.model.name) if is_folder else embedder.model.name,
        model_files=hashes_of_model(embedder),
        embedding=plan_again(embedder),
        dimension=embedder.dimension,
        rows=counts[0],
        without=counts[1],
        input=os.path.abspath(source),
        sha256=sha256_of(source),
        fields=fields.to_dict(),
        reading={name: value for name, value in reading.items() if value is not None},
        names=dict(names),
        timings=timings,
        device=describe(embedder.accelerator),
        machine=machine(),
        versions=versions(),
    )
    write_text(about_path(vectors), json.dumps(asdict(found), ensure_ascii=False, indent=2) + "\n")


def read_about(vectors: str) -> About:
    """DataError where it is missing, damaged, or of another file."""
    path = about_path(vectors)
    if not path.is_file():
        raise DataError(
            f"{vectors}: {path.name} is missing, which says how these vectors were made. Copy it there too."
        )
    try:
        found = About(**json.loads(path.read_text(encoding="utf-8")))
        Fields.from_dict(dict(found.fields))
        check_settings(
            {key: one for key, one in found.embedding.items() if one is not None}, EmbedPlan, where=str(path)
        )
        checked(EmbedPlan(**found.embedding))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise DataError(f"{path}: damaged ({type(problem).__name__}: {problem}).") from None
    if found.format != FORMAT:
        raise DataError(f"{path}: format {found.format} is not known here; this bertft reads format {FORMAT}.")
    if found.bytes != os.path.getsize(vectors):
        raise DataError(f"{vectors}: has changed since {path.name} was written. Embed the texts again.")
    return found
