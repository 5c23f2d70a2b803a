"""Pretrain: a request in, a full run folder out, learned from texts without labels."""

from __future__ import annotations

from functools import partial

from bertft.engine.pretraining import run_pretraining
from bertft.engine.record import Finished
from bertft.engine.training_run import TrainingRun
from bertft.jobs.requests import TrainRequest
from bertft.jobs.training.pretrain_planning import PlannedCorpus, plan_corpus
from bertft.jobs.training.resuming import going_on
from bertft.jobs.training.train import carried_out
from bertft.protocols import Device


def plan_pretraining(request: TrainRequest) -> PlannedCorpus:
    """What `pretrain` would do, and with which files, without doing it."""
    return plan_corpus(going_on(request, "pretrain") if request.resume else request)


def pretrain(request: TrainRequest) -> Finished:
    """Plan and learn; the run folder is full at the end."""
    if request.resume:
        request = going_on(request, "pretrain")
    planned = plan_corpus(request)
    return carried_out(request, planned.plan, planned.backbone, partial(_learn, planned))


def _learn(planned: PlannedCorpus, run: TrainingRun, accelerator: Device) -> Finished:
    return run_pretraining(run, planned.readings, accelerator)
