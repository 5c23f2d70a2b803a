"""`bertft push`: words to a request; what would be published to the terminal, a question, the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bertft import console
from bertft.commands import options as opt
from bertft.commands.tiers import HelpAll
from bertft.errors import UsageError
from bertft.plan.settings import OUTPUT, TASK
from bertft.wording import counted

if TYPE_CHECKING:
    from bertft.jobs.hub.push import Upload

Repository = Annotated[
    str, typer.Argument(metavar="OWNER/NAME", help="What to call it on the Hugging Face Hub.", show_default=False)
]
Public = Annotated[bool, opt.flag(TASK, None, "Let all read it.", "--public", default="private")]
Yes = Annotated[bool, opt.flag(OUTPUT, None, "Upload without asking; needed where nobody can be asked.", "--yes", "-y")]
DryRun = Annotated[bool, opt.flag(OUTPUT, None, "Only show what would be uploaded; the Hub is not asked.", "--dry-run")]


def push_command(
    run: opt.RunFolder,
    repository: Repository,
    public: Public = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    help_all: HelpAll = False,
) -> None:
    """Upload a run to the Hugging Face Hub, without local paths and training texts."""
    console.be_quiet(quiet)
    if yes and dry_run:
        raise UsageError("--yes and --dry-run exclude each other: one uploads, the other does not.")
    from bertft.jobs.hub.push import look_at_hub, plan_upload, push
    from bertft.jobs.requests import PushRequest

    upload = plan_upload(PushRequest(run=run, repository=repository, public=public))
    upload = upload if dry_run else look_at_hub(upload)
    if not json:
        _show(upload)
    if dry_run:
        return console.result_json({**upload.as_dict(), "uploaded": False}) if json else None
    _agree(upload, yes=yes)
    done = push(upload)
    if json:
        console.result_json(done.as_dict())
    else:
        console.result(done.url)
        console.note(f"Next, anywhere: bertft predict {upload.repository} INPUT -o OUTPUT.csv")
    return None


def _show(upload: Upload) -> None:
    who = "all may read it" if upload.public else "private"
    rows = [[file.name, file.note, f"{file.size:,}"] for file in upload.files]
    rows += [[name, "removed there: of an earlier run", ""] for name in upload.replaced]
    title = f"To {upload.repository} ({who})"
    console.table(title, ["file", "", "bytes"], [*rows, ["together", "", f"{upload.size:,}"]], text_columns=2)
    if upload.stay:
        console.note(f"Not uploaded: {', '.join(upload.stay)}.")


def _agree(upload: Upload, *, yes: bool) -> None:
    """UsageError unless somebody says yes."""
    if yes:
        return
    if not console.can_ask():
        raise UsageError("Nobody can be asked whether to upload this: pass --yes, or --dry-run to see it only.")
    who = "all may read" if upload.public else "private"
    if not console.agrees(f"Upload {counted(len(upload.files), 'file')} to {upload.repository} ({who})?"):
        raise UsageError("Nothing was uploaded.")
