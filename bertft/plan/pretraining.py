"""[pretraining] of a plan.toml: what a network learns from texts without labels. Each field is a flag of `bertft pretrain`."""

from __future__ import annotations

from dataclasses import dataclass

from bertft.masking import SHARE, STRATEGIES
from bertft.plan.sections import READS
from bertft.plan.settings import TRAINING, one_of, setting

TOLD_BY = ("jieba", "characters")
"""How words may be told without a file."""

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
    words: str | None = setting(
        None,
        "How words are told that no spaces part: jieba, characters, or a file with a word on each line.",
        "HOW",
        panel=TRAINING,
        otherwise="jieba, for Chinese",
    )
    entities: str | None = setting(
        None,
        "Entities for --mask entity: a .txt file with one on each line, or a table with the corpus' texts and spans.",
        "FILE",
        panel=TRAINING,
        otherwise="",
    )
    mask_share: float = setting(
        SHARE,
        "Share of the tokens that are chosen; of these 80 % are masked, 10 % replaced by random ones, 10 % left as they are.",
        "SHARE",
        panel=TRAINING,
        check=((lambda value: 0 < value < 1), "a share between 0 and 1 is wanted, such as 0.15"),
    )

    @property
    def files(self) -> tuple[str, ...]:
        """Those that decide what is masked."""
        return tuple(one for one in (self.words, self.entities) if one and one not in TOLD_BY)
