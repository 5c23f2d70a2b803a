"""The flags of all commands, each with its type and its help. A flag says what happens; its help says unit and default."""

from __future__ import annotations

from typing import Annotated, Any

import typer

TASK, COLUMNS, READING, RECIPE, RARE, OUTPUT = "Task", "Columns", "Reading", "Recipe", "Less common", "Output"
TAGGING, ANSWERS = "Tagging", "Answers"


def flag(panel: str, metavar: str | None, help: str, *names: str) -> Any:
    """A typer option; without names it is called like its parameter."""
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel, show_default=False)


# Shared by several commands
Text = Annotated[str | None, flag(COLUMNS, "COLUMN", "Column of the text, tokens or question.")]
TextPair = Annotated[str | None, flag(COLUMNS, "COLUMN", "Second text of a pair, or context.")]
Label = Annotated[list[str] | None, flag(COLUMNS, "COLUMN", "Label, tags or answers; several times for 0/1 columns.")]
Format = Annotated[str | None, flag(READING, "NAME", "csv, tsv, jsonl, json, parquet, arrow or conll.")]
Encoding = Annotated[str | None, flag(READING, "NAME", "Such as utf-8, gb18030, latin-1.")]
Delimiter = Annotated[str | None, flag(READING, "CHAR", "Of a CSV: comma, semicolon, tab, pipe.")]
NoHeader = Annotated[bool, flag(READING, None, "The first line is data: column_1, column_2 ...", "--no-header")]
UnknownLabels = Annotated[str | None, flag(READING, "error|skip", "Labels unseen in training; error.")]
Precision = Annotated[str | None, flag(RECIPE, "NAME", "auto, fp32, bf16, fp16; auto: bf16 where native.")]
Threads = Annotated[int | None, flag(RARE, "N", "Threads of the processor; else the cores there are.")]
Json = Annotated[bool, flag(OUTPUT, None, "The result as one JSON object.", "--json")]
GoOn = Annotated[bool, flag(OUTPUT, None, "Go on where this prediction stopped.", "--resume")]
Raw = Annotated[bool, flag(OUTPUT, None, "CSV: no ' before cells that look like formulas.", "--raw")]
Quiet = Annotated[bool, flag(OUTPUT, None, "Only results, warnings and errors.", "--quiet", "-q")]

# Of train
Data = Annotated[
    str | None, typer.Argument(help="CSV, TSV, JSONL, JSON, Parquet, Arrow, CoNLL; plain or .gz.", show_default=False)
]
Task = Annotated[str | None, flag(TASK, "TASK", "A card (mrpc), a card file (./mine.toml) or a kind; else guessed.")]
Validation = Annotated[str | None, flag(TASK, "FILE", "Else a stratified share of the training rows.")]
ValidationShare = Annotated[float | None, flag(TASK, "SHARE", "Held back without --validation; 0.1.")]
Test = Annotated[str | None, flag(TASK, "FILE", "Scored once, at the end.")]
SingleLabel = Annotated[bool, flag(TASK, None, "One class per row.", "--single-label")]
MultiLabel = Annotated[bool, flag(TASK, None, "Any number of labels per row.", "--multi-label")]
Regression = Annotated[bool, flag(TASK, None, "A number per row.", "--regression")]
Separator = Annotated[str | None, flag(COLUMNS, "CHAR", "Between the labels of one cell.")]
Model = Annotated[str | None, flag(TASK, "NAME|PATH", "Backbone: a folder, a Hub name, or minilm.")]
OutputDir = Annotated[str | None, flag(OUTPUT, "DIR", "Run folder; else runs/NAME.", "--output-dir", "-o")]
Overwrite = Annotated[bool, flag(OUTPUT, None, "Delete the run that is there.", "--overwrite")]
MaxTrainRows = Annotated[int | None, flag(READING, "N", "A seeded sample of N rows; classes keep their shares.")]
Epochs = Annotated[float | None, flag(RECIPE, "N", "Passes over the rows; else by their number.")]
MaxSteps = Annotated[int | None, flag(RECIPE, "N", "Optimizer steps, instead of epochs.")]
BatchSize = Annotated[int | None, flag(RECIPE, "N", "Examples; 32.")]
MaxTokens = Annotated[int | None, flag(RECIPE, "N", "Padded tokens per batch, instead.")]
LearningRate = Annotated[
    float | None, flag(RECIPE, "RATE", "Else by backbone, kind and size.", "--learning-rate", "--lr")
]
Warmup = Annotated[float | None, flag(RECIPE, "SHARE", "Of all steps; 0.1.")]
WeightDecay = Annotated[float | None, flag(RECIPE, "RATE", "0.01.")]
Scheduler = Annotated[str | None, flag(RECIPE, "NAME", "linear, cosine, constant, constant_with_warmup.")]
MaxLength = Annotated[int | None, flag(RECIPE, "TOKENS", "What the backbone takes, at most 512.")]
Long = Annotated[str | None, flag(RECIPE, "HOW", "Longer texts: truncate, window or head-tail.")]
Overlap = Annotated[int | None, flag(RECIPE, "TOKENS", "Shared by neighbouring windows; 64.")]
Seed = Annotated[int | None, flag(RECIPE, "N", "42.")]
HeadStart = Annotated[str | None, flag(RECIPE, "HOW", "How the head begins: probe, prior or random; probe.")]
Pool = Annotated[str | None, flag(RECIPE, "cls|mean", "What a text classifier reads; else by backbone and size.")]
FewShot = Annotated[
    bool | None,
    flag(RECIPE, None, "First learn from pairs of rows: for few rows per class.", "--few-shot/--no-few-shot"),
]
Refit = Annotated[
    bool | None,
    flag(RECIPE, None, "After scoring, also train on the held-back rows. Default: small files.", "--refit/--no-refit"),
]
EarlyStop = Annotated[int | None, flag(RECIPE, "N", "Stop after N evaluations without a gain.")]
EvalSteps = Annotated[int | None, flag(RECIPE, "N", "Steps between evaluations; else once an epoch.")]
SaveSteps = Annotated[int | None, flag(RARE, "N", "Steps between saved states; else ten minutes.")]
Metric = Annotated[str | None, flag(RECIPE, "NAME", "What 'best' means; else the card's.")]
GradAccum = Annotated[int | None, flag(RARE, "N", "Batches per optimizer step; 1.")]
MaxGradNorm = Annotated[float | None, flag(RARE, "NORM", "Gradients are clipped to it; 1.")]
LayerDecay = Annotated[float | None, flag(RARE, "SHARE", "Rate of a layer, as a share of the one above.")]
Freeze = Annotated[str | None, flag(RARE, "WHAT", "embeddings, encoder, or N lowest layers.")]
LabelSmoothing = Annotated[float | None, flag(RARE, "SHARE", "0.")]
ClassWeights = Annotated[str | None, flag(RARE, "balanced", "Rare classes count as much as common ones.")]
CRF = Annotated[bool | None, flag(TAGGING, None, "Score a sentence's tags together.", "--crf/--no-crf")]
BiLSTM = Annotated[int | None, flag(TAGGING, "UNITS", "An LSTM between backbone and tags.", "--bilstm")]
HeadLearningRate = Annotated[float | None, flag(TAGGING, "RATE", "Of the CRF and the LSTM; 1e-3.")]
Scheme = Annotated[str | None, flag(TAGGING, "NAME", "Of the tags: IOB2, BIOES, BILOU, IO or IOB1.", "--scheme")]
Context = Annotated[str | None, flag(TAGGING, "document", "Read each sentence among its neighbours.")]
MaxAnswer = Annotated[int | None, flag(ANSWERS, "TOKENS", "Longest answer; 30.")]
FixAnswers = Annotated[bool | None, flag(ANSWERS, None, "Look nearby for answers that are elsewhere.", "--fix-answers")]
Config = Annotated[str | None, flag(RARE, "FILE", "A plan.toml; flags win over it.")]
Resume = Annotated[bool, flag(RARE, None, "Go on with the run in --output-dir.", "--resume")]
DryRun = Annotated[bool, flag(OUTPUT, None, "Print the plan and stop.", "--dry-run")]

# Of eval and predict
Run = Annotated[str, typer.Argument(help="A run folder.", show_default=False)]
Labelled = Annotated[str, typer.Argument(metavar="DATA", help="A labelled file.", show_default=False)]
Input = Annotated[str, typer.Argument(help="A file, labelled or not; - for standard input.", show_default=False)]
Output = Annotated[
    str | None, flag(OUTPUT, "FILE", "By its ending: .csv, .tsv, .jsonl, .conll; else stdout.", "--output", "-o")
]
NBest = Annotated[int | None, flag(ANSWERS, "K", "Also the K best answers.")]
TopK = Annotated[int | None, flag(OUTPUT, "K", "Also the K best labels with their probabilities.")]
MinProbability = Annotated[float | None, flag(OUTPUT, "P", "No label below this probability.")]
