"""What the Hugging Face Hub refuses, in plain words with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bertft.errors import BertftError, CheckpointError

_WORDS = {
    401: "the Hub wants to know who asks. Log in with `hf auth login`, or set HF_TOKEN",
    403: "your token of the Hub may not do that. Ask the owner, or take a token that may (hf auth login)",
    404: "the Hub has no such model, or it is private and your token may not see it (hf auth login)",
    409: "the Hub has it already, as another request made it just now. Try again",
    412: "the repository has changed since it was looked at. Try again",
    429: "the Hub has had too many requests from here. Try again later",
}


@contextmanager
def told_by_hub(name: str, *, lead: str = "") -> Iterator[None]:
    """CheckpointError in place of what huggingface_hub raises: of each kind of trouble it has a class of its own, and those of
    the network are of the library below it. `lead`: what else was tried for a name that the Hub does not know."""
    try:
        yield
    except (BertftError, KeyboardInterrupt):
        raise
    except Exception as problem:
        raise CheckpointError(f"{name}: {_said(problem, lead)}.") from problem


def _said(problem: Exception, lead: str) -> str:
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(problem, GatedRepoError):
        return (
            "its owner must give you access first: ask for it on its page on the Hub, then log in with `hf auth login`"
        )
    if isinstance(problem, RevisionNotFoundError):
        return "has no such revision: a branch, a tag or a commit of it is wanted"
    if isinstance(problem, RepositoryNotFoundError):
        return lead + _WORDS[404]
    if isinstance(problem, HfHubHTTPError) and problem.response is not None:
        status = problem.response.status_code
        return _WORDS.get(status, f"the Hub answers with status {status}. Try again later")
    if isinstance(problem, LocalEntryNotFoundError) or "httpx" in type(problem).__module__:
        return "the connection to the Hub broke off. The same command goes on where it stopped"
    reason = str(problem).strip().split("\n")[0] or "no reason given"
    return f"the Hub could not be used ({type(problem).__name__}: {reason.rstrip('.')})"
