"""Filling masks: what a backbone is pre-trained with, on texts without labels."""

from __future__ import annotations

from bertft.kinds.kind import Kind, Problem

MASKS = Problem(
    name="fill-mask",
    metrics=("perplexity", "accuracy"),
    usual_metrics=("perplexity", "accuracy"),
    adapter="bertft.adapters.masks.filler:MaskFiller",
    reader="bertft.gold.masks:MaskReader",
    sentence="Reads {text} and fills in the tokens that are masked.",
    answers="It answers with tokens of its vocabulary for each mask.",
    outputs=2,  # which mean nothing: transformers gives every config two labels
)

FILL_MASK = Kind(
    name="fill-mask",
    alias="mlm",
    problems=(MASKS,),
    columns={"text": ("text",)},
    needed=("text",),
    auto_class="AutoModelForMaskedLM",
    pair_class="AutoModelForPreTraining",
    usage="""\
from transformers import pipeline

fill = pipeline("fill-mask", model={folder})
fill(f"… {{fill.tokenizer.mask_token}} …")""",
    long_inputs="Documents are read in blocks of whole sentences, at most {max_length} tokens long; nothing is cut off.",
    recipe={"max_length": 128},  # as in nine tenths of BERT's own pre-training (arXiv 1810.04805, A.2)
    can_fit_head=False,
    verb="pretrain",
    prepares_network="bertft.model.masked_lm:read_chosen_only",
    new_head="The backbone brings no head that fills masks; a new one is trained from scratch, over its own token embeddings.",
)
