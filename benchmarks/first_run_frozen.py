"""What the frozen backbone says of texts and of words, for the regressions of the first-run table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import transformers as hf

from bertft.model.backbone import find_backbone

BATCH = 32
LONGEST = 512
"""Tokens of a text or a pair, as bertft's default for this backbone."""


class Encoder:
    """A backbone in fp32 that is never trained."""

    def __init__(self, name: str) -> None:
        hf.utils.logging.set_verbosity_error()
        hf.utils.logging.disable_progress_bar()
        path = find_backbone(name).path
        self.tokenizer = hf.AutoTokenizer.from_pretrained(path)
        self.model = hf.AutoModel.from_pretrained(path).eval()
        self.longest = min(LONGEST, self.model.config.max_position_embeddings)

    def means(self, rows: Sequence[Sequence[str]]) -> Any:
        """(rows, width): the mean over all tokens of a text, or of two texts that are read together."""
        found = np.zeros((len(rows), self.model.config.hidden_size), dtype=np.float64)
        encoded = self.tokenizer(*map(list, zip(*rows, strict=True)), truncation=True, max_length=self.longest)
        for places, hidden, mask in self._states(encoded):
            weights = mask[..., None].to(hidden.dtype)  # (B, T, 1)
            found[places] = ((hidden * weights).sum(1) / weights.sum(1)).double().numpy()  # (B, T, H) -> (B, H)
        return found

    def words(self, sentences: Sequence[Sequence[str]]) -> Any:
        """(words of all sentences, width): the state of each word's first token; zeros for words beyond the limit."""
        encoded = self.tokenizer(
            list(map(list, sentences)), is_split_into_words=True, truncation=True, max_length=self.longest
        )
        found = [np.zeros((len(words), self.model.config.hidden_size)) for words in sentences]
        for places, hidden, _ in self._states(encoded):
            for place, states in zip(places, hidden.double().numpy(), strict=True):
                first = first_tokens(encoded.word_ids(place))
                found[place][list(first)] = states[list(first.values())]
        return np.concatenate(found)

    @torch.inference_mode()
    def _states(self, encoded: Any) -> Iterator[tuple[list[int], Any, Any]]:
        """Rows, last hidden states (B, T, H) and mask (B, T), in batches of texts of like length."""
        lengths = [len(ids) for ids in encoded["input_ids"]]
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            batch = self.tokenizer.pad(
                {name: [values[place] for place in places] for name, values in encoded.items()}, return_tensors="pt"
            )
            yield places, self.model(**batch).last_hidden_state, batch["attention_mask"]


def first_tokens(word_ids: Sequence[int | None]) -> dict[int, int]:
    """Word -> its first token."""
    found: dict[int, int] = {}
    for token, word in enumerate(word_ids):
        if word is not None:
            found.setdefault(word, token)
    return found
