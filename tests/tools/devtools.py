"""A real browser that is driven: Chromium's DevTools protocol through a pipe, so that nothing else has to be installed."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser import QUIET, TOOK_LONG


class Tab:
    """One page of the browser. What it complains of is kept in `complaints`."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self.browser, self.target, self.session = browser, target, session
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.send(f"{domain}.enable")
        self.send(
            "Page.addScriptToEvaluateOnNewDocument", source="const later = setTimeout.bind(window);"
        )  # tests may replace it

    def send(self, method: str, **words: Any) -> dict[str, Any]:
        return self.browser.send(method, self.session, **words)

    def run(self, script: str) -> Any:
        """The value of an expression; a promise is waited for."""
        found = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, condition: str) -> Any:
        """Wait until an expression is true, and give its value."""
        look = f"const look = () => {{ const it = {condition}; it ? done(it) : later(look, 5); }}; look();"
        return self.run(f"new Promise((done) => {{ {look} }})")

    def open(self, address: str) -> None:
        self.complaints.clear()
        self.send("Page.navigate", url=address)
        self.until("location.href.startsWith('http') && document.readyState === 'complete'")

    def close(self) -> None:
        self.browser.tabs.pop(self.session)
        self.browser.send("Target.closeTarget", targetId=self.target)

    def text(self, selector: str) -> str:
        """What a reader sees there."""
        return str(self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    def click(self, selector: str) -> None:
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def fill(self, selector: str, text: str) -> None:
        """As typed or pasted by a person."""
        self.run(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}); box.focus(); box.select(); }})()"
        )
        self.send("Input.insertText", text=text)

    def select(self, selector: str, shown: str) -> None:
        """An option of a list by what a reader sees of it."""
        box = f"const box = document.querySelector({json.dumps(selector)});"
        place = f"[...box.options].findIndex((one) => one.textContent === {json.dumps(shown)})"
        self.run(f"(() => {{ {box} box.selectedIndex = {place}; box.dispatchEvent(new Event('change')); }})()")

    def drop_text(self, selector: str, text: str) -> None:
        """As a person drags it there."""
        at = "(({x, y, width, height}) => ({x: x + width / 2, y: y + height / 2}))"
        element = f"document.querySelector({json.dumps(selector)})"
        place = self.run(f"({element}.scrollIntoView(), {at}({element}.getBoundingClientRect()))")
        data = {"items": [{"mimeType": "text/plain", "data": text}], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.send("Input.dispatchDragEvent", type=kind, **place, data=data)

    def press(self, key: str, *, control: bool = False) -> None:
        code = {"Enter": 13, "Escape": 27, "Tab": 9}[key]
        words = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 2 if control else 0}
        self.send("Input.dispatchKeyEvent", type="rawKeyDown", **words)
        self.send("Input.dispatchKeyEvent", type="keyUp", **words)

    def choose_file(self, selector: str, *files: Path) -> None:
        found = self.send("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
        self.send("DOM.setFileInputFiles", files=[str(file) for file in files], objectId=found["result"]["objectId"])

    def downloaded(self, name: str) -> Path:
        """A file that is being saved, once it is whole."""
        begun = self.browser.wait_for("Browser.downloadWillBegin", suggestedFilename=name)
        self.browser.wait_for("Browser.downloadProgress", guid=begun["guid"], state="completed")
        return self.browser.downloads / name

    def resize(self, width: int, height: int = 900) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def scheme(self, name: str) -> None:
        """`light` or `dark`."""
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])


class Browser:
    """Messages are JSON, each ended by a zero byte."""

    def __init__(self, write: int, read: int, downloads: Path) -> None:
        self.write, self.read, self.downloads = write, read, downloads
        self.numbers, self.heard = itertools.count(1), b""
        self.tabs: dict[str, Tab] = {}
        self.events: list[dict[str, Any]] = []
        """Of the browser itself."""

    def tab(self) -> Tab:
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.tabs[session] = Tab(self, target, session)
        return self.tabs[session]

    def send(self, method: str, session: str | None = None, **words: Any) -> dict[str, Any]:
        number = next(self.numbers)
        asked = {"id": number, "method": method, "params": words} | ({"sessionId": session} if session else {})
        left = json.dumps(asked).encode() + b"\0"
        while left:
            left = left[os.write(self.write, left) :]
        for message in self._messages():
            if message.get("id") == number:
                assert "error" not in message, (method, message["error"])
                return dict(message["result"])
            self._note(message)
        raise AssertionError("the browser has ended")

    def wait_for(self, event: str, **words: Any) -> dict[str, Any]:
        """What the browser itself tells of an event like this, once it does; each is given once."""
        while True:
            for message in self.events:
                if message["method"] == event and words.items() <= message["params"].items():
                    self.events.remove(message)
                    return dict(message["params"])
            self._note(next(self._messages()))

    def _messages(self) -> Iterator[dict[str, Any]]:
        while True:
            while b"\0" in self.heard:
                first, self.heard = self.heard.split(b"\0", 1)
                yield json.loads(first)
            assert select.select([self.read], [], [], TOOK_LONG)[0], "the browser hangs"
            part = os.read(self.read, 1 << 20)
            if not part:
                return
            self.heard += part

    def _note(self, message: dict[str, Any]) -> None:
        if "sessionId" not in message:
            self.events.append(message)
        tab, said = self.tabs.get(message.get("sessionId", "")), message.get("params", {})
        if tab and message["method"] == "Runtime.exceptionThrown":
            tab.complaints.append(str(said["exceptionDetails"]))
        if tab and message["method"] == "Log.entryAdded" and said["entry"]["source"] != "network":
            tab.complaints.append(said["entry"]["text"])
        if tab and message["method"] == "Runtime.consoleAPICalled" and said["type"] in ("error", "assert"):
            tab.complaints.append(str(said["args"]))


@contextmanager
def driven(browser: str, scratch: Path) -> Iterator[Browser]:
    """The browser at `browser`; `scratch` is an empty folder, which also takes what is downloaded."""
    (its_read, our_write), (our_read, its_write) = os.pipe(), os.pipe()
    words = [browser, *QUIET, f"--user-data-dir={scratch / 'profile'}", "--remote-debugging-pipe"]
    number = _spawned(words, scratch / "log", its_read, its_write)
    try:
        found = Browser(our_write, our_read, scratch)
        found.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(scratch), eventsEnabled=True)
        yield found
        found.send("Browser.close")
    finally:
        os.close(our_write)
        os.close(our_read)
        os.waitpid(number, 0)


def _spawned(words: Sequence[str], log: Path, its_read: int, its_write: int) -> int:
    """The number of a process that reads from 3 and writes to 4, as the protocol has it."""
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (its_read, its_write)]  # neither is 3 or 4 itself
    streams = [
        (os.POSIX_SPAWN_OPEN, stream, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for stream in (1, 2)
    ]
    pipe = [(os.POSIX_SPAWN_DUP2, end, stream) for end, stream in zip(ends, (3, 4), strict=True)]
    number = os.posix_spawn(words[0], words, os.environ, file_actions=[*streams, *pipe])
    for end in (its_read, its_write, *ends):
        os.close(end)
    return number
