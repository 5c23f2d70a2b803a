"""Whether the Hugging Face Hub answers: asked once, within seconds. Where it does not, its libraries try five times for each
file, wait half a minute and print every failure."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bertft import console

_SECONDS = 3.0
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_SNAPSHOTS = "snapshots"


def hub_status(name: str, *, kind: str = "models", revision: str | None = None) -> int | None:
    """HTTP status of a model or, with `kind` datasets, a data set; None where the Hub cannot be reached, or must not be."""
    from urllib.parse import quote

    from huggingface_hub import get_session, get_token
    from huggingface_hub.constants import ENDPOINT, is_offline_mode

    if is_offline_mode():
        return None
    headers = {"authorization": f"Bearer {token}"} if (token := get_token()) else {}
    try:  # one bare request: HfApi asks the Hub for more first, and would wait twice
        url = f"{ENDPOINT}/api/{kind}/{name}" + (f"/revision/{quote(revision, safe='')}" if revision else "")
        return int(get_session().get(url, headers=headers, timeout=_SECONDS).status_code)
    except Exception:  # every library below has its own kinds of network errors; whichever it is, there is no answer
        return None


def is_hub_name(name: str) -> bool:
    """Whether a model on the Hub can be called `owner/name` like that."""
    return _NAME.fullmatch(name) is not None and "--" not in name and ".." not in name


def hub_name_of(folder: Path) -> str | None:
    """`owner/name@revision` of a folder in the Hub's cache; None of any other. What was fetched stays as it is: nothing may be
    written into such a folder."""
    place = folder.resolve()
    storage = place.parent.parent
    if place.parent.name != _SNAPSHOTS:
        return None
    from huggingface_hub import constants

    if storage.parent != Path(constants.HF_HUB_CACHE).expanduser().resolve():
        return None
    return f"{storage.name.removeprefix('models--').replace('--', '/')}@{place.name[:12]}"


def shown_run(run: str) -> str:
    """What to call a run: its path, or its name on the Hub where it was fetched from there."""
    return hub_name_of(Path(run)) or run


@contextmanager
def bars_on_a_terminal() -> Iterator[None]:
    """Inside, huggingface_hub draws its progress only where this command would draw some."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    hidden = not console.draws() and not are_progress_bars_disabled()
    if hidden:
        disable_progress_bars()
    try:
        yield
    finally:
        if hidden:
            enable_progress_bars()


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
