"""[pretraining] of a plan.toml: what a network learns from texts without labels. Each field is a flag of `bertft pretrain`."""

from __future__ import annotations

from dataclasses import dataclass

from bertft.masking import SHARE, STRATEGIES
from bertft.plan.sections import READS
from bertft.plan.settings import TRAINING, one_of, setting

TOLD_BY = ("jieba", "characters", "spaces")
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


OBJECTIVES = ("nsp", "sop")
"""What is learned about pairs of texts (corpus/pairs.py)."""

SIZES = {"tiny": (2, 128), "mini": (4, 256), "small": (4, 512), "base": (12, 768)}
"""Layers and hidden size of a new BERT: Turc et al. 2019 (arXiv 1908.08962), and BERT base."""


NEW = "new "
"""Begins the name of a network that was made from scratch; no model of the Hub can be called so."""


LSTMS, NEW_LSTMS = "bilstm", f"{NEW}bilstm"
"""Two language models that begin from scratch: what --model and the plan of a run call them."""

OF_MASKS = ("mask", "words", "entities", "mask_share", "pair")
"""Settings that say what is hidden, and what else is learned beside."""


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
        "How words are told: spaces, jieba (Chinese), characters, or a file with a word on each line.",
        "HOW",
        panel=TRAINING,
        otherwise="spaces; jieba for Chinese",
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
    pair: str | None = setting(
        None,
        "Also learn about pairs of texts: nsp, does the second follow the first (BERT), or sop, are both in order (ALBERT).",
        "NAME",
        panel=TRAINING,
        check=one_of(OBJECTIVES),
        otherwise="masks alone",
    )
    from_scratch: bool = setting(False, "Begin with random weights, those of a new BERT of --size.", panel=TRAINING)
    size: str | None = setting(
        None,
        "With --from-scratch: tiny, mini, small or base, with 2, 4, 4 or 12 layers of 128, 256, 512 or 768; bilstm has 2 layers.",
        "NAME",
        panel=TRAINING,
        check=one_of(tuple(SIZES)),
        otherwise="small",
    )
    tokenizer: str | None = setting(
        None,
        "With --from-scratch or --model bilstm: folder of the tokenizer, as bertft vocab writes it.",
        "DIR",
        panel=TRAINING,
        otherwise="that of --model; without one, a WordPiece vocabulary is learned from the corpus",
    )

    @property
    def files(self) -> tuple[str, ...]:
        """Those that decide what is masked."""
        return tuple(one for one in (self.words, self.entities) if one and one not in TOLD_BY)
