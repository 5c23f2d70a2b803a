"""A fitted model as a network of transformers, so that it is saved, opened and asked like any other: weights in safetensors, no
pickle. Nothing here is learned by gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput, TokenClassifierOutput

from bertft.classic.features import ONE, PARTS, TFIDF, WEIGHTINGS, counts_of, features_of, weighted, width_of
from bertft.classic.models import GRAMS_TYPE
from bertft.classic.vocabulary import FIRST

if TYPE_CHECKING:
    from scipy import sparse


class GramsConfig(PretrainedConfig):  # type: ignore[no-untyped-call]
    """Of a linear layer on n-grams, or a table of words."""

    model_type = GRAMS_TYPE

    def __init__(
        self,
        vocab_size: int = FIRST,
        ends: Sequence[int] = (),
        weighting: str = TFIDF,
        parts: Sequence[str] = (),
        width: int | None = None,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        if weighting not in WEIGHTINGS or not set(parts) <= set(PARTS):
            raise ValueError(f"weighting {weighting!r} of the parts {parts!r} is not known")
        if [0, *ends] != sorted([0, *ends]) or max(ends, default=0) != vocab_size - FIRST:
            raise ValueError(f"kinds of n-grams that end at {ends!r} are not {vocab_size - FIRST} n-grams")
        self.vocab_size, self.weighting = vocab_size, weighting
        self.ends, self.parts = list(ends), list(parts)
        self.width = width
        """Of the embeddings between n-grams and labels; None: there are none."""

    @property
    def reads_pairs(self) -> bool:
        """Whether two texts are told apart."""
        return bool(self.parts) and self.parts != [ONE]

    @property
    def grams(self) -> int:
        """How many n-grams there are."""
        return self.vocab_size - FIRST


class Fitted(PreTrainedModel):  # type: ignore[no-untyped-call]
    """What both networks share."""

    config_class = GramsConfig
    base_model_prefix = ""
    config: GramsConfig

    def _init_weights(self, module: Any) -> None:
        """Weights come from a fit or a file."""

    def fill(self, weights: Mapping[str, Any]) -> None:
        """Put numpy's arrays into the parameters of these names."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                parameter.copy_(torch.as_tensor(weights[name]))


class GramsForSequenceClassification(Fitted):
    """Weighted n-grams of a text or a pair -> (width ->) labels. Without n-grams the bias answers alone."""

    def __init__(self, config: GramsConfig) -> None:
        super().__init__(config)
        labels = int(config.num_labels or 0)
        features = width_of(config.parts, config.grams)
        self.idf = nn.Parameter(torch.ones(config.grams), requires_grad=False)
        self.weight = nn.Parameter(torch.zeros(features, config.width or labels), requires_grad=False)
        if config.width:
            self.output = nn.Parameter(torch.zeros(config.width, labels), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(labels), requires_grad=False)
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(self, input_ids: Tensor, token_type_ids: Tensor | None = None, **_: Any) -> SequenceClassifierOutput:
        """input_ids (B, T), as many of each n-gram as there are in the text; token_type_ids (B, T) tell two texts apart."""
        logits = self.bias.detach().double().cpu().expand(len(input_ids), -1)  # (B, K)
        if self.config.parts:
            found = self._features(input_ids.cpu(), None if token_type_ids is None else token_type_ids.cpu())
            hidden = torch.from_numpy(found @ self.weight.detach().double().cpu().numpy())
            logits = logits + (hidden @ self.output.detach().double().cpu() if self.config.width else hidden)
        return SequenceClassifierOutput(logits=logits.float().to(input_ids.device))

    def _features(self, ids: Tensor, segments: Tensor | None) -> sparse.csr_matrix:
        config, pair = self.config, self.config.reads_pairs
        texts = [ids if segments is None else torch.where(segments == one, ids, 0) for one in range(2 if pair else 1)]
        idf = self.idf.detach().double().cpu().numpy()
        counted = (counts_of([*text.numpy()], config.grams) for text in texts)
        return features_of([weighted(one, config.weighting, idf, config.ends) for one in counted], config.parts)


class GramsForTokenClassification(Fitted):
    """A table: what was counted of each word's tags."""

    def __init__(self, config: GramsConfig) -> None:
        super().__init__(config)
        self.table = nn.Parameter(torch.zeros(config.vocab_size, int(config.num_labels or 0)), requires_grad=False)
        self.post_init()  # type: ignore[no-untyped-call]

    def forward(self, input_ids: Tensor, **_: Any) -> TokenClassifierOutput:
        """input_ids (B, T) -> logits (B, T, K)."""
        return TokenClassifierOutput(logits=self.table[input_ids])
