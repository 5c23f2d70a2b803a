"""The words of a network from before BERT: learned from the rows that it will be trained on, and from no others."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bertft import console
from bertft.adapters import Adapter
from bertft.arrays import Positions
from bertft.engine.examples import Told
from bertft.engine.parts import parts_of
from bertft.errors import DataError
from bertft.gold import Example, Reader
from bertft.kinds import KINDS
from bertft.model.backbone import Backbone, find_backbone
from bertft.model.vectors import MORE_WORDS, WordVectors, read_vectors
from bertft.model.vocabulary import LEAST, SPECIAL, learn_and_count, learn_tokenizer, tokenizer_with, words_of
from bertft.plan.plan import Plan
from bertft.reading import Table
from bertft.wording import counted


def learn_words(plan: Plan, adapter: Adapter, reader: Reader, train: Table) -> Adapter:
    """The adapter with a tokenizer that knows the words of the training rows. Rows that will be held back have no say: a word
    that stands only there is as unknown as it would be in a new text."""
    examples = rows_to_learn(plan, reader.for_file(train), train)
    whole, file = KINDS[plan.card.kind].reads_words, plan.network.get("vectors")
    strings = [text for example in examples for text in adapter.strings(example)]
    tokenizer, times = learn_and_count(strings, words=whole)
    console.note(f"Vocabulary: {vocabulary_in_words(len(words_of(tokenizer)), times)}.")
    if file:
        seen = words_of(learn_tokenizer(strings, words=whole, least=1))
        tokenizer = tokenizer_with([*words_of(tokenizer), *words_with_vectors(file, seen)], words=whole)
    tokenizer.model_max_length = adapter.options.max_length
    return replace(adapter, tokenizer=tokenizer)


def vocabulary_in_words(known: int, times: int) -> str:
    """How many words are known, and how often each had to occur."""
    if times > 1:
        return f"{known:,} words and signs that occur {times} times or more in training"
    return f"all {known:,} words and signs of training, as none occurs {LEAST} times"


def words_with_vectors(file: str, seen: Sequence[str]) -> list[str]:
    """What a file of vectors adds to the words that are known: words of the training rows, however rare, and its first."""
    found = read_vectors(file, set(seen), more=MORE_WORDS)
    covered = sum(word in found.rows for word in seen)
    if not covered:
        raise DataError(f"{file}: has no vector for any word of the training rows. Is it of another language?")
    console.note(
        f"Vectors: {found.size} numbers for {covered:,} of the {len(seen):,} different words of the training rows "
        f"({covered / len(seen):.1%}), and for {counted(len(found.rows) - covered, 'more word')} of {file} (--vectors)."
    )
    return list(found.rows)


def rows_to_learn(plan: Plan, reader: Reader, train: Table) -> Sequence[Example]:
    """The rows that `learning_examples` will find in the training file, without those that it will hold back or leave out."""
    told = Told(drop=plan.data.unknown_labels == "skip")
    found = list(told.usable(reader.labelled(train)))
    parts = parts_of(plan, [example.gold for example in found], [example.group for example in found])
    return [found[position] for position in parts.train]


def fresh_backbone(plan: Plan) -> Backbone:
    """The backbone of a plan, looked up again: a network changes the config that made it."""
    return find_backbone(plan.model, plan.network)


def with_words(backbone: Backbone, adapter: Adapter, plan: Plan) -> Backbone:
    """A new backbone with room for the words of an adapter, and their vectors; any other as it is."""
    if not backbone.is_new:
        return backbone
    config, vectors = copy.deepcopy(backbone.config), None
    words = words_of(adapter.tokenizer)
    numbers = {word: number for number, word in enumerate(words, len(SPECIAL))}
    config.vocab_size = len(words) + len(SPECIAL)
    config.type_vocab_size = 2 if adapter.fields.text_pair else 1
    if file := plan.network.get("vectors"):
        vectors = read_vectors(file, set(words))
        config.embedding_size = vectors.size
    return replace(backbone, config=config, vectors=None if vectors is None else placed(vectors, numbers))


def placed(vectors: WordVectors, places: Mapping[str, int]) -> tuple[Positions, NDArray[np.float32]]:
    """(N,) which words have a vector, by their numbers, and (N, E) their vectors."""
    known = [word for word in vectors.rows if word in places]
    return np.asarray([places[word] for word in known]), np.stack([vectors.rows[word] for word in known])
