"""What `bertft embed` can be asked: which hidden states become a vector, and how. Each field is a setting, declared once."""

from __future__ import annotations

from dataclasses import dataclass

from bertft.plan.layers import combine_setting, layers_setting
from bertft.plan.recipe import PRECISIONS
from bertft.plan.settings import RARE, TASK, at_least, one_of, setting

CLS, MEAN, MAX, MEAN_MAX, FIRST_LAST, POOLER, NONE = "cls", "mean", "max", "mean-max", "first-last", "pooler", "none"
POOL = (CLS, MEAN, MAX, MEAN_MAX, FIRST_LAST, POOLER, NONE)


@dataclass(frozen=True)
class EmbedPlan:
    """What was said; None: as the model's files say, or the usual."""

    layers: str | None = layers_setting(panel=TASK)
    combine: str | None = combine_setting(panel=TASK)
    pool: str | None = setting(
        None,
        "How the tokens of a text become one vector: cls, mean, max, mean-max, first-last or pooler; none writes a vector for "
        "each token.",
        "NAME",
        panel=TASK,
        check=one_of(POOL),
        otherwise="as the model's sentence-transformers files say, else mean",
    )
    words: bool = setting(False, "Write a vector for each word: the mean of its tokens.", panel=TASK)
    normalize: bool | None = setting(
        None,
        "Scale each vector to length 1.",
        panel=TASK,
        otherwise="as the model's sentence-transformers files say, else no",
        flags=("--normalize/--no-normalize",),
    )
    max_length: int | None = setting(
        None,
        "Tokens of a text that are read, special tokens included; what is beyond is cut and counted.",
        "N",
        panel=TASK,
        check=at_least(3),
        otherwise="as the model's files say, else all that it has positions for",
    )
    precision: str = setting(
        "fp32",
        "fp32, bf16, fp16, or auto: bf16 where the device has it, which is faster and changes the third digit.",
        "NAME",
        panel=RARE,
        check=one_of(PRECISIONS),
    )

    @property
    def layer_numbers(self) -> tuple[int, ...] | None:
        return None if self.layers is None else tuple(map(int, self.layers.split(",")))
