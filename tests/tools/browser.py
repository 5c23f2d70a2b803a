"""A real browser opens a page and tells what it did: Chromium's own command line, so that nothing else has to be installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync"),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-extensions",
    ),
    "--enable-logging=stderr",
)
TOOK_LONG = 300


@dataclass(frozen=True)
class Seen:
    """What came of opening a page."""

    console: list[str]
    """Lines of its console."""
    requests: list[str]
    """Addresses that were asked for, without the browser's own."""
    page: str
    """The document after it was opened."""


def found_browser() -> str | None:
    """Its path; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def opened(browser: str, page: Path, scratch: Path) -> Seen:
    """Open a file; `scratch` is an empty folder."""
    log = scratch / "net.json"
    words = [
        browser,
        *QUIET,
        f"--user-data-dir={scratch / 'profile'}",
        f"--log-net-log={log}",
        "--dump-dom",
        page.resolve().as_uri(),
    ]
    done = subprocess.run(words, capture_output=True, text=True, timeout=TOOK_LONG, check=True)
    console = re.findall(r":CONSOLE[:(]\d+[^\]]*\] (.*)", done.stderr)
    return Seen(console, sorted(_asked_for(log)), done.stdout)


def _asked_for(log: Path) -> set[str]:
    text = log.read_text(encoding="utf-8").rstrip().rstrip(",")
    events = json.loads(text if text.endswith("}") else f"{text}]}}")["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    return {str(one["url"]) for one in asked if one["initiator"] != "not an origin"}  # else: the browser's own
