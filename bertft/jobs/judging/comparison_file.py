"""Where a comparison goes: a file of Markdown, HTML or JSON, by its ending."""

from __future__ import annotations

import json
from pathlib import Path

from bertft import console
from bertft.errors import OutputError, UsageError
from bertft.jobs.requests import CompareRequest
from bertft.jobs.splits import refuse_same_file
from bertft.model.folder import model_files
from bertft.page.comparing import page_of
from bertft.report.compared import Compared
from bertft.report.comparing_markdown import markdown_of
from bertft.runs import OF_THE_RUN, TASK_FILE
from bertft.system.files import explained, write_text
from bertft.writing.target import check_place


def _json_of(compared: Compared) -> str:
    return json.dumps(compared.as_dict(), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


FORMS = {".md": markdown_of, ".html": page_of, ".json": _json_of}
"""Ending -> what makes the text."""


def check_output(request: CompareRequest) -> None:
    """UsageError for an ending that is not known, OutputError for a place that is none: before minutes are spent."""
    if request.output is None:
        return
    path = Path(request.output)
    if path.suffix.lower() not in FORMS:
        raise UsageError(f"{path}: a file that ends in {', '.join(FORMS)} is wanted (-o).")
    check_place(path, "another file")
    if path.name in files_of_run(path.parent):
        raise OutputError(f"{path}: belongs to a run. Name another file with -o.")
    if request.data is not None:
        refuse_same_file(request.data, request.output)


def files_of_run(folder: Path) -> set[str]:
    """Names that must stay what they are; none in a folder that holds no run."""
    return {TASK_FILE, *OF_THE_RUN, *model_files(folder)} if (folder / TASK_FILE).is_file() else set()


def write_comparison(compared: Compared, path: Path) -> None:
    """The file whole, or as it was."""
    with explained(path, "Choose another place with -o."):
        write_text(path, FORMS[path.suffix.lower()](compared))
    console.note(f"Written: {path}")
