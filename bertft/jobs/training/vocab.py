"""Vocab: a corpus to a folder with a tokenizer learned from it. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bertft import console
from bertft.corpus.documents import Reading, shown_kinds, texts_of
from bertft.corpus.vocabulary import KINDS_OF_PIECES, LearnedVocabulary, learn_vocabulary
from bertft.errors import OutputError, UsageError
from bertft.jobs.requests import VocabRequest
from bertft.jobs.splits import reading_plan
from bertft.jobs.training.pretrain_planning import fields_for, reading_of
from bertft.reading import matching
from bertft.reading.joined import refuse_twice
from bertft.rows.fields import Fields
from bertft.system.files import explained, fresh_folder
from bertft.wording import counted


@dataclass(frozen=True)
class VocabResult:
    """What was learned, and where it lies."""

    folder: str
    kind: str
    lower: bool
    tokens: int
    documents: int


def vocab(request: VocabRequest) -> VocabResult:
    """Learn a vocabulary. The folder opens with transformers' AutoTokenizer."""
    lower = _checked(request)
    texts = partial(texts_of, *_opened(request))
    documents = sum(1 for _ in texts())
    learned = learn_vocabulary(texts, kind=request.kind, size=request.size, lower=lower)
    _save(learned, Path(request.output))
    _tell(request, learned, documents)
    return VocabResult(request.output, request.kind, lower, learned.size, documents)


def _opened(request: VocabRequest) -> tuple[list[Reading], Fields]:
    """All files of the corpus, and their column of texts."""
    files = [file for path in request.corpus for file in matching(path)]
    refuse_twice(files, "texts")
    data = reading_plan(files[0], request.reading)
    readings = [reading_of(file, data, {}) for file in files]
    fields = fields_for(readings, [request.text] if request.text else [])
    for said in shown_kinds(readings):
        console.note(f"Corpus: {said}.")
    return readings, fields


def _checked(request: VocabRequest) -> bool:
    """Whether texts are put in lower case. UsageError for what cannot be meant."""
    if request.kind not in KINDS_OF_PIECES:
        raise UsageError(f"--kind is {request.kind}: one of {', '.join(KINDS_OF_PIECES)}.")
    if request.kind == "bpe" and request.lower is not None:
        raise UsageError(
            "--lower and --no-lower are for --kind wordpiece: a byte-level BPE keeps every byte of a text."
        )
    folder = Path(request.output)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder}: there is something already. Name another folder with -o, or delete it.")
    return request.kind == "wordpiece" and request.lower is not False


def _save(learned: LearnedVocabulary, folder: Path) -> None:
    with explained(folder, "Name another folder with -o."), fresh_folder(folder) as place:
        learned.tokenizer.save_pretrained(place)


def _tell(request: VocabRequest, learned: LearnedVocabulary, documents: int) -> None:
    if learned.long_words:
        console.note(f"Corpus: {learned.long_words}.")
    console.note(
        f"{counted(learned.size, 'token')} from {counted(documents, 'document')}, in {request.output}: the tokenizer of "
        f"`bertft pretrain --from-scratch --tokenizer {request.output}`"
    )
    if learned.size < request.size:
        console.note(f"Fewer than --size {request.size:,}: no further pair of pieces occurs twice in the corpus.")
