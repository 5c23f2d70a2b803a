"""The Python function that takes a run to work: export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertft.api.keywords import columns_of, roles, table_name
from bertft.jobs.from_program import called_from_program, folder_of
from bertft.plan.keywords import checked_keywords, keywords_of
from bertft.plan.sections import READS_FOR_EXPORT, DataPlan, ExportPlan, MachinePlan
from bertft.plan.settings import typed
from bertft.system.signals import as_keyboard_interrupt

if TYPE_CHECKING:
    from bertft.jobs.exporting.export import Exported
    from bertft.reading import Table


def export(run: Any, output: Any, *, data: Any = None, quiet: bool = True, **settings: Any) -> Exported:
    """Write a run as a graph for onnxruntime, scored beside it on `data`, a labelled file or rows, or on the run's own validation
    rows; the result has its `output` and its `record`. `settings`: column names and the flags of `bertft export`."""
    from bertft.jobs.exporting.export import export as run_export
    from bertft.jobs.requests import ExportRequest

    reading = keywords_of(DataPlan, only=READS_FOR_EXPORT)
    known = {**roles("text", "text_pair", "label"), **reading, **keywords_of(ExportPlan), **keywords_of(MachinePlan)}
    settings = checked_keywords(settings, known)
    tables: dict[str, Table] = {}
    request = ExportRequest(
        run=folder_of(run),
        output=str(output),
        data=None if data is None else table_name(data, "data", tables),
        export=typed(ExportPlan, settings),
        columns=columns_of(settings),
        reading=typed(DataPlan, {name: value for name, value in settings.items() if name in READS_FOR_EXPORT}),
        machine=typed(MachinePlan, settings),
        tables=tables,
    )
    with called_from_program(quiet), as_keyboard_interrupt():
        return run_export(request)
