"""Texts without labels beside a run that learned to fill masks: how well it fills those of a fixed seed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bertft.adapters.masks.masked_blocks import frame_of
from bertft.engine.answerer import Answerer
from bertft.engine.corpora import BlockMaker, by_kept_lists
from bertft.engine.meter import Meter
from bertft.engine.pretraining_scores import BlockValidator
from bertft.errors import UsageError
from bertft.jobs.opening import open_run
from bertft.jobs.requests import EvalRequest
from bertft.jobs.splits import reading_plan
from bertft.jobs.training.pretrain_planning import fields_for, reading_of
from bertft.kinds.metric_names import check_metric
from bertft.plan.plan import merge
from bertft.plan.pretraining import PretrainPlan
from bertft.plan.sections import MachinePlan
from bertft.reading.digests import sha256_of, sha256_of_rows
from bertft.scoring import Scores

_WITHOUT_EFFECT = ("max_answer", "min_probability", "min_accuracy")


@dataclass(frozen=True)
class JudgedCorpus:
    """What a run is worth on a corpus."""

    name: str
    sha256: str | None
    scores: Scores
    timings: Mapping[str, float]
    device: str
    is_main_process: bool


def judged_corpus(request: EvalRequest) -> JudgedCorpus:
    """Open the run, read the corpus, fill masks."""
    check_wishes(request)
    return score_corpus(
        request, open_run(request.run, request.precision, merge(MachinePlan, request.machine), backend=request.backend)
    )


def score_corpus(request: EvalRequest, answerer: Answerer) -> JudgedCorpus:
    """The same of a form of its network that is open."""
    data = reading_plan(request.data, request.reading)
    reading = reading_of(request.data, data, request.tables)
    adapter: Any = answerer.adapter
    named = request.columns.get("text") or (() if reading.is_plain else adapter.fields.texts)
    fields = fields_for(
        [reading], named if set(named) & set(reading.source.columns) or request.columns.get("text") else ()
    )
    main = check_metric(adapter.card.kind, request.metric or adapter.card.metric)
    adapter = replace(adapter, card=replace(adapter.card, metric=main))
    table = request.tables.get(request.data)
    digest = sha256_of(request.data) if table is None else sha256_of_rows(table)
    with tempfile.TemporaryDirectory(prefix="bertft-") as folder:
        asked = PretrainPlan(
            mask=adapter.mask,
            mask_share=adapter.mask_share,
            words=adapter.words,
            entities=adapter.entities,
            pair=adapter.pair,
        )
        maker = BlockMaker(
            adapter, frame_of(adapter.tokenizer), by_kept_lists(asked, Path(request.run)), fields, anew=False
        )
        tokens = maker.tokens(Path(folder) / "corpus", [reading], {}, answerer.accelerator)
        blocks, meter = maker.packed(tokens, np.arange(len(tokens))), Meter()
        judge = BlockValidator(adapter, blocks, answerer.accelerator)
        scores = judge.scores(answerer.network, meter, label="Evaluating")
        timings, device = meter.timings(), answerer.device
    return JudgedCorpus(reading.name, digest, scores, timings, device, answerer.accelerator.is_main_process)


def check_wishes(request: EvalRequest) -> None:
    """UsageError for what means nothing where there are no labels."""
    wrong = [name for name in _WITHOUT_EFFECT if getattr(request, name) is not None]
    wrong += [name for name in ("text_pair", "label") if request.columns.get(name)]
    wrong += [name for name in ("fix_answers", "unknown_labels", "sentence", "document") if request.reading.get(name)]
    wrong += ["raw_probabilities"] if request.raw_probabilities else []
    if wrong:
        raise UsageError(
            f"--{wrong[0].replace('_', '-')} does not apply: this run learned from texts without labels. Leave it out."
        )
