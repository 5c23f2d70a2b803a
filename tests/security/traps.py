"""Traps for those who open a stranger's folder: pickles and modules that leave a mark when they are run."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

PICKLES = (
    *("pytorch_model.bin", "optimizer.pt", "optimizer.bin", "training_args.bin", "scheduler.pt", "rng_state.pth"),
    *(
        "random_states_0.pkl",
        "adapter_model.bin",
        "model.pt",
        "tokenizer.pkl",
        "vocab.pkl",
        "state.pickle",
        "tf_model.h5",
    ),
)
"""What other tools leave, or look for, in such folders."""


class Trap:
    """Leaves the mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


def pickled(mark: Path) -> bytes:
    return pickle.dumps({"state_dict": Trap(mark)})


def plant_pickles(folder: Path, mark: Path) -> None:
    """Under every name, plain and as torch's zip."""
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(PICKLES):
        if number % 2:
            (folder / name).write_bytes(pickled(mark))
        else:
            with zipfile.ZipFile(folder / name, "w") as archive:
                archive.writestr("archive/data.pkl", pickled(mark))
                archive.writestr("archive/version", "3\n")


def plant_module(folder: Path, mark: Path) -> None:
    """A module that config.json and tokenizer_config.json ask to be run."""
    source = f"open({str(mark)!r}, 'w').close()\nclass Evil:\n    pass\n"
    for name in ("evil.py", "modeling_evil.py", "tokenization_evil.py", "__init__.py", "sitecustomize.py"):
        (folder / name).write_text(source)
    auto = ("AutoConfig", "AutoModel", "AutoModelForSequenceClassification", "AutoModelForTokenClassification")
    edit(folder / "config.json", {"auto_map": dict.fromkeys(auto, "evil.Evil"), "trust_remote_code": True})
    asked = {"auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}, "trust_remote_code": True}
    edit(folder / "tokenizer_config.json", asked)


def edit(file: Path, changes: dict[str, Any]) -> None:
    """A JSON object with some of its keys changed."""
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | changes), encoding="utf-8")
