"""What goes wrong with a request, as its client is told: a status, a type and one sentence."""

from __future__ import annotations

import re
from collections.abc import Collection

from bertft.errors import BertftError

VALIDATION, OVERLOADED, TOO_LARGE, TIMEOUT = "validation", "overloaded", "too_large", "timeout"
NOT_FOUND, UNAUTHORIZED, INTERNAL = "not_found", "unauthorized", "internal"

_FLAG = re.compile(r"--([a-z][a-z-]*)")
_SENTENCES = re.compile(r"(?<=[.!?…])\s+(?=[A-Z-])")


class Refused(BertftError):
    """A request that is not answered."""

    def __init__(self, status: int, error_type: str, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.error_type, self.retry_after = status, error_type, retry_after


def invalid(message: str, status: int = 422) -> Refused:
    return Refused(status, VALIDATION, message)


def too_large(message: str) -> Refused:
    return Refused(413, TOO_LARGE, message)


def overloaded(message: str, retry_after: int = 1) -> Refused:
    return Refused(429, OVERLOADED, message, retry_after=retry_after)


def stopping() -> Refused:
    return Refused(503, OVERLOADED, "The service is stopping.", retry_after=5)


def replaced(name: str) -> Refused:
    why = f"The folder of '{name}' holds another run by now, which is not opened yet (reload_error in /info)."
    return Refused(503, OVERLOADED, f"{why} Ask again a little later, or start the service again.", retry_after=5)


def no_memory() -> Refused:
    return Refused(503, OVERLOADED, "The service has too little memory for this text. Send a shorter one, or later.")


def timed_out(seconds: float) -> Refused:
    return Refused(504, TIMEOUT, f"No answer within {seconds:g} seconds. Send fewer or shorter texts, or later.")


def handed_over(problem: BaseException) -> BaseException:
    """For whoever waits in another thread: without the frames that it has passed. They hold the future that is to hold it, so it
    and the whole request would stay until Python looks for cycles. What of them the log needs is kept."""
    vars(problem)["place"] = place_of(problem)
    problem.__cause__ = problem.__context__ = None
    return problem.with_traceback(None)


def place_of(problem: BaseException) -> str:
    """The innermost line of a problem, as `in file.py:12`."""
    place, trace = str(vars(problem).get("place", "")), problem.__traceback__
    if place or trace is None:
        return place
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"in {trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"


def without_flags(message: str, known: Collection[str] = ()) -> str:
    """A message of the command line, as a client understands it: `--top-k` is the option `top_k`. Sentences that advise flags
    which are no options here (`known` are) are left out, where others say what is wrong."""
    sentences = _SENTENCES.split(message)
    kept = [one for one in sentences if all(_option(found) in known for found in _FLAG.finditer(one))]
    return _FLAG.sub(_option, " ".join(kept or sentences))


def _option(flag: re.Match[str]) -> str:
    return flag.group(1).replace("-", "_")
