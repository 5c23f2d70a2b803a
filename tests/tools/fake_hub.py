"""A Hub on loopback that holds models in memory: as much of its protocol as pushing and fetching needs."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

Files = dict[str, bytes]


class FakeHub:
    """Models by name, each with its commits."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, Files]] = {}
        self.private: dict[str, bool] = {}
        self.uploads: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, str]] = {}
        """Part of a path -> the status and error code that every request with it gets."""
        self.sizes: dict[str, int] = {}
        """What it says of a file's size, where that is not so."""

    def put(self, name: str, files: Files, *, private: bool = True) -> str:
        """A new commit with exactly these files."""
        sha = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        kept = self.commits.setdefault(name, {})
        kept.pop(sha, None)
        kept[sha] = files
        self.private.setdefault(name, private)
        return sha

    def head(self, name: str) -> Files:
        return list(self.commits[name].values())[-1]

    def at(self, name: str, revision: str) -> tuple[str, Files] | None:
        kept = self.commits[name]
        sha = list(kept)[-1] if revision == "main" else revision
        return (sha, kept[sha]) if sha in kept else None

    def info(self, name: str, sha: str, files: Files) -> dict[str, Any]:
        listed = [{"rfilename": file, "size": self.sizes.get(file, len(body))} for file, body in files.items()]
        return {"id": name, "sha": sha, "private": self.private[name], "siblings": listed, "tags": []}

    def commit(self, name: str, lines: list[dict[str, Any]]) -> str:
        files = dict(self.head(name))
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.uploads[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        return self.put(name, files)


class _Request(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answered(self.read_model)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self.answered(self.change_model)

    def do_PUT(self) -> None:
        self.answered(lambda parts: self.give({}, stored=self.store(parts[-1])))

    def answered(self, answer: Any) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.asked.append(f"{self.command} {path}")
        for part, (status, code) in self.hub.answers.items():
            if part in path:
                return self.give({}, status, **{"X-Error-Code": code})
        return answer(path.split("/"))

    def read_model(self, parts: list[str]) -> None:
        of_api = parts[:2] == ["api", "models"]
        name, rest = "/".join(parts[2:4] if of_api else parts[:2]), parts[4:] if of_api else parts[2:]
        if name not in self.hub.commits:
            return self.give({}, 404, **{"X-Error-Code": "RepoNotFound"})
        found = self.hub.at(name, rest[1] if len(rest) > 1 else "main")
        if found is None:
            return self.give({}, 404, **{"X-Error-Code": "RevisionNotFound"})
        sha, files = found
        if rest[:1] == ["tree"]:
            listed = [{"type": "file", "path": file, "size": len(files[file]), "oid": "0"} for file in files]
            return self.give(listed)
        if rest[:1] == ["resolve"]:
            body = files[rest[2]]
            return self.give(body, ETag=f'"{hashlib.sha1(body).hexdigest()}"', **{"X-Repo-Commit": sha})
        return self.give(self.hub.info(name, sha, files))

    def change_model(self, parts: list[str]) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if parts == ["api", "repos", "create"]:
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            if name in self.hub.commits:
                return self.give({}, 409)
            self.hub.put(
                name, {".gitattributes": b""}, private=asked.get("private", asked.get("visibility") == "private")
            )
            return self.give({"url": f"http://{self.headers['Host']}/{name}", "name": name})
        if "preupload" in parts:
            modes = [
                (file, "lfs" if file["path"].endswith(".safetensors") else "regular")
                for file in json.loads(body)["files"]
            ]
            return self.give(
                {"files": [{"path": file["path"], "uploadMode": mode, "shouldIgnore": False} for file, mode in modes]}
            )
        if parts[-1] == "batch":
            host = self.headers["Host"]
            objects = [
                {**one, "actions": {"upload": {"href": f"http://{host}/blobs/{one['oid']}"}}}
                for one in json.loads(body)["objects"]
            ]
            return self.give({"transfer": "basic", "objects": objects})
        if "commit" in parts:
            name, host = "/".join(parts[2:4]), self.headers["Host"]
            sha = self.hub.commit(name, [json.loads(line) for line in body.splitlines()])
            return self.give(
                {
                    "commitOid": sha,
                    "commitUrl": f"http://{host}/{name}/commit/{sha}",
                    "success": True,
                }
            )
        return self.give({"errors": [], "warnings": []})

    def store(self, oid: str) -> bool:
        self.hub.uploads[oid] = self.rfile.read(int(self.headers["Content-Length"]))
        return True

    def give(self, body: Any, status: int = 200, stored: bool = True, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def hub_on_loopback(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """It stands for the Hub in this process, with an empty cache and a token."""
    import huggingface_hub.constants as constants

    hub = FakeHub()
    handler = type("Handler", (_Request,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    settings = {"ENDPOINT": address, "HF_HUB_OFFLINE": False, "HF_HUB_CACHE": str(cache), "HF_HUB_DISABLE_XET": True}
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    for name, value in {**settings, "HUGGINGFACE_CO_URL_TEMPLATE": template}.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_tests")
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
