"""Two language models of LSTMs, one reading forward and one backward, which share their words (ELMo: Peters et al. 2018, arXiv
1802.05365): the network that learns from texts, and the same below a classifier.

Otherwise than there, word pieces are read and not characters, the LSTMs have no projections, and the embeddings are the weights
of the softmax too (Press & Wolf 2017, arXiv 1608.05859), which is computed over the whole vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput

from bertft.model.encoders.encoder import mean_over
from bertft.model.encoders.networks import draw_weights
from bertft.model.encoders.recurrent import turned
from bertft.model.families import LANGUAGE_MODEL

AT_ONCE = 1024
"""Tokens whose logits are in memory at once: there are as many numbers for each as the vocabulary has tokens."""


class LanguageModelConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """Its `max_position_embeddings` says how long a text is read; there are no positions."""

    model_type = LANGUAGE_MODEL

    vocab_size: int = 1
    pad_token_id: int | None = 0
    hidden_size: int = 512
    """Of both directions together."""
    num_hidden_layers: int = 2
    max_position_embeddings: int = 512
    dropout: float = 0.1


class OneLayer(nn.Module):
    """An LSTM for each direction. No path leads from one to the other."""

    def __init__(self, units: int, *, adds_input: bool) -> None:
        super().__init__()
        self.adds_input = adds_input
        self.forwards = nn.LSTM(units, units, batch_first=True)
        self.backwards = nn.LSTM(units, units, batch_first=True)

    def forward(self, forth: Tensor, back: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, E) each, `back` in reverse order -> the same."""
        read: list[Tensor] = [self.forwards(forth)[0], self.backwards(back)[0]]
        return (read[0] + forth, read[1] + back) if self.adds_input else (read[0], read[1])


class LanguageModelNetwork(PreTrainedModel):  # type: ignore[no-untyped-call]
    """Computes in fp32 whatever the run's precision, as WordsNetwork does."""

    config_class = LanguageModelConfig
    base_model_prefix = "encoder"

    def _init_weights(self, module: nn.Module) -> None:
        if not draw_weights(module):
            super()._init_weights(module)  # type: ignore[no-untyped-call]


class LanguageModel(LanguageModelNetwork):  # type: ignore[no-untyped-call]
    """Its states are those of both directions side by side; of the embeddings, which both share, the same twice."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        units = config.hidden_size // 2
        self.words = nn.Embedding(config.vocab_size, units, padding_idx=config.pad_token_id)
        self.layers = nn.ModuleList([OneLayer(units, adds_input=at > 0) for at in range(config.num_hidden_layers)])
        self.dropout = nn.Dropout(config.dropout)
        self.post_init()  # type: ignore[no-untyped-call]

    def get_input_embeddings(self) -> nn.Module:
        return self.words

    def set_input_embeddings(self, words: nn.Module) -> None:
        self.words = words  # type: ignore[assignment]

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, output_hidden_states: bool = False, **_: Any
    ) -> BaseModelOutput:
        """(B, T), padding on the right -> states (B, T, 2 E): forward, which have read up to the token and it, and backward."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        with torch.autocast(input_ids.device.type, enabled=False):
            known = self.words(input_ids)  # (B, T, E)
            states, forth, back = [torch.cat([known, known], dim=2)], known, turned(known, mask)
            for layer in self.layers:
                forth, back = layer(self.dropout(forth), self.dropout(back))
                states.append(torch.cat([forth, turned(back, mask)], dim=2))
        return BaseModelOutput(states[-1], tuple(states) if output_hidden_states else None)


class LanguageModelForPreTraining(LanguageModelNetwork):  # type: ignore[no-untyped-call]
    """Says each token from those before it, and from those behind it."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.encoder = LanguageModel(config)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.dropout = nn.Dropout(config.dropout)
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, chosen: Tensor | None = None, **_: Any
    ) -> dict[str, Tensor]:
        """`chosen` (B, T), true where a token is asked for, neither the first nor the last of a text; all others if it is left
        out -> `losses` and `right` (M, 2), forward and backward, of these tokens, text by text."""
        chosen = (
            inner(torch.ones_like(input_ids) if attention_mask is None else attention_mask)
            if chosen is None
            else chosen
        )
        states = self.dropout(self.encoder(input_ids, attention_mask).last_hidden_state)
        forth, back = states.chunk(2, dim=2)  # (B, T, E) each
        asked = input_ids[chosen]  # (M,)
        with torch.autocast(input_ids.device.type, enabled=False):
            before = self.told(forth[:, :-1][chosen[:, 1:]], asked)
            behind = self.told(back[:, 1:][chosen[:, :-1]], asked)
        losses, right = (torch.stack(both, dim=1) for both in zip(before, behind, strict=True))
        return {"losses": losses, "right": right}

    def told(self, states: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        """States (M, E) and the tokens that follow them (M,) -> their losses (M,) and whether they were the likeliest (M,). The
        logits are computed again on the way back, and never kept."""
        keep: dict[str, Any] = {"use_reentrant": False, "preserve_rng_state": False}
        parts = [
            checkpoint(self._told, *part, **keep)
            for part in zip(torch.split(states, AT_ONCE), torch.split(asked, AT_ONCE), strict=True)
        ]
        return torch.cat([losses for losses, _ in parts]), torch.cat([right for _, right in parts])

    def _told(self, states: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        logits = functional.linear(states.float(), self.encoder.words.weight, self.bias)  # (M, V)
        return functional.cross_entropy(logits, asked, reduction="none"), logits.argmax(1) == asked


def inner(mask: Tensor) -> Tensor:
    """mask (B, T), 1 on tokens, which stand on the left -> (B, T) true on those that are neither first nor last."""
    found = functional.pad(mask[:, 1:], (0, 1)) > 0
    found[:, 0] = False
    return found


class LanguageModelForSequenceClassification(LanguageModelNetwork):  # type: ignore[no-untyped-call]
    """A class, labels or a number for each text, from the mean of its last states."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.encoder = LanguageModel(config)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **_: Any) -> SequenceClassifierOutput:
        """(B, T) -> `logits` (B, K), or (B, T, K) for words."""
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        read = self.features(self.encoder(input_ids, mask).last_hidden_state, mask)
        with torch.autocast(input_ids.device.type, enabled=False):
            return SequenceClassifierOutput(logits=self.classifier(self.dropout(read)))

    def features(self, states: Tensor, mask: Tensor) -> Tensor:
        return mean_over(states, mask)


class LanguageModelForTokenClassification(LanguageModelForSequenceClassification):  # type: ignore[no-untyped-call]
    """A tag for each word, from its last state."""

    def features(self, states: Tensor, mask: Tensor) -> Tensor:
        return states
