"""[pretraining] of a plan.toml: what a network learns from texts without labels. Each field is a flag of `bertft pretrain`."""

from __future__ import annotations

from dataclasses import dataclass

from bertft.masking import SHARE, STRATEGIES
from bertft.plan.sections import READS
from bertft.plan.settings import TRAINING, one_of, setting

OF_TEXTS = (
    *("epochs", "max_steps", "batch_size", "max_tokens", "learning_rate", "max_length", "seed", "early_stop", "metric"),
    *(
        "warmup",
        "weight_decay",
        "scheduler",
        "precision",
        "eval_steps",
        "grad_accum",
        "max_grad_norm",
        "layer_decay",
        "freeze",
    ),
)
"""Settings of the recipe that mean something without labels."""

READS_TEXTS = tuple(name for name in READS if name not in ("sentence", "document"))
"""Settings of [data] that say how texts are read."""


@dataclass(frozen=True)
class PretrainPlan:
    """How texts become a task."""

    mask: str = setting(
        "token",
        f"What is masked: {', '.join(STRATEGIES)}.",
        "WHAT",
        panel=TRAINING,
        check=one_of(tuple(STRATEGIES)),
    )
    mask_share: float = setting(
        SHARE,
        "Share of the tokens that are chosen; of these 80 % are masked, 10 % replaced by random ones, 10 % left as they are.",
        "SHARE",
        panel=TRAINING,
        check=((lambda value: 0 < value < 1), "a share between 0 and 1 is wanted, such as 0.15"),
    )
