"""The flags of all commands, each with its type and its help. A flag says what happens; its help says unit and default.

Settings that are declared elsewhere (recipe.py) are not repeated: a command says which it takes.
"""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Callable, Mapping
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from bertft.errors import UsageError
from bertft.plan.settings import ANSWERS, COLUMNS, OUTPUT, RARE, SCORES, TAGGING, TASK, settings_of, takes_several
from bertft.system.hub import is_hub_name

TEXT_HELP = "Column with the text, the tokens or the question. Repeat it to join columns to one text."
PAIR_HELP = "Column with the second text of a pair, or the context of a question."
LABEL_HELP = "Column with the label, tags or answers. Repeat it for one 0/1 column per label."
SCHEME_HELP = "Tag scheme to write: IOB2, BIOES, BILOU, IO or IOB1."
NOTHING: Mapping[str, tuple[str, str]] = {}
CARD_OR_GUESS, AS_LEARNED = "guessed, or the card's", "as in training"


def flag(panel: str, metavar: str | None, help: str, *names: str, default: str = "") -> Any:
    """A typer option; without names it is called like its parameter. `default`: what holds where it is not typed, in words."""
    words = f"{help} \\[default: {default}]" if default else help  # rich would take the bracket for a style
    return typer.Option(*names, metavar=metavar, help=words, rich_help_panel=panel, show_default=False)


def takes_settings(
    kind: Any, *names: str, before: str, told: Mapping[str, tuple[str, str]] = NOTHING
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator for a command that takes declared settings as keywords: all of the settings class, or those named. In the
    help they stand before the parameter `before`. `told`: name -> help and default in words, where those that are declared would
    not be true of this command."""

    def with_flags(command: Callable[..., None]) -> Callable[..., None]:
        own = own_parameters(command)
        place = [one.name for one in own].index(before)
        added = [declared(kind, name, *told.get(name, ())) for name in names or settings_of(kind)]
        command.__signature__ = inspect.Signature([*own[:place], *added, *own[place:]])  # type: ignore[attr-defined]
        return command

    return with_flags


def own_parameters(command: Callable[..., None]) -> list[Parameter]:
    """Those of a command, and of the settings that it took before, with their types; not the keywords that take them up."""
    hints = get_type_hints(command, include_extras=True)
    return [
        one.replace(annotation=hints.get(one.name, one.annotation))
        for one in inspect.signature(command).parameters.values()
        if one.kind is not Parameter.VAR_KEYWORD
    ]


def declared(kind: Any, name: str, help: str = "", default: str = "") -> Parameter:
    """The flag of a declared setting; None where it is not typed."""
    found = settings_of(kind)[name]
    default = default or ("" if help else found.default)
    option = flag(found.panel, found.unit, help or found.help, *found.names(name), default=default)
    hint = get_type_hints(kind)[name]
    typed: Any = Annotated[(list[str] if takes_several(hint) else hint) | None, option]
    return Parameter(found.keyword(name), Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=typed)


def typed_line() -> str:
    """The command line as it was typed."""
    return shlex.join(["bertft", *sys.argv[1:]])


def at_revision(run: str, revision: str | None) -> str:
    """The run as it was at a revision. UsageError where it is no name on the Hub."""
    if revision is None:
        return run
    if Path(run).exists() or not is_hub_name(run):
        raise UsageError(f"--revision {revision}: only for a run on the Hugging Face Hub, OWNER/NAME; {run} is none.")
    return f"{run}@{revision}"


def check_full(full: bool, *, as_json: bool) -> None:
    """UsageError where --full would have no effect."""
    if full and as_json:
        raise UsageError("--full is for the table; --json prints everything as it is. Leave one of them out.")


def columns_of(
    text: list[str] | None,
    text_pair: str | None,
    label: list[str] | None,
    separator: str | None,
    label_names: str | None,
) -> dict[str, Any]:
    """What was typed of columns and labels."""
    names = [name.strip() for name in label_names.split(",")] if label_names else None
    said = {"text": text, "text_pair": text_pair, "label": label, "separator": separator, "label_names": names}
    return {role: found for role, found in said.items() if found}


# Shared by several commands
Json = Annotated[bool, flag(OUTPUT, None, "Print the result as one JSON object.", "--json")]
GoOn = Annotated[bool, flag(OUTPUT, None, "Continue an interrupted output file.", "--resume")]
Revision = Annotated[
    str | None,
    flag(RARE, "REVISION", "Branch, tag or commit of a run on the Hugging Face Hub.", "--revision", default="main"),
]
Raw = Annotated[
    bool,
    flag(OUTPUT, None, "Write CSV cells that look like formulas unchanged, without a leading apostrophe.", "--raw"),
]
Quiet = Annotated[bool, flag(OUTPUT, None, "Print only results, warnings and errors.", "--quiet", "-q")]
ShardOf = Annotated[
    str | None,
    flag(
        OUTPUT,
        "I/N",
        "Predict only part I of N, as 3/16; `bertft gather` joins the parts.",
        "--shard",
        default="all rows",
    ),
]
ShardRows = Annotated[
    int | None,
    flag(
        RARE,
        "ROWS",
        "With --shard: rows dealt to a part at a time, a power of two. Fewer balance a small file, but the last digits of "
        "probabilities may differ from those of one prediction.",
        "--shard-rows",
        default="4096, as many as are predicted together",
    ),
]
Full = Annotated[bool, flag(OUTPUT, None, "Print all metrics and all labels, not only the worst ten.", "--full")]
Verbose = Annotated[bool, flag(RARE, None, "Also say what share of the batches is padding.", "--verbose")]

# Of train and convert
Text = Annotated[list[str] | None, flag(COLUMNS, "COLUMN", TEXT_HELP, default=CARD_OR_GUESS)]
TextPair = Annotated[str | None, flag(COLUMNS, "COLUMN", PAIR_HELP, default=CARD_OR_GUESS)]
Label = Annotated[list[str] | None, flag(COLUMNS, "COLUMN", LABEL_HELP, default=CARD_OR_GUESS)]
Data = Annotated[
    list[str] | None,
    typer.Argument(
        help="CSV, TSV, JSONL, JSON, Excel, Parquet, Arrow, CoNLL; plain or compressed. Several files, or a quoted pattern, too.",
        show_default=False,
    ),
]
TaskName = Annotated[
    str | None,
    flag(
        TASK,
        "TASK",
        "A card (mrpc), a card file (./mine.toml) or a kind of task (ner, qa).",
        default="guessed",
    ),
]
IsSingleLabel = Annotated[bool, flag(TASK, None, "Each row has one class.", "--single-label")]
IsMultiLabel = Annotated[bool, flag(TASK, None, "Each row has any number of labels.", "--multi-label")]
IsRegression = Annotated[bool, flag(TASK, None, "Each row has a number.", "--regression")]
Separator = Annotated[str | None, flag(COLUMNS, "CHAR", "Separator of several labels in one cell.", default="guessed")]
LabelNames = Annotated[
    str | None,
    flag(
        COLUMNS,
        "NAMES",
        "Names of the labels in 0/1 vectors, separated by commas.",
        default="label_0, label_1 …",
    ),
]
Overwrite = Annotated[bool, flag(OUTPUT, None, "Replace the run in the output folder.", "--overwrite")]
Config = Annotated[str | None, flag(TASK, "FILE", "Read settings from a plan.toml; flags override it.")]
Resume = Annotated[bool, flag(OUTPUT, None, "Continue the interrupted run in --output-dir.", "--resume")]
DryRun = Annotated[bool, flag(OUTPUT, None, "Print the plan and stop before training.", "--dry-run")]

# Of eval, predict and convert
LearnedText = Annotated[list[str] | None, flag(COLUMNS, "COLUMN", TEXT_HELP, default=AS_LEARNED)]
LearnedTextPair = Annotated[str | None, flag(COLUMNS, "COLUMN", PAIR_HELP, default=AS_LEARNED)]
LearnedLabel = Annotated[list[str] | None, flag(COLUMNS, "COLUMN", LABEL_HELP, default=AS_LEARNED)]
MainMetric = Annotated[
    str | None,
    flag(
        SCORES,
        "NAME",
        "Main metric: one of the task's, or ./FILE.py:FUNCTION.",
        "--metric",
        default="the card's",
    ),
]
LearnedScheme = Annotated[str | None, flag(TAGGING, "NAME", SCHEME_HELP, "--scheme", default="as in training")]
OutputScheme = Annotated[
    str | None,
    flag(OUTPUT, "NAME", SCHEME_HELP, "--scheme", default="the file's; IOB2 for spans"),
]
RunFolder = Annotated[
    str, typer.Argument(help="Run folder, as written by `bertft train`, or OWNER/NAME on the Hub.", show_default=False)
]
Labelled = Annotated[str, typer.Argument(metavar="DATA", help="Labelled file.", show_default=False)]
Input = Annotated[str, typer.Argument(help="File with or without labels; - for standard input.", show_default=False)]
Output = Annotated[
    str | None,
    flag(
        OUTPUT,
        "FILE",
        "File to write: .csv, .tsv, .jsonl or .conll.",
        "--output",
        "-o",
        default="standard output",
    ),
]
Prefix = Annotated[
    str | None,
    flag(
        OUTPUT,
        "PREFIX",
        "Prefix for the names of all added columns.",
        default="predicted_ where the input already has a column of that name",
    ),
]
AnswerForm = Annotated[
    str | None,
    flag(
        OUTPUT, "NAME", "label-studio: tasks with predictions, which Label Studio imports.", "--form", default="records"
    ),
]
MaxAnswer = Annotated[int | None, flag(ANSWERS, "TOKENS", "Longest answer in tokens.", default=AS_LEARNED)]
NBest = Annotated[int | None, flag(OUTPUT, "K", "For questions: also write the K best answers.")]
TopK = Annotated[int | None, flag(OUTPUT, "K", "Write the K most probable labels with their probabilities.")]
MinProbability = Annotated[
    float | None, flag(OUTPUT, "P", "Give no label if its probability is below P.", "--min-probability", "--threshold")
]
MinAccuracy = Annotated[
    float | None,
    flag(
        OUTPUT,
        "SHARE",
        "Choose --min-probability so that the labels that are given are so accurate, as 0.95.",
        "--min-accuracy",
    ),
]
RawProbabilities = Annotated[
    bool, flag(SCORES, None, "Use the network's own probabilities, not the calibrated ones.", "--raw-probabilities")
]
FallbackLabel = Annotated[
    str | None,
    flag(OUTPUT, "LABEL", "Label for rows that get none, such as other.", default="left empty"),
]
CoverageAt = Annotated[
    float | None,
    flag(
        SCORES,
        "P",
        "Also show accuracy against coverage: how many rows reach P, and how many of these are right.",
        "--min-probability",
        "--threshold",
    ),
]
