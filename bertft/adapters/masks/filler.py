"""Texts with masks, to features and back: which tokens fill each mask, and how probable they are.

Equal to transformers' own pipeline: the softmax over the whole vocabulary, for each mask by itself. A text that is
longer than the run's blocks is read in a window around each mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn

import numpy as np
import torch

from bertft.adapters.adapter import Adapter, Batch, Feature, Prediction
from bertft.adapters.masks.feature import MaskFeature, padded_masks
from bertft.adapters.masks.fillings import Filling, filled_text, shown_token
from bertft.adapters.masks.masked_blocks import frame_of, masker_of
from bertft.adapters.masks.paired_blocks import PairFeature, padded_pairs, sums_of_pairs
from bertft.errors import CheckpointError, InternalError, UsageError
from bertft.gold.answer import Answer
from bertft.gold.example import TextExample
from bertft.gold.masks import COMMON_MASK
from bertft.masking import SHARE
from bertft.masking.masked import strategy_of
from bertft.model.masked_lm import masked_cost, paired_cost
from bertft.model.network import Head
from bertft.plan.pretraining import PretrainPlan
from bertft.plan.recipe import Recipe
from bertft.rows.surrogates import without_surrogates
from bertft.scoring import Scores
from bertft.scoring.masks import score_masks

_MASKING = ("mask", "mask_share", "words", "entities", "pair")
"""Settings that say what is learned from blocks."""
KEPT = 100
"""Best tokens that are kept of each mask."""


@dataclass(frozen=True)
class MaskFiller(Adapter):
    """Reads blocks of a corpus, which come as features, and rows with masks, which come as texts."""

    mask: str = field(default="token", kw_only=True)
    """How the run was masked: a name of masking/."""
    mask_share: float = field(default=SHARE, kw_only=True)
    words: str | None = field(default=None, kw_only=True)
    """How words were told; see plan/pretraining.py."""
    entities: str | None = field(default=None, kw_only=True)
    pair: str | None = field(default=None, kw_only=True)
    """What it learned about pairs of texts beside; None: nothing."""

    reads_plainly = False  # tokens are turned into text
    answer_options: ClassVar[tuple[str, ...]] = ("top_k",)
    answers_with = "tokens for masks"
    constant_answer = "guessing by token frequency alone"

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        return {name: stored[name] for name in _MASKING if name in stored}

    def stored(self) -> dict[str, Any]:
        said = {name: value for name in _MASKING if (value := getattr(self, name)) is not None}
        return {**said, "mask_token": self._tokens.mask_token}

    @property
    def _tokens(self) -> Any:
        return self.tokenizer

    def check_tokenizer(self, name: str) -> None:
        """CheckpointError for one that blocks cannot be made with; `name` of the model."""
        check_mask(self.tokenizer, name)

    def masker(self, asked: PretrainPlan) -> Any:
        """What asks for tokens of a block."""
        return masker_of(self.tokenizer, strategy_of(asked.mask), asked.mask_share)

    def block_scores(self, sums: np.ndarray[Any, Any]) -> Scores:
        """From the outputs of blocks, one below the other."""
        return score_masks(sums, main=self.card.metric)

    def head(self, targets: Sequence[Any], recipe: Recipe) -> Head:
        return Head(self.card.kind, None, (), paired_cost if self.pair else masked_cost, reads_pairs=bool(self.pair))

    def strings(self, example: TextExample) -> Sequence[str]:
        return [without_surrogates(example.texts[0])]

    def encode(self, examples: Sequence[TextExample]) -> list[list[Feature]]:
        frame = frame_of(self.tokenizer)
        texts = [self.strings(example)[0] for example in examples]
        found = self.tokenizer(texts, add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]
        room, before = self.options.max_length - frame.size, len(frame.before)
        return [
            [
                self._feature(example.row.index, frame.around(ids[part]), place if place is None else before + place)
                for part, place in self._windows(ids, room)
            ]
            for example, ids in zip(examples, map(np.asarray, found), strict=True)
        ]

    def _windows(self, ids: np.ndarray[Any, Any], room: int) -> list[tuple[slice, int | None]]:
        """The whole text, or a window around each mask with the place in it where that mask stands: in its middle, but near
        the ends of the text."""
        if len(ids) <= room:
            return [(slice(0, len(ids)), None)]
        masks = np.flatnonzero(ids == self._tokens.mask_token_id)
        starts = np.clip(masks - room // 2, 0, len(ids) - room)
        return [
            (slice(start, start + room), mask - start)
            for start, mask in zip(starts.tolist(), masks.tolist(), strict=True)
        ]

    def _feature(self, row: int, ids: np.ndarray[Any, Any], place: int | None) -> MaskFeature:
        """`place`: of the mask that a window was made for; None where all are asked for."""
        is_cut = place is not None
        masks = np.asarray([place]) if is_cut else np.flatnonzero(ids == self._tokens.mask_token_id)
        return MaskFeature(row, ids.astype(np.int32), None, None, is_cut, masks)

    def collate(self, features: Sequence[Feature]) -> Batch:
        pad: Any = padded_pairs if isinstance(features[0], PairFeature) else padded_masks
        found: Batch = pad(features, self.tokenizer, max_length=self.options.max_length)
        return found

    def outputs_of(self, outputs: Mapping[str, np.ndarray[Any, Any]], features: Sequence[Feature]) -> list[Any]:
        """Of a block (3,): the summed loss of its masks, how many were filled right, how many there are; of a pair (5,), also its
        own loss and whether it was answered right. Of a text with masks the best ids (M, K) and their probabilities (M, K)."""
        logits = torch.from_numpy(outputs["logits"])  # (M, V)
        counts = [feature.weight for feature in features]
        if features[0].target is not None:
            of_masks = self._sums(logits, np.concatenate([feature.target for feature in features]), counts)
            return list(np.hstack([of_masks, *sums_of_pairs(outputs, features)]))
        best = torch.softmax(logits, dim=-1).topk(min(KEPT, logits.shape[1]))
        ids, probabilities = (
            np.split(best.indices.numpy(), np.cumsum(counts)[:-1]),
            np.split(best.values.numpy(), np.cumsum(counts)[:-1]),
        )
        return list(zip(ids, probabilities, strict=True))

    def _sums(self, logits: torch.Tensor, targets: np.ndarray[Any, Any], counts: Sequence[int]) -> np.ndarray[Any, Any]:
        """(B, 3)"""
        gold = torch.from_numpy(targets.astype(np.int64))
        losses = torch.nn.functional.cross_entropy(logits, gold, reduction="none").double().numpy()  # (M,)
        right, texts = (logits.argmax(-1) == gold).numpy(), np.repeat(np.arange(len(counts)), counts)
        of_texts = [np.bincount(texts, weights, minlength=len(counts)) for weights in (losses, right)]
        return np.stack([*of_texts, np.asarray(counts, dtype=np.float64)], axis=1)

    def decode(self, outputs: Sequence[Any], features: Sequence[Feature]) -> Prediction:
        ids, probabilities = (np.concatenate(part) for part in zip(*outputs, strict=True))
        return Prediction(Filling(ids, probabilities))

    def added_columns(self, answer: Answer) -> list[str]:
        best = ["top_tokens"] if answer.top_k else []
        return ["filled", "predicted_tokens", "probabilities", *best, "reason"]

    def answered(self, example: TextExample, prediction: Prediction, answer: Answer) -> dict[str, Any]:
        if (answer.top_k or 0) > KEPT:
            raise UsageError(f"--top-k is {answer.top_k}: at most {KEPT} tokens are kept of each mask.")
        filling: Filling = prediction.values
        best = [int(ids[0]) for ids in filling.ids]
        found: dict[str, Any] = {
            "filled": filled_text(example.texts[0], best, self._tokens),
            "predicted_tokens": [shown_token(one, self._tokens) for one in best],
            "probabilities": [float(one[0]) for one in filling.probabilities],
        }
        if answer.top_k:
            found["top_tokens"] = filling.listed(answer.top_k, self._tokens)
        return found

    def our_scores(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> Scores:
        _no_gold()

    def in_words(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        _no_gold()

    def wrongness(self, prediction: Prediction, target: Any) -> float:
        _no_gold()

    def constant(self, learned: Sequence[Any], targets: Sequence[Any]) -> list[Prediction]:
        _no_gold()

    def same_answer(self, predictions: Sequence[Prediction], targets: Sequence[Any]) -> str:
        _no_gold()

    def to_plain(self, prediction: Prediction) -> Any:
        filling: Filling = prediction.values
        return [filling.ids.tolist(), filling.probabilities.tolist()]

    def from_plain(self, plain: Any) -> Prediction:
        ids, probabilities = plain
        return Prediction(Filling(np.asarray(ids), np.asarray(probabilities)))


def check_mask(tokenizer: Any, name: str) -> None:
    """CheckpointError for one without a mask."""
    if tokenizer.mask_token_id is None:
        raise CheckpointError(
            f"{name}: its tokenizer has no mask token ({COMMON_MASK} or the like), so it cannot be pre-trained by filling masks. "
            f"Name an encoder such as a BERT with --model."
        )


def _no_gold() -> NoReturn:
    """A corpus is scored by its blocks (engine/pretraining_scores.py): its rows have no gold values."""
    raise InternalError("rows with masks have no gold values")
