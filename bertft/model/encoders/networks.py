"""An encoder with its classifier, for texts or for words, as models of transformers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import SequenceClassifierOutput

from bertft.errors import CheckpointError
from bertft.model.encoders.config import WordsConfig
from bertft.model.families import family_of

WORD_SPREAD = 0.1
"""Standard deviation of a new word's vector."""


def draw_weights(module: nn.Module) -> bool:
    """Draw those of a part that is made anew; whether it is one of ours."""
    if isinstance(module, nn.Embedding):
        init.normal_(module.weight, std=WORD_SPREAD)
        if module.padding_idx is not None and not getattr(module.weight, "_is_hf_initialized", False):
            init.zeros_(module.weight[module.padding_idx])
    elif isinstance(module, nn.Linear | nn.Conv1d | nn.RNNBase):
        for name, weight in module.named_parameters(recurse=False):
            (init.zeros_ if "bias" in name else init.xavier_uniform_)(weight)
    else:
        return False
    return True


class WordsNetwork(PreTrainedModel):  # type: ignore[no-untyped-call]
    """Computes in fp32 whatever the run's precision: there is little to gain, and oneDNN has no LSTM in bf16 without AVX-512."""

    config_class = WordsConfig
    base_model_prefix = "encoder"
    of_words = False

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        family = family_of(config)
        if family is None:
            raise CheckpointError(f"config.json: '{config.family}' is no network that this version of bertft knows.")
        self.encoder = family.load()(config, of_words=self.of_words)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        if not draw_weights(module):
            super()._init_weights(module)  # type: ignore[no-untyped-call]

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None, **_: Any
    ) -> SequenceClassifierOutput:
        """(B, T) each -> `logits` (B, K), or (B, T, K) for words."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        with torch.autocast(input_ids.device.type, enabled=False):
            features = self.encoder(input_ids, mask, token_type_ids)
            return SequenceClassifierOutput(logits=self.classifier(self.dropout(features)))


class WordsForSequenceClassification(WordsNetwork):  # type: ignore[no-untyped-call]
    """A class, labels or a number for each text."""


class WordsForTokenClassification(WordsNetwork):  # type: ignore[no-untyped-call]
    """A tag for each word."""

    of_words = True
