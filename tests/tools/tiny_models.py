"""Tiny random models of today's encoder families, each with its own kind of tokenizer, trained on the tests' few words.

Names are the models' own; `model_type` says which class of transformers it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conftest import WORDS

CHINESE = [
    "好",
    "坏",
    "电",
    "影",
    "书",
    "歌",
    "菜",
    "服",
    "务",
    "员",
    "很",
    "不",
    "太",
    "真",
    "慢",
    "快",
    "冷",
    "热",
    "我",
    "他",
]
SENTENCES = [" ".join(WORDS), " ".join(reversed(WORDS)), "0123456789 . , ! ?"] * 3


def word_pieces(letters: str = "abcdefghijklmnopqrstuvwxyz", more: list[str] | None = None) -> Any:
    """BERT's: a vocabulary of words, and of letters within them."""
    from transformers import BertTokenizer

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = special + WORDS + list(letters) + [f"##{one}" for one in letters] + list("0123456789.,!?'") + (more or [])
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)})


def chinese_characters() -> Any:
    """That of MacBERT, ERNIE and Chinese wwm models: each character is a word."""
    return word_pieces(more=CHINESE)


def _unigram(special: list[str], unknown: str) -> list[tuple[str, float]]:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learner = Tokenizer(models.Unigram())
    learner.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=special, unk_token=unknown, show_progress=False, initial_alphabet=["▁"]
    )
    learner.train_from_iterator(SENTENCES, trainer)
    return [(piece, score) for piece, score in json.loads(learner.to_str())["model"]["vocab"]]


def xlm_roberta() -> Any:
    """SentencePiece unigram, `<s> a </s></s> b </s>`."""
    from transformers import XLMRobertaTokenizer

    return XLMRobertaTokenizer(vocab=_unigram(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<unk>"))


def deberta_v3() -> Any:
    """SentencePiece unigram, `[CLS] a [SEP] b [SEP]`."""
    from transformers import DebertaV2Tokenizer

    return DebertaV2Tokenizer(vocab=_unigram(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"], "[UNK]"), unk_id=3)


def xlnet() -> Any:
    """SentencePiece unigram, `a <sep> b <sep> <cls>`, padded on the left."""
    from transformers import XLNetTokenizer

    special = ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]
    return XLNetTokenizer(vocab=_unigram(special, "<unk>"), unk_id=0)


def _backend(learner: Any, trainer: Any, *, begin: str, end: str, pair_begin: str = "") -> Any:
    from tokenizers import processors

    learner.train_from_iterator(SENTENCES, trainer)
    learner.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} {pair_begin} $B {end}".replace("  ", " "),
        special_tokens=[(one, learner.token_to_id(one)) for one in dict.fromkeys((begin, end))],
    )
    return learner


def modernbert() -> Any:
    """Byte BPE as in ModernBERT and Ettin: of no class of its own, so that `add_prefix_space` is ignored."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    backend = _backend(learner, trainer, begin="[CLS]", end="[SEP]")
    names = dict(zip(("unk_token", "cls_token", "sep_token", "pad_token", "mask_token"), special, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_input_names=["input_ids", "attention_mask"], **names)


def gemma() -> Any:
    """BPE with `▁` for spaces and none before the first word, as in mmBERT; it would pad on the left."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    learner = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    learner.normalizer = normalizers.Replace(" ", "▁")
    learner.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")  # only while it learns its pieces
    learner.decoder = decoders.Replace("▁", " ")
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, show_progress=False, max_token_length=8)
    backend = _backend(learner, trainer, begin="<bos>", end="<eos>")
    backend.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    names = dict(zip(("pad_token", "eos_token", "bos_token", "unk_token", "mask_token"), special, strict=True))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_input_names=["input_ids", "attention_mask"],
        padding_side="left",
        cls_token="<bos>",
        sep_token="<eos>",
        **names,
    )


def llama_3() -> Any:
    """Byte BPE behind a regular expression, as in EuroBERT: the end of a text is the padding, and there is no [UNK]."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    learner = Tokenizer(models.BPE(ignore_merges=True))
    split = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(split), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|mask|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    backend = _backend(learner, trainer, begin=special[0], end=special[1], pair_begin=special[0])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token=special[0],
        eos_token=special[1],
        pad_token=special[1],
        mask_token=special[2],
        model_input_names=["input_ids", "attention_mask"],
    )


SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


@dataclass(frozen=True)
class TinyModel:
    """How one is made."""

    model_type: str
    tokenizer: Callable[[], Any]
    more: Mapping[str, Any] = field(default_factory=dict)
    """Of its config, beside the sizes."""


TINY_MODELS = {
    "modernbert": TinyModel("modernbert", modernbert, {"local_attention": 8, "classifier_pooling": "mean"}),
    "mmbert": TinyModel("modernbert", gemma, {"local_attention": 8}),
    "eurobert": TinyModel("eurobert", llama_3),
    "gte-multilingual": TinyModel("gte", xlm_roberta, {"type_vocab_size": 1}),
    "gte-en": TinyModel("gte", word_pieces, {"type_vocab_size": 0}),
    "nomic": TinyModel("nomic_bert", word_pieces),
    "deberta-v3": TinyModel(
        "deberta-v2",
        deberta_v3,
        {
            **{"relative_attention": True, "position_buckets": 16, "norm_rel_ebd": "layer_norm", "share_att_key": True},
            **{"pos_att_type": ["p2c", "c2p"], "position_biased_input": False, "type_vocab_size": 0},
        },
    ),
    "xlm-r": TinyModel("xlm-roberta", xlm_roberta, {"max_position_embeddings": 514, "type_vocab_size": 1}),
    "xlnet": TinyModel("xlnet", xlnet, {"d_model": 32, "n_layer": 2, "n_head": 2, "d_inner": 64}),
    "ernie": TinyModel("ernie", chinese_characters, {"use_task_id": True, "type_vocab_size": 4}),
    "macbert": TinyModel("bert", chinese_characters),
}
"""Name -> how it is made."""


def build_tiny_model(name: str, folder: Path, *, seed: int = 1) -> Path:
    """The model without a head, as transformers saves it, and its tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModel

    made, tokenizer = TINY_MODELS[name], TINY_MODELS[name].tokenizer()
    sizes = {} if made.model_type == "xlnet" else SIZES
    special = {
        f"{one}_token_id": getattr(tokenizer, f"{one}_token_id")
        for one in ("pad", "bos", "eos", "cls", "sep")
        if getattr(tokenizer, f"{one}_token_id") is not None
    }
    torch.manual_seed(seed)
    config = AutoConfig.for_model(made.model_type, vocab_size=len(tokenizer), **{**sizes, **special, **made.more})
    AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
