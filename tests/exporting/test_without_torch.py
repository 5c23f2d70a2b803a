"""An exported folder answers without torch and transformers, and as it does with them."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import FAMILIES, Said, build_tokenizer, read_csv, write_csv

from bertft.errors import CheckpointError

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

Run = Callable[..., Said]
HEAVY = ("torch", "transformers", "accelerate", "datasets", "scipy", "sklearn", "pandas", "pyarrow")
SCRIPT = f"""
import sys
from bertft.commands.main import main
try: main()
except SystemExit as leaving: assert not leaving.code
print([name for name in {HEAVY!r} if name in sys.modules])
"""
TEXTS = ["good film", "", "Caf\u00e9 \u4e2d\u6587 <mask> [SEP]", "a good, bad song " * 9, "\u200d", "xyz " * 40]


@pytest.fixture
def copy(graph: Path, tmp_path: Path) -> Path:
    """One that a test may spoil."""
    return Path(shutil.copytree(graph, tmp_path / "copy"))


def record_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "export.json").read_text())
    return found


def note(folder: Path, **plain: Any) -> None:
    """In export.json; None as the whole note: as earlier versions wrote it."""
    found = record_of(folder)
    found["plain"] = {**found["plain"], **plain} if plain else None
    (folder / "export.json").write_text(json.dumps(found))


def test_an_exported_folder_answers_in_a_process_without_torch(
    run: Run, graph: Path, copy: Path, reviews: Path, tmp_path: Path
) -> None:
    words = ["predict", str(graph), str(reviews), "--quiet", "-o", str(tmp_path / "plain.csv")]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    note(copy)
    run("predict", copy, reviews, "-o", tmp_path / "with.csv")
    assert (tmp_path / "plain.csv").read_bytes() == (tmp_path / "with.csv").read_bytes()


def test_another_tokenizer_than_the_noted_one_is_opened_by_transformers(
    run: Run, copy: Path, reviews: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever changes tokenizer.json gets what is in it, not what was noted of another."""
    found = json.loads((copy / "tokenizer.json").read_text())
    vocabulary = found["model"]["vocab"]
    vocabulary["good"], vocabulary["bad"] = vocabulary["bad"], vocabulary["good"]
    (copy / "tokenizer.json").write_text(json.dumps(found))
    run("predict", copy, reviews, "-o", "changed.csv")
    note(copy)
    run("predict", copy, reviews, "-o", "wanted.csv")
    assert read_csv(Path("changed.csv")) == read_csv(Path("wanted.csv"))


def test_another_setting_of_the_tokenizer_than_the_noted_one_is_followed(run: Run, copy: Path, reviews: Path) -> None:
    long = [*(["bad"] * 40), *(["good"] * 40)]
    write_csv(Path("long.csv"), ["text"], [[" ".join(long)], [" ".join(long[::-1])]])
    words = ("predict", copy, "long.csv", "-o")
    run(*words, "before.csv")
    settings = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps({**settings, "truncation_side": "left"}))
    run(*words, "changed.csv")
    note(copy)
    run(*words, "wanted.csv")
    assert read_csv(Path("changed.csv")) == read_csv(Path("wanted.csv")) != read_csv(Path("before.csv"))


@pytest.mark.parametrize("spoil", [{}, {"model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"}}])
def test_a_file_that_is_no_tokenizer_is_refused(run: Run, copy: Path, reviews: Path, spoil: dict[str, Any]) -> None:
    """Though the note was made of it, as a stranger might."""
    from bertft.graph.tokenizer import tokenizer_sha256

    whole = json.loads((copy / "tokenizer.json").read_text())
    (copy / "tokenizer.json").write_text(json.dumps({**whole, **spoil} if spoil else {}))
    note(copy, tokenizer_sha256=tokenizer_sha256(copy))
    assert "tokenizer.json: no tokenizer" in run("predict", copy, reviews, "-o", "a.csv", ok=2).err


def test_a_batch_that_a_graph_has_no_memory_for_is_cut_in_halves(
    run: Run, graph: Path, reviews: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertft.graph import GraphNetwork

    run("predict", graph, reviews, "-o", "whole.csv")
    sizes, computes = list[int](), GraphNetwork._run

    def small(network: GraphNetwork, fed: Any) -> Any:
        sizes.append(len(fed["input_ids"]))
        if sizes[-1] > 2:
            raise MemoryError("none left")
        return computes(network, fed)

    monkeypatch.setattr(GraphNetwork, "_run", small)
    run("predict", graph, reviews, "-o", "halves.csv")
    assert max(sizes) > 2
    assert Path("halves.csv").read_bytes() == Path("whole.csv").read_bytes()


@pytest.mark.parametrize(
    "wrong",
    [
        {"pad_token_id": -1},
        {"pad_token_id": None},
        {"pad_token_id": 91_000},
        {"num_labels": "3"},
        {"vocab_size": 1 << 40},
        {"unk_token_id": True},
        {"padding_side": "middle"},
        {"model_input_names": "input_ids"},
        {"tokenizer_sha256": 5},
        {"more": 1},
    ],
)
def test_a_note_that_means_nothing_is_refused(run: Run, copy: Path, reviews: Path, wrong: dict[str, Any]) -> None:
    note(copy, **wrong)
    assert "export.json: no record of an export" in run("predict", copy, reviews, "-o", "a.csv", ok=2).err


def test_a_note_of_another_network_is_refused(run: Run, copy: Path, reviews: Path) -> None:
    for wrong, says in (
        ({"num_labels": 2}, "not of the model beside it"),
        ({"vocab_size": 5}, "do not belong together"),
    ):
        note(copy, **{"num_labels": 3, "vocab_size": record_of(copy)["plain"]["vocab_size"], **wrong})
        assert says in run("predict", copy, reviews, "-o", "a.csv", ok=2).err


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_and_words_have_the_tokens_that_transformers_finds(family: str, tmp_path: Path) -> None:
    from bertft.exporting.plain import plain_reading
    from bertft.graph import plain_tokenizer
    from bertft.model.tokens import load_tokenizer

    build_tokenizer(family).save_pretrained(tmp_path)
    config: Any = SimpleNamespace(vocab_size=100, num_labels=2)
    for words in (False, True):
        run = tmp_path / str(words)
        load_tokenizer(str(tmp_path), words=words).save_pretrained(run)
        theirs: Any = load_tokenizer(str(run), words=words, as_saved=True)
        ours: Any = plain_tokenizer(run, plain_reading(theirs, config, run))
        if ours is None:  # the tests' own has no token for what is unknown
            assert family == "mpnet"
            continue
        assert ours.get_vocab() == theirs.get_vocab()
        for asked in (
            {"text": TEXTS},
            {"text": TEXTS, "text_pair": TEXTS[::-1]},
            {"text": TEXTS, "text_pair": TEXTS, "truncation": "longest_first", "max_length": 8},
            {
                "text": TEXTS[3:4],
                "truncation": "only_first",
                "max_length": 12,
                "stride": 3,
                "return_overflowing_tokens": True,
            },
            {"text": "good", "text_pair": "bad"},
            {"text": TEXTS[0], "add_special_tokens": False, "return_offsets_mapping": True},
            {
                "text": [text.split() or ["a"] for text in TEXTS],
                "is_split_into_words": True,
                "return_token_type_ids": False,
            },
        ):
            said, wanted = ours(**asked), theirs(**asked, verbose=False)
            assert said == {name: wanted[name] for name in wanted if name != "overflow_to_sample_mapping"}
            for one, other in zip(said.encodings, wanted.encodings, strict=True):
                assert (one.offsets, one.word_ids, one.sequence_ids) == (
                    other.offsets,
                    other.word_ids,
                    other.sequence_ids,
                )


def test_a_setting_of_transformers_that_is_not_known_is_no_silent_one(graph: Path) -> None:
    from bertft.graph import plain_tokenizer, read_graph_record

    ours: Any = plain_tokenizer(graph, read_graph_record(graph).plain)
    with pytest.raises(TypeError, match="padding"):
        ours("good", padding=True)


def test_a_tokenizer_that_is_not_its_file_is_not_noted(tmp_path: Path) -> None:
    """As one with a setting that transformers keeps elsewhere, or a class that calls its backend in a way of its own."""
    import transformers
    from tokenizers import normalizers

    from bertft.exporting.plain import plain_reading

    tokenizer = build_tokenizer("bert")
    tokenizer.save_pretrained(tmp_path)
    config: Any = SimpleNamespace(vocab_size=100, num_labels=2)
    assert plain_reading(tokenizer, config, tmp_path) is not None
    tokenizer.split_special_tokens = True
    assert plain_reading(tokenizer, config, tmp_path) is None
    tokenizer.split_special_tokens = False
    tokenizer.backend_tokenizer.normalizer = normalizers.NFC()
    assert plain_reading(tokenizer, config, tmp_path) is None

    class Own(transformers.BertTokenizer):  # type: ignore[misc, valid-type]
        def _encode_plus(self, *words: Any, **settings: Any) -> Any:
            return super()._encode_plus(*words, **settings)

    assert plain_reading(Own.from_pretrained(tmp_path), config, tmp_path) is None


def test_linux_names_the_units_that_torch_finds(tmp_path: Path) -> None:
    from bertft.graph.processor import _of_linux, _of_torch, int8_units

    said = _of_linux()
    assert not said or int8_units(said) == int8_units(_of_torch())
    (tmp_path / "cpuinfo").write_text("processor : 0\nflags\t\t: fpu avx512f avx512_vnni\n")
    assert int8_units(_of_linux(tmp_path / "cpuinfo")) == int8_units({"avx512_f": True, "avx512_vnni": True})
    assert _of_linux(tmp_path / "nothing") == {}


def test_a_graph_whose_bytes_were_changed_is_refused_without_torch_too(copy: Path) -> None:
    from bertft.graph import load_graph, read_graph_record

    content = (copy / "model.onnx").read_bytes()
    (copy / "model.onnx").write_bytes(content + b"\0")
    assert hashlib.sha256(content).hexdigest() == read_graph_record(copy).sha256
    with pytest.raises(CheckpointError, match="sha256 differs"):
        load_graph(copy, None, threads=1)
