"""The package `setfit` with 20 pairs for each text, as in its paper, in a Python of its own.

    few_shot_setfit.py FOLDER

reads FOLDER/work.json and writes FOLDER/predicted.json. It imports nothing of bertft, whose transformers is newer than setfit
knows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments


def main() -> None:
    folder = Path(sys.argv[1])
    work = json.loads((folder / "work.json").read_text(encoding="utf-8"))
    names = sorted({row["gold"] for row in work["train"]})
    rows = {
        "text": [row["texts"][0] for row in work["train"]],
        "label": [names.index(row["gold"]) for row in work["train"]],
    }
    model = SetFitModel.from_pretrained(work["backbone"])
    arguments = TrainingArguments(
        output_dir=str(folder / "checkpoints"),
        seed=work["seed"],
        num_iterations=20,
        report_to="none",
        save_strategy="no",
    )
    Trainer(model=model, args=arguments, train_dataset=Dataset.from_dict(rows)).train()
    predicted = [names[int(label)] for label in model.predict([texts[0] for texts in work["test"]])]
    (folder / "predicted.json").write_text(json.dumps(predicted), encoding="utf-8")


if __name__ == "__main__":
    main()
