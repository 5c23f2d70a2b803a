"""The Python door: the same verbs as the command line, on files or on rows that a program holds.

    run = bertft.train([{"text": "…", "label": "…"}, …], model="minilm", output_dir="runs/mine")
    run.scores["validation"].values["accuracy"]
    bertft.evaluate("runs/mine", "test.csv").scores.main_value
    bertft.predict("runs/mine", ["a text", "another"])
    model = bertft.load("runs/mine"); model("a text")
    bertft.embed("minilm", ["a text", "another"])

Rows are a list of dicts, a dict of columns, a pandas DataFrame or a `datasets.Dataset`. Settings are the flags of the command,
with underscores. Mistakes raise those of `bertft.errors`; warnings go through `warnings`; all else is said with `quiet=False`.
"""

from bertft.api.answering import load, predict
from bertft.api.describing import info
from bertft.api.embedding import embed
from bertft.api.exporting import export
from bertft.api.gathering import gather
from bertft.api.judging import compare, evaluate, write_report
from bertft.api.learning import baseline, check, pretrain, train
from bertft.api.sharing import push
from bertft.system.cores import sleep_while_waiting

__all__ = [
    "baseline",
    "check",
    "compare",
    "embed",
    "evaluate",
    "export",
    "gather",
    "info",
    "load",
    "predict",
    "pretrain",
    "push",
    "train",
    "write_report",
]

sleep_while_waiting()  # before torch wakes
