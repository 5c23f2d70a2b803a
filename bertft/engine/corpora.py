"""From a plan and its files to the blocks that a pre-training learns from and is scored on. The tokens lie in the run folder
while the run is under way: a resumed run uses them again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bertft import console
from bertft.adapters import adapter_for
from bertft.adapters.masks.filler import MaskFiller
from bertft.adapters.masks.masked_blocks import Frame, MaskedBlocks, frame_of
from bertft.adapters.masks.paired_blocks import paired_blocks
from bertft.corpus import TokenFile, documents_of, open_tokens, pack, write_tokens
from bertft.corpus.blocks import hold_out
from bertft.corpus.documents import Reading, shown_kinds
from bertft.corpus.entities import is_list, open_entities
from bertft.corpus.marking import Marker
from bertft.corpus.word_list import read_list
from bertft.corpus.words import Segmenter, segmenter_for
from bertft.engine.device import decided_by_main
from bertft.engine.prepare import tokenizer_of
from bertft.errors import DataError
from bertft.gold.lengths import text_options
from bertft.masking import STRATEGIES
from bertft.model.backbone import Backbone, longest_input
from bertft.model.masked_lm import check_pairs
from bertft.plan.plan import Plan
from bertft.plan.pretraining import PretrainPlan
from bertft.protocols import Device
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.runs import CORPUS, LISTS
from bertft.system.files import explained, write_text
from bertft.wording import counted

SAMPLE = 1000
"""Documents that tell how words are told in a corpus."""
MANY_UNKNOWN = 0.05
"""Share of tokens that the vocabulary does not know, from which it is a warning."""

VALIDATION_SHARE, MOST_HELD = 0.05, 10_000
"""Share of the documents that is held back where nothing was said, and how many at most then: masks are many, and every
evaluation fills all of them."""


@dataclass(frozen=True)
class Readings:
    """The files of a corpus, opened."""

    train: Sequence[Reading]
    validation: Sequence[Reading] = ()


@dataclass(frozen=True)
class PreparedCorpus:
    """What a run learns from and is scored on."""

    adapter: MaskFiller
    train: MaskedBlocks
    validation: MaskedBlocks
    documents: dict[str, int]
    """By split."""


def prepare_corpus(
    plan: Plan, readings: Readings, backbone: Backbone, folder: Path, accelerator: Device, data: dict[str, str]
) -> PreparedCorpus:
    """Tokenize what is not tokenized yet, hold documents back, pack and mask. `data`: the files' sha256."""
    adapter = mask_adapter(plan, backbone)
    frame = frame_of(adapter.tokenizer)
    blocks = BlockMaker(adapter, frame, plan.pretraining or PretrainPlan(), plan.fields)
    tokens = blocks.tokens(folder / CORPUS / "train", readings.train, data, accelerator, to_learn=True)
    tell_unknown(tokens, adapter.tokenizer)
    if readings.validation:
        others = blocks.tokens(folder / CORPUS / "validation", readings.validation, data, accelerator)
        tell_unknown(others, adapter.tokenizer)
        kept, held = np.arange(len(tokens)), np.arange(len(others))
    else:
        others, (kept, held) = tokens, held_documents(tokens, plan, readings.train)
    train, validation = blocks.packed(tokens, kept), blocks.packed(others, held)
    check_some_masks(train, "learned from")
    check_some_masks(validation, "held back for validation")
    tokens.let_go()
    return PreparedCorpus(adapter, train, validation, {"train": len(kept), "validation": len(held)})


def check_some_masks(blocks: MaskedBlocks, what: str) -> None:
    """DataError for texts of which nothing can be masked."""
    if not any(len(feature.asked) for feature in blocks):
        raise DataError(
            f"No token of the text that is {what} can be masked: it has none that the vocabulary knows and --mask can choose. "
            f"Name another file with --validation, or choose other documents with --split-seed."
        )


def with_words(plan: Plan, readings: Sequence[Reading]) -> Plan:
    """The plan, saying how words are told where its way of masking asks for that: once for all files, and for `eval` later."""
    asked = plan.pretraining or PretrainPlan()
    if asked.words is not None or not STRATEGIES[asked.mask].of_words:
        return plan
    words = segmenter(asked, readings, plan.fields)
    if words.said:
        console.note(f"Words: {words.said}.")
    return replace(plan, pretraining=replace(asked, words=words.words))


def mask_adapter(plan: Plan, backbone: Backbone) -> MaskFiller:
    """That of a plan. CheckpointError for a tokenizer that it cannot use."""
    tokenizer, asked = tokenizer_of(backbone, words=False), plan.pretraining or PretrainPlan()
    longest = longest_input(backbone.config, tokenizer)
    options = text_options(plan.recipe, plan.card.kind, pair=False, longest=longest, fix_answers=False)
    tokenizer.model_max_length = options.max_length
    if asked.pair:
        check_pairs(backbone.config.model_type, asked.pair)
    stored = {name: getattr(asked, name) for name in ("mask", "mask_share", "words", "entities", "pair")}
    adapter: Any = adapter_for(plan.card, Labels(()), plan.fields, tokenizer, options, **stored)
    adapter.check_tokenizer(backbone.name)
    found: MaskFiller = adapter
    return found


@dataclass(frozen=True)
class BlockMaker:
    """Files to tokens, and tokens to blocks, as an adapter reads them."""

    adapter: MaskFiller
    frame: Frame
    asked: PretrainPlan
    fields: Fields
    anew: bool = True
    """Whether words could be told another way than the plan has it."""

    def tokens(
        self,
        folder: Path,
        readings: Sequence[Reading],
        data: dict[str, str],
        accelerator: Device,
        *,
        to_learn: bool = False,
    ) -> TokenFile:
        """The tokens of files, which are read unless they lie in the folder already. One process writes, all map. `to_learn`:
        some of the entities must occur."""
        digest = digest_of(self.adapter.tokenizer, self.fields, readings, data, self.asked)

        def write() -> str:
            if open_tokens(folder, digest) is None:
                for said in shown_kinds(readings):
                    console.note(f"{said}.")
                marker = marker_for(self.asked, readings, self.fields, anew=self.anew)
                with explained(folder, "Make room, or choose another folder with -o."):
                    write_tokens(folder, told(readings, self.fields), self.adapter.tokenizer, digest, marks=marker)
                if marker and marker.entities:
                    console.note(f"Entities: {marker.entities.found(readings[0].name, must=to_learn)}.")
            return digest

        if decided_by_main(accelerator, write) != digest:
            raise DataError(
                f"{readings[0].name}: the processes of this run read other texts than its first one, or have another vocabulary. "
                f"Give all of them the same files, and the same --tokenizer."
            )
        found = open_tokens(folder, digest)
        if found is None:
            raise DataError(f"{folder}: cannot be read back. Start again with --overwrite.")
        return found

    def packed(self, tokens: TokenFile, documents: np.ndarray[Any, Any]) -> MaskedBlocks:
        """Blocks of these documents, or pairs of texts; documents that begin no pair are said."""
        masker = self.adapter.masker(self.asked)
        if self.asked.pair:
            made_of: Any = {"objective": self.asked.pair, "max_length": self.adapter.options.max_length}
            paired = paired_blocks(tokens, documents, self.adapter.tokenizer, masker, **made_of)
            if said := paired.pairs.stretches.said_of_single(self.asked.pair):
                console.note(f"Pairs: {said}.")
            return paired
        blocks = pack(tokens, documents, self.adapter.options.max_length - self.frame.size)
        return MaskedBlocks(tokens, blocks, self.frame, masker)


def told(readings: Sequence[Reading], fields: Fields) -> Any:
    """The documents of files, with a bar; what was left out is said at the end."""
    with console.progress("Reading", None) as bar:
        for number, document in enumerate(documents_of(readings, fields), 1):
            if number % 10_000 == 0:
                bar.update(number, "")
            yield document
    for reading in readings:
        if reading.odd:
            console.warn(f"{reading.name}: {reading.odd}.")
        if reading.skipped:
            console.warn(
                f"{reading.name}: skipped {counted(reading.skipped, 'row')} without a text ({reading.first_skipped})."
            )


def marker_for(asked: PretrainPlan, readings: Sequence[Reading], fields: Fields, *, anew: bool) -> Marker | None:
    """What marks words and entities, where the way of masking needs that."""
    if not STRATEGIES[asked.mask].of_words:
        return None
    words = segmenter(asked, readings, fields, anew=anew)
    return Marker(words.places, open_entities(asked.entities, fields.text) if asked.entities else None)


def segmenter(asked: PretrainPlan, readings: Sequence[Reading], fields: Fields, *, anew: bool = True) -> Segmenter:
    """How words are told. A plan of early versions may not say it: then as some of the texts need."""
    some = islice(documents_of(readings, fields), SAMPLE) if asked.words is None else ()
    return segmenter_for(asked.words, [" ".join(document) for document in some], corpus=readings[0].name, anew=anew)


def digest_of(
    tokenizer: Any, fields: Fields, readings: Sequence[Reading], data: dict[str, str], asked: PretrainPlan
) -> str:
    """Of all that decides what the tokens and their marks are."""
    marks = [asked.words, asked.entities] if STRATEGIES[asked.mask].of_words else None
    read = [reading.name for reading in readings]
    made_of = [tokenizer.backend_tokenizer.to_str(), fields.to_dict(), read, data, marks]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def held_documents(tokens: TokenFile, plan: Plan, readings: Sequence[Reading]) -> Any:
    """Documents to learn from and to hold back. DataError where there are too few."""
    if len(tokens) < 2:
        raise DataError(
            f"{readings[0].name}: one document only, so nothing can be held back for validation. Part documents by blank lines, "
            f"or name another file with --validation."
        )
    share, most = plan.data.validation_share or VALIDATION_SHARE, ""
    if plan.data.validation_share is None and share * len(tokens) > MOST_HELD:
        share, most = MOST_HELD / len(tokens), f" as {MOST_HELD:,} are enough"
    kept, held = hold_out(len(tokens), share, plan.split_seed)
    console.note(
        f"Validation: {len(held):,} of {len(tokens):,} documents held back, seeded{most} (--validation, --validation-share)."
    )
    if text := far_above(tokens, held, share):
        console.warn(
            f"Validation: {text:.0%} of the text is held back, as documents are few or of very different length. "
            f"Name a file with --validation, or choose other documents with --split-seed."
        )
    return kept, held


def far_above(tokens: TokenFile, held: Any, share: float) -> float:
    """The share of the tokens that is held back, where it is more than twice that of the documents which was wanted; else 0."""
    sizes = tokens.sizes()
    found = float(sizes[held].sum() / sizes.sum())
    return found if found > 2 * share else 0.0


def keep_lists(asked: PretrainPlan, folder: Path) -> None:
    """Put the lists of words and entities into the run folder, for `eval`. A table of spans stays where it is: it may be as
    large as the corpus."""
    for name, kept in LISTS.items():
        if (path := getattr(asked, name)) in asked.files and is_list(path):
            with explained(folder, "Make room, or choose another folder with -o."):
                write_text(folder / kept, "".join(f"{line}\n" for line in read_list(path)))


def by_kept_lists(asked: PretrainPlan, folder: Path) -> PretrainPlan:
    """The same, but with the lists of the run folder, as far as it has them."""
    own: dict[str, Any] = {
        name: str(folder / kept) for name, kept in LISTS.items() if getattr(asked, name) in asked.files
    }
    return replace(asked, **{name: path for name, path in own.items() if Path(path).is_file()})


def tell_unknown(tokens: TokenFile, tokenizer: Any) -> None:
    """What of a corpus the vocabulary does not know, and which special tokens are written in it. DataError where it knows
    nothing."""
    special = [
        number for number in tokenizer.all_special_ids if number != tokenizer.unk_token_id and tokens.counts[number]
    ]
    if special:
        listed = ", ".join(
            f"{tokenizer.convert_ids_to_tokens(number)} {tokens.counts[number]:,} times" for number in special
        )
        console.note(f"The texts hold special tokens ({listed}). They are read as such, and never chosen.")
    if tokenizer.unk_token_id is None:
        return
    unknown, size = int(tokens.counts[tokenizer.unk_token_id]), int(tokens.counts.sum())
    if unknown == size:
        raise DataError("No token of the corpus is in the model's vocabulary. Is it of another language or script?")
    if unknown >= MANY_UNKNOWN * size:
        console.warn(
            f"{unknown / size:.1%} of the corpus's tokens are unknown to the model's vocabulary ({tokenizer.unk_token})."
        )


def leave_corpus(folder: Path) -> None:
    """Remove the tokens of a run that has ended, and the folder of one that has not begun."""
    shutil.rmtree(folder / CORPUS, ignore_errors=True)
    with suppress(OSError):
        folder.rmdir()  # it is not empty where there is a run
