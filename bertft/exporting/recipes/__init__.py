"""What makes a run folder something that others run: a container, a Kubernetes service, a Ray app, an endpoint. The name of a
recipe and what is known of the run come in; files to put beside the model go out.

The files are templates beside this one. Only `Facts` gets into them, and its name has nothing but letters, digits and hyphens:
what a user calls a folder cannot end a quote or begin a line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bertft.errors import UsageError

RECIPES: Mapping[str, tuple[str, ...]] = {
    "docker": ("Dockerfile", ".dockerignore"),
    "kserve": ("Dockerfile", ".dockerignore", "inferenceservice.yaml"),
    "ray": ("ray_app.py",),
    "endpoints": ("handler.py", "requirements.txt"),
}
"""Recipe -> the files that it writes."""

NEXT = {
    "docker": "docker build -t {name} {folder}",
    "kserve": "docker build -t registry.example.org/{name}:{version} {folder}",
    "ray": "cd {folder} && serve run ray_app:app",
    "endpoints": "hf upload OWNER/{name} {folder} --private",
}
"""Recipe -> what to type then."""

_LONGEST = 50
"""Characters of a name: Kubernetes takes 63, and adds some of its own."""


@dataclass(frozen=True)
class Facts:
    """What the files say of a run."""

    name: str
    version: str
    """Of bertft."""
    torch: str
    is_graph: bool
    """Whether the folder is answered by onnxruntime."""

    def fields(self, recipe: str) -> dict[str, str]:
        extras = [*(["serve"] if recipe in ("docker", "kserve") else []), *(["onnx"] if self.is_graph else [])]
        package = f"bertft[{','.join(extras)}]" if extras else "bertft"
        release = self.torch.partition("+")[0]
        return {"name": self.name, "version": self.version, "torch": release, "package": f"{package}=={self.version}"}


def plain_name(folder: str) -> str:
    """A folder's name as a DNS label and an image's tag may have it; `run` where nothing of it is left."""
    parts = re.findall(r"[a-z0-9]+", Path(folder).name.lower())
    return "-".join(parts)[:_LONGEST].strip("-") or "run"


def check_recipe(name: str) -> None:
    """UsageError for one that is not known."""
    if name not in RECIPES:
        raise UsageError(f"--for is {name}: one of {', '.join(RECIPES)}.")


def recipe_files(recipe: str, facts: Facts) -> dict[str, str]:
    """Name -> content of the files of a recipe."""
    return {name: _filled(name, facts.fields(recipe)) for name in RECIPES[recipe]}


def _filled(name: str, fields: Mapping[str, str]) -> str:
    text = Path(__file__).with_name(f"{name.lstrip('.')}.tmpl").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: fields[found[1]], text)
