"""`bertft export`: words to a request, the gate's table to the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.plan.sections import READS_FOR_EXPORT, DataPlan, ExportPlan, MachinePlan
from bertft.plan.settings import OUTPUT, SCORES, typed
from bertft.wording import counted

if TYPE_CHECKING:
    from bertft.jobs.exporting.export import Exported
    from bertft.jobs.exporting.export_check import CheckedExport
    from bertft.jobs.exporting.pack import Packed

GateRows = Annotated[
    str | None,
    opt.flag(
        SCORES, "FILE", "Labelled file to score the export on.", "--data", default="the run's own validation rows"
    ),
]
ExportFolder = Annotated[str | None, opt.flag(OUTPUT, "DIR", "Folder to write to, new or empty.", "--output", "-o")]
Check = Annotated[
    bool,
    opt.flag(
        SCORES, None, "Score an exported folder again, on this machine, and hold that against its record.", "--check"
    ),
]


For = Annotated[
    str | None,
    opt.flag(
        OUTPUT,
        "TOOL",
        "Also write what runs it there: docker, kserve, ray or endpoints. Without --format the run is copied as it is.",
        "--for",
    ),
]


@opt.takes_settings(MachinePlan, before="json")
@opt.takes_settings(DataPlan, *READS_FOR_EXPORT, before="json")
@opt.takes_settings(ExportPlan, before="json")
def export_command(
    run: opt.RunFolder,
    output: ExportFolder = None,
    target: For = None,
    check: Check = False,
    data: GateRows = None,
    text: opt.LearnedText = None,
    text_pair: opt.LearnedTextPair = None,
    label: opt.LearnedLabel = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    help_all: HelpAll = False,
    **settings: Any,
) -> None:
    """Export a run for onnxruntime, in fp32 or int8, and score it."""
    console.be_quiet(quiet)
    from bertft.errors import UsageError
    from bertft.jobs.exporting.export import export
    from bertft.jobs.exporting.export_check import check_export
    from bertft.jobs.exporting.pack import makes_graph, pack
    from bertft.jobs.requests import ExportRequest

    named = {"text": text, "text_pair": text_pair, "label": label}
    request = ExportRequest(
        run=run,
        output=output,
        recipe=target,
        check=check,
        data=data,
        export=typed(ExportPlan, settings),
        columns={role: column for role, column in named.items() if column},
        reading=typed(DataPlan, {name: value for name, value in settings.items() if name != "format"}),
        machine=typed(MachinePlan, settings),
    )
    if check and target:
        raise UsageError(f"--for {target} has no effect with --check, which writes nothing. Leave one of them out.")
    if not check and not makes_graph(request):
        packed = pack(request)
        console.result_json(packed.as_dict()) if json else show_packed(packed)
    elif check:
        checked = check_export(request)
        console.result_json(checked.as_dict()) if json else show_check(checked)
    else:
        exported = export(request)
        console.result_json(exported.as_dict()) if json else show_export(exported)


def show_export(found: Exported) -> None:
    """The gate's table, the sizes, what comes next."""
    from bertft.report.export_table import show_forms

    record = found.record
    if record.forms:
        show_forms(record.forms, metric=record.metric, title=f"{record.data}: {counted(record.rows, 'row')}")
    sizes = f"{found.bytes_before / 1e6:.1f} MB -> {found.bytes_after / 1e6:.1f} MB"
    scored = f"scored on {record.units}" if record.units else "not scored"
    console.result(f"Exported: {found.output} (onnx {record.precision}, {sizes}; {scored})")
    console.result(f"Next: {found.next}")


def show_packed(found: Packed) -> None:
    """What lies there, and what comes next."""
    console.result(f"Written: {found.output} ({', '.join(found.files)})")
    console.result(f"Next: {found.next}")


def show_check(found: CheckedExport) -> None:
    """What the graph is worth here."""
    rows = counted(found.rows, "row")
    score, recorded = ("undefined" if one is None else f"{one:.4f}" for one in (found.score, found.recorded))
    console.result(
        f"{found.run}: {found.metric} {score} on {rows} of {found.data}, {recorded} when it was exported; "
        f"{found.examples_per_second:,.0f} rows/s with {found.units}."
    )
