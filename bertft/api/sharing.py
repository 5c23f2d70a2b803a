"""The Python function that publishes a run: push."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertft.jobs.from_program import called_from_program, folder_of

if TYPE_CHECKING:
    from bertft.jobs.hub.push import Pushed, Upload


def push(
    run: Any, repository: str, *, public: bool = False, dry_run: bool = False, quiet: bool = True
) -> Pushed | Upload:
    """Upload a run to the Hugging Face Hub as `owner/name`, private unless `public`; nobody is asked. The result has `url` and
    `revision`; with `dry_run` nothing is sent, and it has the `files` that would be."""
    from bertft.jobs.hub.push import look_at_hub, plan_upload
    from bertft.jobs.hub.push import push as upload
    from bertft.jobs.requests import PushRequest

    with called_from_program(quiet):
        planned = plan_upload(PushRequest(run=folder_of(run), repository=repository, public=public))
        return planned if dry_run else upload(look_at_hub(planned))
