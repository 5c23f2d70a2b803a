"""From a request to a frozen plan, its opened files and its backbone: of a run that learns from texts without labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from bertft import console
from bertft.corpus.documents import Reading, open_corpus, texts_of
from bertft.engine.corpora import Readings
from bertft.engine.tracking import check_installed
from bertft.errors import CheckpointError, DataError, UsageError
from bertft.gold.lengths import fitted
from bertft.jobs.file_columns import LOOKED_AT, only_text
from bertft.jobs.requests import TrainRequest
from bertft.jobs.splits import HUB, read_options, read_split
from bertft.jobs.training.from_scratch import begins_new, scratch_backbone, with_tokenizer
from bertft.kinds import FILL_MASK, KINDS, NEXT_TOKEN
from bertft.kinds.metric_names import check_metric
from bertft.masking import STRATEGIES
from bertft.model.backbone import Backbone, find_backbone, positions
from bertft.model.folder import free_run_folder
from bertft.plan.card import Card, plain_card
from bertft.plan.plan import OF_THE_OUTPUT, Plan, merge, merge_data, merge_recipe, read_config, verb_of
from bertft.plan.pretraining import LSTMS, OF_MASKS, PretrainPlan
from bertft.plan.recipe import Recipe
from bertft.plan.sections import DataPlan, MachinePlan, ModelPlan, OutputPlan
from bertft.reading import Table, matching
from bertft.reading.intake import take_in
from bertft.reading.joined import is_among, refuse_twice
from bertft.rows.fields import Fields, pick
from bertft.system.trackers import names_in


@dataclass(frozen=True)
class PlannedCorpus:
    """A plan and what it was made from."""

    plan: Plan
    readings: Readings
    backbone: Backbone


def plan_corpus(request: TrainRequest) -> PlannedCorpus:
    """defaults < config file < request."""
    config = read_config(request.config) if request.config else {}
    named = {"validation_share": None, **config.get("data", {})}
    if not {**named, **request.data}.get("train"):
        raise UsageError("No corpus: name a file of texts (bertft pretrain corpus.txt).")
    data = merge_data(named, request.data)
    model = merge(ModelPlan, config.get("model", {}), request.model)
    asked = with_tokenizer(merge(PretrainPlan, config.get("pretraining", {}), request.pretraining), model.name)
    backbone = None if begins_new(asked, model.name) else found_backbone(model)
    reads_both_ways = backbone.is_language_model if backbone else not asked.from_scratch
    card = with_main(plain_card((NEXT_TOKEN if reads_both_ways else FILL_MASK).name), config.get("task"), request)
    stored = config.get("data", {}).get("fields", {})
    named_files = [path for one in (data.train, *(data.more_train or ())) for path in files(one, request)]
    check_files(named_files, data.validation)
    train = [reading_of(path, data, request.tables) for path in named_files]
    validation = [reading_of(data.validation, data, request.tables)] if data.validation else []
    fields = fields_for([*train, *validation], request.columns.get("text") or _texts(stored))
    if backbone is None:
        backbone = scratch_backbone(asked, partial(texts_of, train, fields), request_length(request, config, card))
    output = merge(OutputPlan, config.get("output", {}), request.output)
    plan = Plan(
        card=card,
        fields=fields,
        data=data,
        model=backbone.name,
        recipe=whole_recipe(request, config.get("recipe", {}), card, backbone),
        output_dir=request.output.get("dir") or free_run_folder(f"{Path(data.train).stem}-{card.kind}"),
        **{name: getattr(output, name) for name in OF_THE_OUTPUT},
        machine=merge(MachinePlan, config.get("machine", {}), request.machine),
        pretraining=without_masks(asked, request) if reads_both_ways else checked_masks(asked),
    )
    check_installed(names_in(plan.track))
    return PlannedCorpus(plan, Readings(train, validation), backbone)


def with_main(card: Card, configured: Any, request: TrainRequest) -> Card:
    """The card with the metric that selects the best model. UsageError for a config file of another kind of run."""
    if configured and verb_of({"task": configured}) != KINDS[card.kind].verb:
        raise UsageError(f"{request.config}: the plan of a run that learns from labels. Use it with bertft train.")
    if configured and configured.get("kind") != card.kind:
        raise UsageError(
            f"{request.config}: the plan of another kind of model, {configured.get('kind')}. Leave it out."
        )
    metric = request.recipe.get("metric") or (configured or {}).get("metric") or card.metric
    main = check_metric(card.kind, str(metric))
    return replace(card, metric=main, metrics=(main, *(name for name in card.metrics if name != main)))


def checked_masks(asked: PretrainPlan) -> PretrainPlan:
    """The same. UsageError for a file that means nothing to the way of masking, or that it lacks; DataError for none there."""
    way = STRATEGIES[asked.mask]
    if asked.words and not way.of_words:
        raise UsageError(f"--words has no effect with --mask {asked.mask}. Leave it out, or pass --mask whole-word.")
    if asked.entities and not way.of_entities:
        raise UsageError(f"--entities has no effect with --mask {asked.mask}. Leave it out, or pass --mask entity.")
    if way.of_entities and not asked.entities:
        raise UsageError(
            f"--mask {asked.mask} needs --entities FILE: a .txt file with one on each line, or a table with spans."
        )
    for file in asked.files:
        take_in(file)
    return asked


def without_masks(asked: PretrainPlan, request: TrainRequest) -> PretrainPlan:
    """The same. UsageError for what language models do not do."""
    usual = PretrainPlan()
    said = [name for name in OF_MASKS if request.pretraining.get(name) is not None]
    if said := said or [name for name in OF_MASKS if getattr(asked, name) != getattr(usual, name)]:
        raise UsageError(
            f"--{said[0].replace('_', '-')}: --model {LSTMS} hides no tokens, and says each from those before it and behind it. "
            f"Leave it out."
        )
    return asked


def request_length(request: TrainRequest, config: Mapping[str, Any], card: Card) -> int:
    """Tokens that a new network must be able to read."""
    return merge_recipe(card, small=False, config=config.get("recipe", {}), flags=request.recipe).max_length or 0


def found_backbone(model: ModelPlan) -> Backbone:
    """That of a name. CheckpointError for a network that knows no word pieces."""
    backbone = find_backbone(model.name, model.of_the_network)
    if backbone.is_new or backbone.family or backbone.classic:
        raise CheckpointError(
            f"--model {backbone.name}: a network from before BERT, which fills no masks. Name a BERT, such as minilm, or {LSTMS}."
        )
    return backbone


def whole_recipe(request: TrainRequest, configured: Mapping[str, Any], card: Card, backbone: Backbone) -> Recipe:
    """The recipe of all layers, with a length that the backbone takes."""
    recipe = merge_recipe(card, small=False, config=configured, flags=request.recipe)
    typed = {name for name, value in {**configured, **request.recipe}.items() if value is not None}
    return fitted(replace(recipe, refit=False, head_start="random"), limit=positions(backbone.config), typed=typed)


def files(path: str, request: TrainRequest) -> Sequence[str]:
    """Those that a path or a pattern stands for."""
    return [path] if path in request.tables or path.startswith(HUB) else matching(path)


def check_files(paths: Sequence[str], validation: str | None) -> None:
    """DataError for a file that is named twice; a warning where the validation text is learned from too."""
    refuse_twice(paths, "texts")
    if validation and is_among(validation, paths):
        console.warn(
            f"{validation}: is learned from and validated on, which flatters the scores. Leave --validation out."
        )


def reading_of(path: str, data: DataPlan, tables: Mapping[str, Table]) -> Reading:
    """A file, rows of a program or a split of the Hub, opened."""
    if path in tables or path.startswith(HUB):
        return Reading(read_split(path, data, tables))
    return open_corpus(path, read_options(data))


def fields_for(readings: Sequence[Reading], named: Sequence[str]) -> Fields:
    """The columns of the text, the same in all tables; plain text beside them has none. DataError where they cannot be told."""
    plain, tables = ([one for one in readings if one.is_plain is is_plain] for is_plain in (True, False))
    if not tables:
        return plain_fields(plain[0], named)
    chosen = text_columns_of(tables[0], named)
    for table in tables[1:]:
        if (found := text_columns_of(table, named)) != chosen:
            raise DataError(
                f"{table.name}: its text is in column '{found[0]}', that of {tables[0].name} in '{chosen[0]}'. "
                f"Name one that both have with --text, or rename one of them."
            )
    if plain and len(chosen) > 1:
        raise UsageError(
            f"{plain[0].name} is plain text, a single one, and --text names {len(chosen)} columns. Name one."
        )
    return Fields(text=chosen[0], more_text=chosen[1:])


def plain_fields(reading: Reading, named: Sequence[str]) -> Fields:
    """What the column of plain text is called. UsageError where another was named."""
    column = reading.source.columns[0]
    if named and tuple(named) != (column,):
        raise UsageError(f"--text {named[0]}: {reading.name} is plain text and has no columns. Leave it out.")
    return Fields(text=column)


def text_columns_of(reading: Reading, named: Sequence[str]) -> tuple[str, ...]:
    """Those that were named, the usual one, or the only one that can be meant."""
    columns, name = reading.source.columns, reading.name
    if named:
        return tuple(pick("text", [column], columns, file=name) for column in named)
    usual = [column for column in FILL_MASK.columns["text"] if column in columns]
    if found := usual or columns[: len(columns) == 1]:
        return (found[0],)
    some = list(islice(reading.source.rows(), LOOKED_AT))
    if text := only_text({column: [row.fields.get(column) for row in some] for column in columns}, ()):
        console.note(f"{name}: text '{text}' (--text)")
        return (text,)
    raise DataError(
        f"{name}: cannot tell which column holds the texts (there are: {', '.join(columns)}). Name it with --text."
    )


def _texts(stored: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of a plan that was written before."""
    return (stored["text"], *stored.get("more_text", ())) if "text" in stored else ()
