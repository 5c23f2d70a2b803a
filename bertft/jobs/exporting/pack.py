"""Pack: a run's files and the recipe that runs them elsewhere, in a folder of their own, without paths of this machine. The model
stays as it is; `export` turns it into a graph first where that is asked for."""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertft.errors import OutputError, UsageError
from bertft.exporting.made import check_free, names_to_copy, write_texts
from bertft.exporting.recipes import NEXT, Facts, check_recipe, plain_name, recipe_files
from bertft.graph import has_graph
from bertft.jobs.hub.public_files import make_public
from bertft.jobs.hub.pull import run_folder
from bertft.jobs.opening import check_reads_rows, open_run
from bertft.jobs.requests import ExportRequest
from bertft.model.folder import read_task, write_task
from bertft.plan.sections import MachinePlan
from bertft.system.files import explained, landing
from bertft.system.locks import locked_folder
from bertft.system.versions import versions

OF_GRAPHS = ("format", "int8")
"""Settings of an export that make a graph."""


@dataclass(frozen=True)
class Packed:
    """What `pack` wrote."""

    run: str
    output: str
    recipe: str
    files: list[str]
    """All names in the folder, those of the recipe first."""
    next: str
    """What to type then."""

    def as_dict(self) -> dict[str, Any]:
        return {"run": self.run, "output": self.output, "for": self.recipe, "files": self.files, "next": self.next}


def makes_graph(request: ExportRequest) -> bool:
    """Whether the network is turned into a graph, or its own files are copied. UsageError for what has no effect on a copy."""
    if request.recipe is None or any(request.export.get(name) for name in OF_GRAPHS):
        return True
    said = {**request.export, **request.columns, **request.reading, **request.machine}
    said |= {"data": request.data} if request.data else {}
    if said:
        named = ", ".join(
            f"--{'no-' if value is False else ''}{name.replace('_', '-')}" for name, value in said.items()
        )
        raise UsageError(f"{named}: of no effect where files are copied. Add --format onnx, or leave it out.")
    return False


def texts_of(request: ExportRequest, *, is_graph: bool) -> dict[str, str]:
    """Name -> content of the recipe's files; none without a recipe."""
    if request.recipe is None:
        return {}
    check_recipe(request.recipe)
    return recipe_files(request.recipe, _facts(request.run, is_graph=is_graph))


def _facts(run: str, *, is_graph: bool) -> Facts:
    known = versions()
    return Facts(plain_name(os.path.abspath(run)), known["bertft"], known["torch"], is_graph)


def pack(request: ExportRequest) -> Packed:
    """Open the run, so that nothing is shipped that does not answer; copy it with its recipe, all or nothing."""
    if not request.output:
        raise UsageError("-o is missing: the folder to write to.")
    check_recipe(str(request.recipe))
    folder = Path(request.output)
    check_free(folder)
    run = Path(run_folder(request.run))
    check_outside(run, folder)
    task = read_task(run)
    check_reads_rows(open_run(str(run), None, MachinePlan()), request.run)
    texts = texts_of(request, is_graph=has_graph(run))
    copied = names_to_copy(run, keep_weights=True)
    with locked_folder(folder), explained(folder, "Choose another with -o."):
        check_free(folder)
        with landing(folder) as beside:
            for name in copied:
                shutil.copyfile(run / name, beside / name)
            write_texts(beside, texts)
            write_task(beside, task)
            make_public(beside, run)
    return Packed(request.run, str(folder), str(request.recipe), [*texts, *copied], next_step(request))


def next_step(request: ExportRequest) -> str:
    """What to type then: where the recipe's tool is installed, or here."""
    if request.recipe is None:
        return f"bertft predict {shlex.quote(str(request.output))} INPUT -o OUTPUT.csv"
    facts = _facts(request.run, is_graph=False)
    folder = shlex.quote(str(request.output))
    return NEXT[str(request.recipe)].format(name=facts.name, version=facts.version, folder=folder)


def check_outside(run: Path, folder: Path) -> None:
    """OutputError for a folder inside the run, which would become part of it."""
    if folder.resolve().is_relative_to(run.resolve()):
        raise OutputError(f"{folder}: lies in the run that is exported. Choose another folder with -o.")
