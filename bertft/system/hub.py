"""Whether the Hugging Face Hub answers: asked once, within seconds. Where it does not, its libraries try five times for each
file, wait half a minute and print every failure."""

from __future__ import annotations

import sys

from bertft import console

_SECONDS = 3.0


def hub_status(name: str, *, kind: str = "models") -> int | None:
    """HTTP status of a model or, with `kind` datasets, a data set; None where the Hub cannot be reached, or must not be."""
    from huggingface_hub import get_session, get_token
    from huggingface_hub.constants import ENDPOINT, is_offline_mode

    if is_offline_mode():
        return None
    headers = {"authorization": f"Bearer {token}"} if (token := get_token()) else {}
    try:  # one bare request: HfApi asks the Hub for more first, and would wait twice
        url = f"{ENDPOINT}/api/{kind}/{name}"
        return int(get_session().get(url, headers=headers, timeout=_SECONDS).status_code)
    except Exception:  # every library below has its own kinds of network errors; whichever it is, there is no answer
        return None


def is_cached(name: str, file: str) -> bool:
    """Whether a file of a model lies in the cache."""
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, file), str)


def use_cache_only() -> None:
    """From here on this command asks the Hub nothing more. A program that calls us decides that for itself."""
    if console.is_in_a_program():
        return
    from huggingface_hub import constants

    constants.HF_HUB_OFFLINE = True
    if "datasets" in sys.modules:
        sys.modules["datasets"].config.HF_HUB_OFFLINE = True
