"""Which hidden states become a vector, and how: what was asked for and what the model's own files say, made whole and checked."""

from __future__ import annotations

from dataclasses import dataclass

from bertft.errors import UsageError
from bertft.model.hidden import layer_numbers
from bertft.model.sentence_files import SentenceFiles
from bertft.plan.embed_plan import CLS, FIRST_LAST, MAX, MEAN, MEAN_MAX, NONE, POOLER, EmbedPlan


@dataclass(frozen=True)
class VectorRecipe:
    """Everything that decides what a vector is, beside the model."""

    layers: tuple[int, ...]
    """Hidden states to read: 0 is the embeddings' output, N that of the last of N layers."""
    combine: str
    pool: str
    normalize: bool
    words: bool

    @property
    def is_ragged(self) -> bool:
        """Whether a text has as many vectors as it has tokens or words."""
        return self.pool == NONE

    @property
    def chooses_layers(self) -> bool:
        """Whether its layers are a choice."""
        return self.pool not in (FIRST_LAST, POOLER)

    def dimension(self, hidden_size: int) -> int:
        joined = len(self.layers) if self.combine == "concat" and self.chooses_layers else 1
        return hidden_size * joined * (2 if self.pool == MEAN_MAX else 1)

    @property
    def told(self) -> str:
        """In words."""
        several = f", {self.combine} of " if len(self.layers) > 1 else ", "
        layers = f"layer{'s' if len(self.layers) > 1 else ''} {', '.join(map(str, self.layers))}"
        unit = "words" if self.words else "tokens" if self.is_ragged else f"pooling {self.pool}"
        length = ", length 1" if self.normalize else ""
        return f"{unit}{several}{layers}{length}" if self.pool != POOLER else f"{unit}{length}"


def vector_recipe(plan: EmbedPlan, files: SentenceFiles | None, *, layers: int, name: str) -> VectorRecipe:
    """The plan made whole for a model of so many layers. UsageError for what contradicts itself or has no effect."""
    if plan.words and plan.pool not in (None, NONE):
        raise UsageError(f"--words writes a vector for each word, --pool {plan.pool} one for each text. Leave one out.")
    pool = NONE if plan.words else plan.pool or _pool_of_files(files, name)
    if pool in (FIRST_LAST, POOLER) and (plan.layers or plan.combine):
        raise UsageError(f"--pool {pool} chooses its layers itself: leave out --layers and --combine.")
    chosen = (1, layers) if pool == FIRST_LAST else layer_numbers(plan.layer_numbers or (-1,), layers, name)
    if plan.combine and len(chosen) == 1:
        raise UsageError("--combine joins several layers: name them, such as --layers -1,-2, or leave it out.")
    combine = "mean" if pool == FIRST_LAST else plan.combine or "concat"
    own = files is not None and plan.pool is None and not plan.words and files.normalize
    return VectorRecipe(chosen, combine, pool, own if plan.normalize is None else plan.normalize, plan.words)


def _pool_of_files(files: SentenceFiles | None, name: str) -> str:
    """UsageError where the model's own vectors are made in a way that is not known here."""
    if files is None:
        return MEAN
    advice = "Choose how to make others with --pool, such as --pool mean."
    if files.beyond:
        raise UsageError(f"{name}: its own vectors go through {', '.join(files.beyond)}, unknown here. {advice}")
    if files.pool not in (MEAN, CLS, MAX):
        raise UsageError(f"{name}: its own vectors are pooled by {files.pool}, which is not known here. {advice}")
    return files.pool
