"""Saying the next token, forward and backward: what networks learned from texts before BERT hid tokens of them."""

from __future__ import annotations

from bertft.kinds.kind import Kind, Problem

NEXT_TOKENS = Problem(
    name="next-token",
    metrics=("perplexity", "accuracy"),
    usual_metrics=("perplexity", "accuracy"),
    adapter="bertft.adapters.masks.next_tokens:NextTokens",
    reader="bertft.gold.masks:MaskReader",
    sentence="Reads {text} forward and backward, and says each next token.",
    answers="It answers nothing by itself: `bertft train --features` reads its layers.",
    outputs=2,  # which mean nothing: transformers gives every config two labels
)

NEXT_TOKEN = Kind(
    name="next-token",
    alias="lm",
    problems=(NEXT_TOKENS,),
    columns={"text": ("text",)},
    needed=("text",),
    auto_class="AutoModelForPreTraining",
    usage="""\
import bertft

bertft.train("rows.csv", model={folder}, features=True, layers="0,1,2", combine="mix")""",
    long_inputs="Documents are read in blocks of whole sentences, at most {max_length} tokens long; nothing is cut off.",
    recipe={"max_length": 128},
    can_fit_head=False,
    use="bertft train {input} --features --layers 0,1,2 --combine mix --model {folder}",
    pipeline="feature-extraction",
    verb="pretrain",
)
