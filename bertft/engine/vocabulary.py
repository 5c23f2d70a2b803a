"""The words of a network from before BERT: learned from the rows that it will be trained on, and from no others."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bertft import console
from bertft.adapters import Adapter
from bertft.engine.examples import Told
from bertft.engine.parts import parts_of
from bertft.gold import Example, Reader
from bertft.kinds import KINDS
from bertft.model.backbone import Backbone
from bertft.model.vocabulary import LEAST, learn_tokenizer
from bertft.plan.plan import Plan
from bertft.reading import Table


def learn_words(plan: Plan, adapter: Adapter, reader: Reader, train: Table) -> Adapter:
    """The adapter with a tokenizer that knows the words of the training rows. Rows that will be held back have no say: a word
    that stands only there is as unknown as it would be in a new text."""
    examples = rows_to_learn(plan, reader.for_file(train), train)
    tokenizer = learn_tokenizer(_strings(adapter, examples), words=KINDS[plan.card.kind].reads_words)
    tokenizer.model_max_length = adapter.options.max_length
    known = len(tokenizer.get_vocab())  # type: ignore[attr-defined]
    console.note(f"Vocabulary: {known:,} words and signs, those that occur {LEAST} times or more in the training rows.")
    return replace(adapter, tokenizer=tokenizer)


def rows_to_learn(plan: Plan, reader: Reader, train: Table) -> Sequence[Example]:
    """The rows that `learning_examples` will find in the training file, without those that it will hold back or leave out."""
    told = Told(drop=plan.data.unknown_labels == "skip")
    found = list(told.usable(reader.labelled(train)))
    parts = parts_of(plan, [example.gold for example in found], [example.group for example in found])
    return [found[position] for position in parts.train]


def _strings(adapter: Adapter, examples: Sequence[Example]) -> Iterator[str]:
    for example in examples:
        yield from adapter.strings(example)


def fitted(backbone: Backbone, adapter: Adapter) -> Backbone:
    """A new backbone with room for the words of an adapter; any other as it is."""
    if not backbone.is_new:
        return backbone
    config = copy.deepcopy(backbone.config)
    config.vocab_size = len(adapter.tokenizer.get_vocab())  # type: ignore[attr-defined]
    config.type_vocab_size = 2 if adapter.fields.text_pair else 1
    return replace(backbone, config=config)
