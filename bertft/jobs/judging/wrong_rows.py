"""Judged rows in, what a page says of single rows out: errors with the words that mattered, wrong entities and answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bertft import console
from bertft.adapters import Prediction
from bertft.adapters.mistakes import Mistake, mistakes_of
from bertft.adapters.questions.answering import QuestionAnswering
from bertft.adapters.tagging.tagger import WordTagger
from bertft.adapters.texts.regression import Regression
from bertft.adapters.texts.text_adapter import TextAdapter
from bertft.gold.example import Example, QuestionExample, TextExample, WordExample
from bertft.insight import embedding_of, explain, neutral_token
from bertft.jobs.judging.judged import JudgedRows
from bertft.jobs.judging.label_doubts import doubtful
from bertft.page.groups import by_length_section, confused_section
from bertft.page.skeleton import Section
from bertft.page.wrong_answers import WrongAnswer, wrong_answers_section
from bertft.page.wrong_entities import EXAMPLES, PlacedEntity, WrongEntity, WrongSentence, wrong_entities_section
from bertft.page.wrong_texts import Weighed, WeighedWord, WrongText, wrong_texts_section
from bertft.report.model_card import file_name
from bertft.scoring.by_length import score_by_length
from bertft.scoring.entities import strict_entities
from bertft.scoring.entity_errors import Entity, EntityError, find_errors
from bertft.scoring.scores import Scores
from bertft.tags.words import Words
from bertft.wording import number_text

SHOWN = 20
"""Rows of each section."""
UNKNOWN_LABEL = "a label that the model does not know"


def row_sections(judged: JudgedRows, *, own: bool) -> Iterator[Section]:
    """Those that mean something to the task. `own`: whether the rows are the run's validation or test rows."""
    adapter = judged.adapter
    if isinstance(adapter, TextAdapter):
        yield wrong_texts(judged, adapter)
        yield doubtful(judged, adapter, own=own)
    if isinstance(adapter, WordTagger) and adapter.scheme is not None:
        yield wrong_entities(judged, adapter, adapter.scheme)
    if isinstance(adapter, QuestionAnswering):
        yield wrong_answers(judged, adapter)
    yield confused_section(judged.scores().confusion)
    yield by_length_section(score_by_length(_lengths(judged), lambda positions: _scores_of(judged, positions)))


def _lengths(judged: JudgedRows) -> list[int]:
    """Tokens that are read of each row."""
    return [sum(len(feature.input_ids) for feature in windows) for windows in judged.examples.windows]


def _scores_of(judged: JudgedRows, positions: Sequence[int]) -> Scores:
    return judged.adapter.score([judged.predictions[i] for i in positions], [judged.targets[i] for i in positions])


def wrong_texts(judged: JudgedRows, adapter: TextAdapter) -> Section:
    """With the words of the rows that are shown weighed, where the network has word embeddings."""
    wrong = mistakes_of(adapter, judged.predictions, judged.targets)
    examples = judged.examples_at([mistake.position for mistake in wrong[:SHOWN]])
    network = judged.answerer.accelerator.unwrap_model(judged.answerer.network)
    weighable = embedding_of(network) is not None
    rows = []
    with console.progress("Weighing words" if weighable else "", len(examples)) as bar:
        for number, (mistake, example) in enumerate(zip(wrong, examples, strict=False), start=1):
            assert isinstance(example, TextExample)
            weighed = _weighed(judged, adapter, mistake.position, example) if weighable else None
            rows.append(_wrong_text(adapter, mistake, example, weighed))
            bar.update(number, "")
    _, baseline = neutral_token(adapter.tokenizer)
    return wrong_texts_section(rows, wrong=len(wrong), judged=len(judged.targets), baseline=baseline)


def _wrong_text(adapter: TextAdapter, mistake: Mistake, example: TextExample, weighed: Weighed | None) -> WrongText:
    off = mistake.confidence if isinstance(adapter, Regression) else 0.0
    sure = f"off by {number_text(off, off)}" if off else f"probability {mistake.confidence:.3f}"
    return WrongText(
        origin=_origin(example),
        texts=example.texts,
        gold=_said(mistake.gold, off),
        predicted=_said(mistake.predicted, off),
        sure=sure,
        weighed=weighed,
    )


def _origin(example: Example) -> str:
    """File and line; its folders are nobody's business."""
    return file_name(example.row.origin)


def _said(value: Any, off: float) -> str:
    """A label, labels or a number as people read it; `off`: how far from the other one it is."""
    if isinstance(value, float):
        return number_text(value, off)
    if isinstance(value, list):
        return ", ".join(_said(one, off) for one in value) or "no label"
    return UNKNOWN_LABEL if value is None else str(value)


def _weighed(judged: JudgedRows, adapter: TextAdapter, position: int, example: TextExample) -> Weighed:
    contrast = adapter.contrast(judged.predictions[position], judged.targets[position])
    accelerator = judged.answerer.accelerator
    network = accelerator.unwrap_model(judged.answerer.network)
    found = explain(network, adapter, example, contrast.direction, device=accelerator.device)
    words = [[WeighedWord(word.start, word.end, word.weight) for word in text] for text in found.words]
    return Weighed(words, contrast.towards, found.found, found.gained, found.error, found.steps)


def wrong_entities(judged: JudgedRows, adapter: WordTagger, scheme: str) -> Section:
    """All of them counted, some of each kind with their sentences."""
    tags, gold = adapter.in_words(judged.predictions, judged.targets)
    errors = find_errors(*strict_entities(judged.targets, tags, scheme))
    shown = list(_some_of_each_kind(errors))
    sentences = dict(zip(shown, judged.examples_at([error.sentence for error in shown]), strict=True))
    listed = [
        WrongEntity(error.kind, _type(error.gold), _type(error.predicted), _sentence(error, sentences.get(error)))
        for error in errors
    ]
    return wrong_entities_section(listed, sentences=len(gold))


def _some_of_each_kind(errors: Sequence[EntityError]) -> Iterator[EntityError]:
    """The first ones of each kind."""
    taken: dict[str, int] = {}
    for error in errors:
        taken[error.kind] = taken.get(error.kind, 0) + 1
        if taken[error.kind] <= EXAMPLES:
            yield error


def _type(entity: Entity | None) -> str | None:
    return None if entity is None else entity[0]


def _sentence(error: EntityError, example: Example | None) -> WrongSentence | None:
    if not isinstance(example, WordExample):
        return None
    words = example.words
    return WrongSentence(_origin(example), words.text, _placed(error.gold, words), _placed(error.predicted, words))


def _placed(entity: Entity | None, words: Words) -> PlacedEntity | None:
    """A border inside a word stands half a word off; the whole word is shown."""
    if entity is None:
        return None
    label, first, last = entity
    return PlacedEntity(label, words.starts[int(np.floor(first))], words.ends[int(np.ceil(last))])


def wrong_answers(judged: JudgedRows, adapter: QuestionAnswering) -> Section:
    wrong = mistakes_of(adapter, judged.predictions, judged.targets)
    examples = judged.examples_at([mistake.position for mistake in wrong[:SHOWN]])
    rows = [
        _wrong_answer(adapter, judged.predictions[mistake.position], judged.targets[mistake.position], mistake, example)
        for mistake, example in zip(wrong, examples, strict=False)
        if isinstance(example, QuestionExample)
    ]
    return wrong_answers_section(rows, wrong=len(wrong), judged=len(judged.targets))


def _wrong_answer(
    adapter: QuestionAnswering, prediction: Prediction, gold: Any, mistake: Mistake, example: QuestionExample
) -> WrongAnswer:
    best = adapter.answer(prediction.values)
    return WrongAnswer(
        origin=_origin(example),
        question=example.question,
        context=example.context,
        gold=[(start, start + len(text)) for text, start in zip(gold.texts, gold.starts, strict=True)],
        predicted=(best.start, best.end) if best else None,
        probability=mistake.confidence,
    )
