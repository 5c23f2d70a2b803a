"""What the length of a window loses of tagged words and of answers: as much as `train` would lose with the same settings.

Words and contexts are read in windows that overlap, so most of a long row is not lost. What is: the end of a word of very many
pieces; words of an entity that a border parts, in learning; answers that no window holds, or that are longer than may be
given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bertft.checking.finding import Findings
from bertft.checking.lengths import MOST_MEASURED, Ruler, batched
from bertft.checking.splits import Split, labelled_at
from bertft.gold import Reader
from bertft.gold.example import QuestionExample, WordExample
from bertft.gold.windows import (
    LONGEST_QUESTION,
    Pieces,
    answer_tokens,
    cut_tokens,
    cut_windows,
    holds_one,
    largest_word,
    shortest_of,
)
from bertft.rows.surrogates import without_surrogates
from bertft.tags import spans_of


def find_lost_words(splits: Sequence[Split], readers: Sequence[Reader], ruler: Ruler, findings: Findings) -> None:
    """Words of which not all is read, and entities that stand on a border."""
    words = entities = 0
    for split, reader in zip(splits, readers, strict=True):
        scheme = getattr(reader, "scheme", None)
        for rows in batched(labelled_at(split, split.sample(MOST_MEASURED), reader)):
            tagged = [row for row in rows if isinstance(row, WordExample)]
            for row, pieces in zip(tagged, _pieces(tagged, ruler), strict=True):
                words += len(pieces)
                entities += _look_at_words(row, pieces, scheme, ruler, findings)
    findings.of_all("word_cut", f" of {words:,} that were measured")
    findings.of_all("entity_parted", f" of {entities:,} that were measured")


def _pieces(rows: Sequence[WordExample], ruler: Ruler) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """How many pieces each word of each row has."""
    words = [[*map(without_surrogates, row.words.texts)] for row in rows]
    found = ruler.tokenizer.encode_batch(words, is_pretokenized=True, add_special_tokens=False)
    return [
        np.bincount(np.asarray([w for w in one.word_ids if w is not None], dtype=np.int64), minlength=len(row))
        for one, row in zip(found, words, strict=True)
    ]


def _look_at_words(
    row: WordExample,
    pieces: np.ndarray[tuple[int], np.dtype[np.int64]],
    scheme: str | None,
    ruler: Ruler,
    findings: Findings,
) -> int:
    """How many entities the row has."""
    room = ruler.room(pair=False)
    most = largest_word(room)
    for word in np.flatnonzero(pieces > most).tolist():
        findings.add("word_cut", row.row.origin, f"{pieces[word]:,} word pieces, {most:,} are read")
    spans = spans_of(row.gold, scheme) if scheme else []
    first = np.concatenate([[0], np.cumsum(np.clip(pieces, 1, most))])
    windows = cut_windows(Pieces(first, first), room=room, overlap=ruler.options.overlap)
    borders = [window.own_start for window in windows[1:]]
    for span in spans:
        if any(span.start < border < span.end for border in borders):
            findings.add(
                "entity_parted", row.row.origin, f"{span.label} {' '.join(row.words.texts[span.start : span.end])}"
            )
    return len(spans)


def find_lost_answers(splits: Sequence[Split], readers: Sequence[Reader], ruler: Ruler, findings: Findings) -> None:
    """Questions that are cut, and answers that can never be given."""
    asked = answered = 0
    for split, reader in zip(splits, readers, strict=True):
        for rows in batched(labelled_at(split, split.sample(MOST_MEASURED), reader)):
            usable = [row for row in rows if isinstance(row, QuestionExample) and not row.faults]
            questions = _encode([row.question for row in usable], ruler)
            contexts = _encode([row.context for row in usable], ruler)
            asked += len(usable)
            for row, question, context in zip(usable, questions, contexts, strict=True):
                answered += _look_at_answers(row, len(question), _offsets(context), ruler, findings)
    findings.of_all("question_cut", f" of {asked:,} that were measured")
    for kind in ("answer_too_long", "answer_parted"):
        findings.of_all(kind, f" of {answered:,} that were measured")


def _encode(texts: Sequence[str], ruler: Ruler) -> list[Any]:
    found: list[Any] = ruler.tokenizer.encode_batch([*map(without_surrogates, texts)], add_special_tokens=False)
    return found


def _offsets(context: Any) -> np.ndarray[Any, Any]:
    return np.asarray(context.offsets, dtype=np.int64).reshape(-1, 2)


def _look_at_answers(
    row: QuestionExample, question: int, offsets: np.ndarray[Any, Any], ruler: Ruler, findings: Findings
) -> int:
    """1 if the row has an answer, else 0."""
    room, options, origin = ruler.room(pair=True), ruler.options, row.row.origin
    most = int(room * LONGEST_QUESTION)
    if question > most:
        findings.add("question_cut", origin, f"{question:,} word pieces, {most:,} are read")
    answers = [answer_tokens(offsets, place) for place in row.gold.places]
    if not (shortest := shortest_of(answers)):
        return 0
    if shortest > options.max_answer:
        findings.add("answer_too_long", origin, f"{shortest:,} word pieces, --max-answer is {options.max_answer:,}")
    windows = cut_tokens(len(offsets), room=room - min(question, most), overlap=options.overlap)
    if not any(holds_one(window, answers) for window in windows):
        findings.add("answer_parted", origin, row.gold.texts[0])
    return 1
