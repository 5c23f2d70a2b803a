"""From a plan and its tables to an adapter and examples: the part of a run that comes before any weight."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bertft import console
from bertft.adapters import Adapter, adapter_for
from bertft.classic.vocabulary import NO_LIMIT, WHOLE, Vocabulary
from bertft.engine.examples import Examples, gather
from bertft.engine.holdout import why_none, why_not_the_share
from bertft.engine.parts import parts_of
from bertft.engine.vocabulary import learn_words
from bertft.errors import DataError
from bertft.gold import Options, Reader, learn_task
from bertft.gold.lengths import text_options
from bertft.kinds import KINDS
from bertft.kinds.metric_names import check_metric
from bertft.model.backbone import Backbone, longest_input
from bertft.model.folder import TaskRecord
from bertft.model.suiting import marks_words
from bertft.model.tokens import fit_to_model, load_tokenizer
from bertft.model.vocabulary import learn_tokenizer
from bertft.plan.plan import Plan
from bertft.plan.sections import HELD_BACK
from bertft.protocols import Tokenizer
from bertft.reading import Table
from bertft.rows.fields import Fields, fields_in
from bertft.scoring.own import OwnMetric, is_function, load_own
from bertft.system.versions import versions
from bertft.wording import counted

FLATTERING = 0.05
"""Share of the validation rows, from which it is a warning."""


@dataclass(frozen=True)
class Tables:
    """The rows of a run, by split."""

    train: Table
    validation: Table | None = None
    test: Table | None = None


@dataclass(frozen=True)
class Prepared:
    """What a run learns from and is scored on."""

    adapter: Adapter
    """With the labels of the training rows and the backbone's tokenizer."""
    everything: Examples
    """All usable rows of the training file."""
    train: Examples
    validation: Examples
    test: Examples | None
    """Of the test file; of a run that leaves out a fold, the rows of this fold."""


def prepare(plan: Plan, tables: Tables, backbone: Backbone, *, begun: Path | None = None) -> Prepared:
    """Read all rows, and part them as the plan says. The test file of a model that is fitted at once is left to it. `begun`: a
    folder with the tokenizer of the run that is gone on with."""
    tokenizer = tokenizer_of(backbone, words=KINDS[plan.card.kind].reads_words, begun=begun)
    options = text_options(
        plan.recipe,
        plan.card.kind,
        pair=bool(plan.fields.text_pair),
        longest=longest_input(backbone.config, tokenizer),
        fix_answers=plan.data.fix_answers,
    )
    if backbone.classic:
        options = replace(options, max_length=NO_LIMIT, long="truncate")  # what a card says of length is for encoders
    tokenizer.model_max_length = options.max_length  # so that pipeline(truncation=True) cuts where we do
    reader = learn_task(
        plan.card,
        plan.fields,
        options,
        tables.train,
        known_order=backbone.label_names,
        scheme=plan.recipe.scheme,
    )
    if reader.learned_in_words:
        console.note(f"{reader.learned_in_words}.")
    for metric in plan.card.metrics:
        check_metric(plan.card.solves.name, metric, labels=len(reader.labels))
    adapter = adapter_for(plan.card, reader.labels, plan.fields, tokenizer, options, **reader.learned)
    adapter = replace(adapter, own=own_metric(plan.recipe.metric))
    if backbone.is_new:
        adapter = learn_words(plan, adapter, reader, tables.train)
    everything = training_rows(plan, adapter, reader, tables)
    validation = gather_split(plan, adapter, tables.validation) if tables.validation is not None else None
    scored = tables.test is not None and not backbone.classic
    test = gather_split(plan, adapter, tables.test) if tables.test is not None and scored else None
    return arranged(plan, adapter, everything, validation, test)


def arranged(
    plan: Plan, adapter: Adapter, everything: Examples, validation: Examples | None, test: Examples | None
) -> Prepared:
    """`validation` and `test` are those of files. What a run leaves out as its fold is its test."""
    parts = parts_of(plan, everything.targets, everything.groups)
    train = everything.only(parts.train) if len(parts.train) < len(everything) else everything
    if parts.left_out:
        test = everything.only(parts.left_out)
    if validation is None:
        validation = everything.only(parts.validation)
        tell_held_back(plan, train, validation)
    tell_leaks(train, validation)
    return Prepared(adapter, everything, train, validation, test)


def tokenizer_of(backbone: Backbone, *, words: bool, begun: Path | None = None) -> Tokenizer:
    """The backbone's own; of one that is new, one that knows no word yet; of a model that is fitted at once, one that takes up
    all that it reads. Words are cut as in the run that was begun."""
    if backbone.tokenizer is not None:
        return backbone.tokenizer
    if backbone.is_new:
        return learn_tokenizer([], words=words)
    if backbone.classic:
        return Vocabulary([WHOLE] if words else backbone.classic.grams, grows=True)
    as_saved = words and begun is not None and not marks_words(load_tokenizer(str(begun), words=True, as_saved=True))
    tokenizer = load_tokenizer(backbone.path, words=words, as_saved=as_saved)
    fit_to_model(tokenizer, backbone.config, backbone.name)
    return tokenizer


def own_metric(words: str | None) -> OwnMetric | None:
    """What was typed as the metric, where it is a function."""
    return load_own(words) if words and is_function(words) else None


def training_rows(plan: Plan, adapter: Adapter, reader: Reader, tables: Tables) -> Examples:
    """All usable rows of the training file."""
    reader, unknown = reader.for_file(tables.train), plan.data.unknown_labels
    found = gather(adapter, reader, tables.train, tables.train.name, unknown=unknown, learning=True)
    if odd := found.oddities():
        console.note(f"Of {counted(len(found), 'training row')} {odd} (bertft check shows them).")
    return found


def learning_examples(plan: Plan, adapter: Adapter, reader: Reader, tables: Tables) -> tuple[Examples, Examples]:
    """Training and validation examples; without a validation file a share of the training rows is held back."""
    everything = training_rows(plan, adapter, reader, tables)
    validation = gather_split(plan, adapter, tables.validation) if tables.validation is not None else None
    found = arranged(plan, adapter, everything, validation, None)
    return found.train, found.validation


def tell_held_back(plan: Plan, train: Examples, validation: Examples) -> None:
    """How many rows choose the best epoch, and why they are not the share. DataError where there are none."""
    targets, groups = [*train.targets, *validation.targets], [*train.groups, *validation.groups]
    if not validation:
        raise DataError(f"{train.name}: {why_none(targets)}. Name a file with --validation.")
    console.note(
        f"Validation: {len(validation):,} of {len(targets):,} training rows held back, seeded "
        f"(--validation, --validation-share)."
    )
    if why := why_not_the_share(len(validation), targets, plan.data.validation_share or HELD_BACK, groups):
        console.warn(f"Validation: {why} (--validation).")


def tell_leaks(train: Examples, validation: Examples) -> None:
    """What is said where validation rows stand among those that are learned from."""
    known = set(train.texts)
    if leaked := sum(text in known for text in validation.texts):
        say = console.warn if leaked >= FLATTERING * len(validation) else console.note
        rows = counted(len(validation), "validation row")
        say(f"Of {rows} {leaked:,} have a text that is learned from too, which flatters the scores (bertft check).")


def gather_split(plan: Plan, adapter: Adapter, table: Table) -> Examples:
    """The rows of a file that is only scored; its columns may have others of the card's names."""
    reader = replace(adapter, fields=fields_of_split(adapter, table)).reader.for_file(table)
    return gather(adapter, reader, table, table.name, unknown=plan.data.unknown_labels, learning=False)


def fields_of_split(adapter: Adapter, table: Table) -> Fields:
    """Columns of a file that is only scored."""
    usual = adapter.card.usual_columns
    return fields_in(adapter.fields, usual, table.columns, file=table.name, named={}, label=True)


def validation_source(adapter: Adapter, tables: Tables) -> tuple[Table, Fields]:
    """The table that the validation rows stand in, and its columns."""
    if tables.validation is None:
        return tables.train, adapter.fields
    return tables.validation, fields_of_split(adapter, tables.validation)


def task_record(adapter: Adapter) -> TaskRecord:
    """What bertft.json says of this adapter."""
    return TaskRecord(
        card=adapter.card,
        labels=adapter.labels,
        fields=adapter.fields,
        options=asdict(adapter.options),
        stored=adapter.stored(),
        versions=versions(),
    )


def adapter_of_record(record: TaskRecord, tokenizer: Tokenizer) -> Adapter:
    """The adapter that a run folder describes."""
    return adapter_for(record.card, record.labels, record.fields, tokenizer, Options(**record.options), **record.stored)
