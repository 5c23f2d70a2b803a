"""The run folder: names of its files, as far as several rooms share them. Those of the model are transformers' own."""

from __future__ import annotations

from pathlib import Path

PLAN = "plan.toml"
RECORD = "run.json"
CARD = "README.md"
HISTORY = "history.jsonl"
ERRORS = "errors.csv"
REPORT = "report.html"
OUT_OF_FOLD = "out-of-fold.jsonl"
OF_THE_RUN = (PLAN, RECORD, CARD, HISTORY, ERRORS, REPORT, OUT_OF_FOLD)
"""Files that belong to the run, not to its model."""

TASK_FILE = "bertft.json"
"""What `predict` needs beyond transformers; it belongs to the model."""

VOCABULARY = "vocabulary.json"
"""The n-grams or words of a model that was fitted at once, in place of a tokenizer's files."""

GRAPH = "model.onnx"
"""The network of an exported run, for onnxruntime."""

CONSTANTS = "constants.safetensors"
"""What extras add to the outputs of every batch, such as a CRF's moves: it stands beside the graph, not in it."""

EXPORT = "export.json"
"""How a graph was made, and what it was worth then; it belongs to the model."""

LISTS = {"words": "words.txt", "entities": "entities.txt"}
"""Of what a run was masked by; they belong to the model, as `eval` masks by them too."""

LOGS = "logs"
"""Folder of the trackers' files."""

CHECKPOINT = "checkpoint"
"""Folder of the last state, to go on from."""

VECTORS = "vectors"
"""Folder of what a frozen backbone says of the rows, while a head learns."""

CORPUS = "corpus"
"""Folder of a corpus's tokens, while a run learns from them."""

BEST, REFIT_MARK = "best", "refit.txt"
"""In it: the chosen model, as a run folder of its own; and a sign that the run folder may hold another one by now."""

SEEDS, FOLDS = "seeds", "folds"
"""In it: the runs of a training that is done several times, each a run folder of its own: `seeds/42`, `folds/1`."""


def whole_run(folder: Path) -> Path:
    """The run that a run of `seeds` or `folds` belongs to; any other is its own."""
    outer = folder.parent.parent
    return outer if folder.parent.name in (SEEDS, FOLDS) and (outer / PLAN).is_file() else folder
