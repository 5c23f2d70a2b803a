"""What is known of families of encoders: learning rates that their authors fine-tuned them with, and advice. docs/backbones.md
shows the same; a family that does not stand here is trained at BERT's rates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

PUBLISHED_RATES: dict[str, dict[int, float]] = {
    "modernbert": {768: 8e-5},  # AnswerDotAI/ModernBERT: examples/finetune_modernbert_on_glue.ipynb, of the base size
    "deberta-v2": {1024: 2e-5},  # microsoft/DeBERTa: README.md; v3 is of this family
    "deberta": {1024: 2e-5},
    "xlnet": {1024: 2e-5},  # zihangdai/xlnet: README.md, IMDB
}
"""Family -> widths up to which a rate holds, ascending."""


def published_rate(config: Any) -> float | None:
    """The rate for a model of this family and width; None where none is known."""
    width = getattr(config, "hidden_size", None) or 0
    known = PUBLISHED_RATES.get(config.model_type, {})
    return next((rate for most, rate in known.items() if width <= most), None)


def advice_for(config: Any, *, pool: str | None, longest: int) -> Iterator[str]:
    """Sentences for a run on a backbone; `pool` is what its classifier reads, None where tokens are classified, and `longest` how
    many tokens its longest input has."""
    window = getattr(config, "local_attention", 0)
    if config.model_type == "modernbert" and pool == "cls" and longest > window // 2:
        yield (  # transformers' documentation of ModernBertConfig
            f"Two of three layers of ModernBERT look {window // 2} tokens far, so its first token sees little of long texts "
            f"(here up to {longest:,} tokens): compare with --pool mean."
        )
    if config.model_type == "ernie":  # ymcui/Chinese-BERT-wwm: README, Useful Tips
        yield "ERNIE is known to want other learning rates than BERT: compare some with --lr."
