"""Lines to copy send exactly what the page sends, whatever stands in the text; and the page obeys nothing that a text says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from curl_command import with_curl
from devtools import Tab
from stub_service import StubService
from test_web_page import SCORES, ask, model, opened

from bertft.serving.page_file import web_page

HOSTILE = [
    """It's "so" `late` $HOME \\ $(touch ran) \\n \\\\u0041 !! %s {x} #"""
    "\n'; touch ran; '\nEND\n\t",
    "🚲 é 漢字 \u202eevil\u2066 \u200b \u2028 \ufeff \x1b[2J \x07 \x7f \u0085",
    "--data @/etc/hostname\n@x",
]


def test_copied_python_lines_send_what_the_page_sends(tab: Tab, stub: StubService) -> None:
    sent, programs = asked_by_the_page(tab, stub, "python")
    each = "import json, sys; [exec(lines, {}) for lines in json.load(sys.stdin)]"
    done = subprocess.run([sys.executable, "-c", each], input=json.dumps(programs), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("'bad'") == len(HOSTILE)
    assert stub.bodies("/predict")[len(HOSTILE) :] == sent


def test_copied_curl_lines_send_what_the_page_sends(tab: Tab, stub: StubService, tmp_path: Path) -> None:
    sent, commands = asked_by_the_page(tab, stub, "curl")
    for command in commands:
        done = subprocess.run(["sh", "-c", command], env=with_curl(tmp_path), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "bad" in done.stdout
    assert stub.bodies("/predict")[len(HOSTILE) :] == sent


def asked_by_the_page(tab: Tab, stub: StubService, block: str) -> tuple[list[Any], list[str]]:
    """The bodies that the page sends for hostile texts, and the lines that it shows for each."""
    opened(tab, stub, model("predict", name='o\'my "model"'), model("predict", name="other"))
    stub.says("/predict", SCORES)
    lines = []
    for number, text in enumerate(HOSTILE, 1):
        ask(tab, text=text)
        tab.until("!document.getElementById('answer').ariaBusy && document.querySelector('.lead')")
        assert len(stub.bodies("/predict")) == number
        lines.append(shown(tab, block))
    sent = stub.bodies("/predict")
    assert {body["model"] for body in sent} == {'o\'my "model"'}
    return sent, lines


def shown(tab: Tab, name: str) -> str:
    """Lines as the button copies them; no letter of them is invisible."""
    lines = str(tab.run(f"document.getElementById('{name}').lines"))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]", lines)
    return lines


def test_a_text_longer_than_a_word_of_the_shell_goes_in_by_another_door(
    tab: Tab, stub: StubService, tmp_path: Path
) -> None:
    opened(tab, stub, model("predict"))
    stub.says("/predict", SCORES)
    tab.run("document.querySelector('textarea').value = 'it\\'s long \\n'.repeat(10500); formChanged(); 0")
    done = subprocess.run(["sh"], input=shown(tab, "curl"), env=with_curl(tmp_path), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert stub.bodies("/predict") == [{"inputs": "it's long \n" * 10500}]


def test_the_policy_allows_the_own_style_and_script_and_nothing_else() -> None:
    page = web_page()
    parts = {name: re.findall(f"<{name}>(.*?)</{name}>", page.body.decode(), re.DOTALL) for name in ("style", "script")}
    hashes = {name: b64encode(sha256(found.encode()).digest()).decode() for name, (found,) in parts.items()}
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith(
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}'; connect-src 'self'; "
    )
    assert "unsafe" not in policy


def test_markup_that_slipped_in_would_do_nothing(tab: Tab, stub: StubService) -> None:
    opened(tab, stub, model("predict"))
    slip = """(() => {
        const script = document.createElement('script');
        try { script.text = "window.ran = 1"; document.body.append(script); } catch {}
        const button = document.createElement('button');
        button.setAttribute('formaction', 'http://127.0.0.1:9/');
        try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = 2">'); } catch {}
        try { eval('window.ran = 3'); } catch {}
        return fetch('http://127.0.0.1:9/x').then(() => 'sent', () => String(window.ran));
    })"""
    assert tab.run(f"new Promise((done) => later(() => done(({slip})())))") == "undefined"
    assert any("Content Security Policy" in said or "TrustedHTML" in said for said in tab.complaints)
    tab.complaints.clear()


def test_the_page_names_no_other_place() -> None:
    assert re.findall(r"(?:https?:)?//[a-z]", web_page().body.decode()) == []
    assert json.dumps(web_page().headers).count("127.0.0.1") == 0
