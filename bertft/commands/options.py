"""The flags of all commands, each with its type and its help. A flag says what happens; its help says unit and default.

Settings that are declared elsewhere (recipe.py) are not repeated: a command says which it takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from inspect import Parameter
from typing import Annotated, Any, get_type_hints

import typer

from bertft.recipe import PANEL_ANSWERS, PANEL_RARE, PANEL_TAGGING
from bertft.settings import settings_of

TASK, COLUMNS, READING, SCORES, OUTPUT = "Task", "Columns", "Reading", "Scores", "Output"

TEXT = "Column of the text, the tokens or the question."
PAIR = "Column of the second text of a pair, or of the context."
LABEL = "Column of the label, tags or answers; several times for columns of 0 and 1."
SCHEME = "Tag scheme to write: IOB2, BIOES, BILOU, IO or IOB1."
CARD_OR_GUESS, AS_LEARNED = "the card's, or guessed", "as in training"


def flag(panel: str, metavar: str | None, help: str, *names: str, default: str = "") -> Any:
    """A typer option; without names it is called like its parameter. `default`: what holds where it is not typed, in words."""
    words = f"{help} \\[default: {default}]" if default else help  # rich would take the bracket for a style
    return typer.Option(*names, metavar=metavar, help=words, rich_help_panel=panel, show_default=False)


def takes_settings(kind: Any, *names: str, before: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator for a command that takes declared settings as keywords: all of the settings class, or those named. In the
    help they stand before the parameter `before`."""

    def with_flags(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        given = inspect.signature(command).parameters.values()
        own = [one.replace(annotation=hints[one.name]) for one in given if one.kind is not Parameter.VAR_KEYWORD]
        place = [one.name for one in own].index(before)
        added = [declared(kind, name) for name in names or settings_of(kind)]
        command.__signature__ = inspect.Signature([*own[:place], *added, *own[place:]])  # type: ignore[attr-defined]
        return command

    return with_flags


def declared(kind: Any, name: str) -> Parameter:
    """The flag of a declared setting; None where it is not typed."""
    found = settings_of(kind)[name]
    option = flag(found.panel, found.unit, found.help, *found.names(name), default=found.default)
    hint = get_type_hints(kind)[name] | None
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Annotated[hint, option])


# Shared by several commands
Format = Annotated[
    str | None,
    flag(
        READING, "NAME", "Format of the file: csv, tsv, jsonl, json, parquet, arrow or conll.", default="by its ending"
    ),
]
Encoding = Annotated[
    str | None, flag(READING, "NAME", "Encoding of the file, such as utf-8, gb18030 or latin-1.", default="detected")
]
Delimiter = Annotated[
    str | None,
    flag(READING, "CHAR", "What stands between the cells of a CSV: comma, semicolon, tab or pipe.", default="detected"),
]
NoHeader = Annotated[
    bool,
    flag(READING, None, "The first line is data; the columns are called column_1, column_2 and so on.", "--no-header"),
]
UnknownLabels = Annotated[
    str | None,
    flag(READING, "error|skip", "What becomes of rows with labels that are not in the training data.", default="error"),
]
Threads = Annotated[
    int | None,
    flag(PANEL_RARE, "N", "Threads of the processor.", default="OMP_NUM_THREADS, or one for each physical core"),
]
Fast = Annotated[
    bool | None,
    flag(
        PANEL_RARE,
        None,
        "On processors, compute BERT and its kin with faster code than transformers', within rounding of it.",
        "--fast/--no-fast",
        default="fast, unless BERTFT_FAST is 0",
    ),
]
Json = Annotated[bool, flag(OUTPUT, None, "Print the result as one JSON object.", "--json")]
GoOn = Annotated[bool, flag(OUTPUT, None, "Go on where an interrupted prediction stopped.", "--resume")]
Raw = Annotated[
    bool,
    flag(OUTPUT, None, "Write cells of a CSV that look like formulas as they are, without a ' before them.", "--raw"),
]
Quiet = Annotated[bool, flag(OUTPUT, None, "Say only results, warnings and errors.", "--quiet", "-q")]

# Of train and convert
Text = Annotated[str | None, flag(COLUMNS, "COLUMN", TEXT, default=CARD_OR_GUESS)]
TextPair = Annotated[str | None, flag(COLUMNS, "COLUMN", PAIR, default=CARD_OR_GUESS)]
Label = Annotated[list[str] | None, flag(COLUMNS, "COLUMN", LABEL, default=CARD_OR_GUESS)]
Data = Annotated[
    str | None, typer.Argument(help="CSV, TSV, JSONL, JSON, Parquet, Arrow, CoNLL; plain or .gz.", show_default=False)
]
Task = Annotated[
    str | None, flag(TASK, "TASK", "A card (mrpc), a card file (./mine.toml) or a kind of task.", default="guessed")
]
Validation = Annotated[
    str | None,
    flag(
        TASK,
        "FILE",
        "File whose rows choose the best model.",
        default="the card's on the Hub, or a stratified share of the training rows",
    ),
]
ValidationShare = Annotated[
    float | None,
    flag(TASK, "SHARE", "Share of the training rows that is held back without --validation.", default="0.1"),
]
Test = Annotated[
    str | None, flag(TASK, "FILE", "File that is scored once, at the end.", default="the card's on the Hub, or none")
]
SingleLabel = Annotated[bool, flag(TASK, None, "Each row has one class.", "--single-label")]
MultiLabel = Annotated[bool, flag(TASK, None, "Each row has any number of labels.", "--multi-label")]
Regression = Annotated[bool, flag(TASK, None, "Each row has a number.", "--regression")]
Separator = Annotated[
    str | None, flag(COLUMNS, "CHAR", "What stands between the labels of one cell.", default="guessed")
]
Model = Annotated[
    str | None,
    flag(
        TASK,
        "NAME|PATH",
        "Backbone: a folder, a name on the Hub, or minilm.",
        default="bert-base-uncased, or minilm without a network",
    ),
]
OutputDir = Annotated[str | None, flag(OUTPUT, "DIR", "Run folder.", "--output-dir", "-o", default="runs/NAME")]
Overwrite = Annotated[bool, flag(OUTPUT, None, "Delete the run that is in the folder.", "--overwrite")]
MaxTrainRows = Annotated[
    int | None,
    flag(READING, "N", "Train on a seeded sample of N rows, in which classes keep their shares.", default="all"),
]
SaveSteps = Annotated[
    int | None,
    flag(PANEL_RARE, "N", "Optimizer steps between saved states.", default="at evaluations, and every ten minutes"),
]
FixAnswers = Annotated[
    bool | None, flag(PANEL_ANSWERS, None, "Look nearby for answers that are not where the file says.", "--fix-answers")
]
Config = Annotated[str | None, flag(PANEL_RARE, "FILE", "Settings from a plan.toml; flags win over it.")]
Resume = Annotated[bool, flag(PANEL_RARE, None, "Go on with the interrupted run in --output-dir.", "--resume")]
DryRun = Annotated[bool, flag(OUTPUT, None, "Print the plan and stop before training.", "--dry-run")]

# Of eval, predict and convert
LearnedText = Annotated[str | None, flag(COLUMNS, "COLUMN", TEXT, default=AS_LEARNED)]
LearnedTextPair = Annotated[str | None, flag(COLUMNS, "COLUMN", PAIR, default=AS_LEARNED)]
LearnedLabel = Annotated[list[str] | None, flag(COLUMNS, "COLUMN", LABEL, default=AS_LEARNED)]
MainMetric = Annotated[
    str | None,
    flag(
        SCORES,
        "NAME",
        "Main metric: of the task, or ./FILE.py:FUNCTION.",
        "--metric",
        default="the card's",
    ),
]
LearnedScheme = Annotated[
    str | None, flag(PANEL_TAGGING, "NAME", SCHEME, "--scheme", default="the one that was learned")
]
OutputScheme = Annotated[
    str | None,
    flag(PANEL_TAGGING, "NAME", SCHEME, "--scheme", default="the file's; IOB2 for spans"),
]
Run = Annotated[str, typer.Argument(help="A run folder.", show_default=False)]
Labelled = Annotated[str, typer.Argument(metavar="DATA", help="A labelled file.", show_default=False)]
Input = Annotated[str, typer.Argument(help="A file, labelled or not; - for standard input.", show_default=False)]
Output = Annotated[
    str | None,
    flag(
        OUTPUT,
        "FILE",
        "File to write, its format by its ending: .csv, .tsv, .jsonl or .conll.",
        "--output",
        "-o",
        default="standard output",
    ),
]
NBest = Annotated[int | None, flag(PANEL_ANSWERS, "K", "Also write the K best answers.")]
TopK = Annotated[int | None, flag(OUTPUT, "K", "Also write the K best labels with their probabilities.")]
MinProbability = Annotated[float | None, flag(OUTPUT, "P", "Give no label below this probability.")]
