"""BiLSTM and CRF around every family's token classifier: what they compute, learn and keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import FAMILIES
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from bertft.errors import CheckpointError, UsageError
from bertft.model.extras import ExtendedNetwork, add_extras, extras_of, load_extras, save_extras, transformers_part
from bertft.model.extras.bilstm import BiLSTM
from bertft.model.extras.crf import CRF
from bertft.model.extras.files import FILE
from bertft.plan.recipe import Recipe

Backbones = Callable[[str], Path]
OBI = ([True, True, False], [[True, True, False], [True, True, True], [True, True, True]], [True, True, True])

NER = "token-classification"


def token_classifier(folder: Path, *, tags: int = 3) -> Any:
    from transformers import AutoConfig, AutoModelForTokenClassification

    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(folder, num_labels=tags)
    return AutoModelForTokenClassification.from_config(config).eval()


def build(folder: Path, *, bilstm: int | None = 5, crf: bool = True) -> Any:
    torch.manual_seed(1)
    network, recipe = token_classifier(folder), Recipe(bilstm=bilstm, crf=crf)
    tagger = add_extras(network, "token-classification", recipe, OBI if crf else None).eval()
    for parameter in tagger.crf.parameters() if crf else ():
        torch.nn.init.normal_(parameter)
    return tagger


def padded_batch(lengths: tuple[int, ...] = (12, 4, 7), *, width: int = 12) -> dict[str, Tensor]:
    torch.manual_seed(2)
    mask = (torch.arange(width) < torch.tensor(lengths)[:, None]).long()
    return {"input_ids": torch.randint(5, 40, mask.shape) * mask, "attention_mask": mask}


def test_the_bilstm_reads_as_torchs_on_packed_rows() -> None:
    torch.manual_seed(0)
    ours, packed = BiLSTM(6, 4), torch.nn.LSTM(6, 4, batch_first=True, bidirectional=True)
    backward = {f"{name}_reverse": weight for name, weight in ours.backwards.state_dict().items()}
    packed.load_state_dict(ours.forwards.state_dict() | backward)
    hidden, mask = torch.randn(3, 12, 6), padded_batch()["attention_mask"]
    read, _ = packed(pack_padded_sequence(hidden, mask.sum(1), batch_first=True, enforce_sorted=False))
    wanted = ours.projection(pad_packed_sequence(read, batch_first=True)[0])
    assert torch.allclose(ours(hidden, mask)[mask.bool()], wanted[mask.bool()], atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_padding_changes_nothing_in_any_family(backbones: Backbones, family: str) -> None:
    tagger, inputs = build(backbones(family)), padded_batch()
    logits = tagger(**inputs)["logits"]
    assert logits.shape == (3, 12, 3)
    for row, tokens in enumerate((12, 4, 7)):
        alone = {name: values[row : row + 1, :tokens] for name, values in inputs.items()}
        assert torch.allclose(tagger(**alone)["logits"][0], logits[row, :tokens], atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("bilstm", [None, 5])
def test_every_weight_learns_in_every_family(backbones: Backbones, family: str, bilstm: int | None) -> None:
    tagger = build(backbones(family), bilstm=bilstm)
    plain = transformers_part(tagger)
    outputs = plain(**padded_batch()).logits.sum()
    outputs.backward()
    idle = {name for name, parameter in plain.named_parameters() if parameter.grad is None}  # such as an unused pooler
    tagger.zero_grad()
    sum(values.square().sum() for values in tagger(**padded_batch()).values()).backward()
    without = {name for name, parameter in tagger.named_parameters() if parameter.grad is None}
    assert without == {f"network.{name}" for name in idle}


def test_without_a_bilstm_the_logits_are_the_networks(backbones: Backbones) -> None:
    tagger, inputs = build(backbones("bert"), bilstm=None), padded_batch()
    assert torch.equal(tagger(**inputs)["logits"], tagger.network(**inputs).logits)


def test_the_bilstm_is_gone_from_the_network_after_each_call(backbones: Backbones) -> None:
    tagger, inputs = build(backbones("bert")), padded_batch()
    before = tagger.network(**inputs).logits
    assert not torch.allclose(tagger(**inputs)["logits"], before)
    assert torch.equal(tagger.network(**inputs).logits, before)


def test_the_outputs_bring_the_scores_of_moves_only_with_a_crf(backbones: Backbones) -> None:
    with_crf, without = build(backbones("bert")), build(backbones("bert"), crf=False)
    outputs = with_crf(**padded_batch())
    for name, wanted in zip(("start", "moves", "end"), with_crf.crf.scores(), strict=True):
        assert torch.equal(outputs[name], wanted)
    assert list(without(**padded_batch())) == ["logits"]


def test_bf16_gives_about_the_same_and_learns(backbones: Backbones) -> None:
    tagger, inputs = build(backbones("bert")), padded_batch()
    exact = tagger(**inputs)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = tagger(**inputs)
    assert torch.allclose(outputs["logits"].float(), exact["logits"], atol=0.02)
    assert torch.equal(outputs["moves"], exact["moves"])
    outputs["logits"].float().square().sum().backward()
    assert all(parameter.grad.isfinite().all() and parameter.grad.any() for parameter in tagger.bilstm.parameters())


def test_dropout_before_the_bilstm_is_the_familys_own(backbones: Backbones) -> None:
    tagger, inputs = build(backbones("bert")), padded_batch()
    calm = tagger(**inputs)["logits"]
    tagger.network.dropout.train()
    assert not torch.equal(tagger(**inputs)["logits"], calm)


@pytest.mark.parametrize(("bilstm", "crf"), [(5, True), (5, False), (None, True)])
def test_what_is_saved_comes_back(backbones: Backbones, tmp_path: Path, bilstm: int | None, crf: bool) -> None:
    tagger, inputs = build(backbones("bert"), bilstm=bilstm, crf=crf), padded_batch()
    save_extras(tagger, tmp_path, tagger.state_dict())
    found = load_extras(tagger.network, tmp_path, NER).eval()
    assert {name: values.tolist() for name, values in found(**inputs).items()} == {
        name: values.tolist() for name, values in tagger(**inputs).items()
    }
    assert found.state_dict().keys() == tagger.state_dict().keys()
    assert [type(extra) for extra in extras_of(found)] == [BiLSTM] * (bilstm is not None) + [CRF] * crf


def test_what_is_saved_beside_it_leaves_the_network_to_transformers(backbones: Backbones, tmp_path: Path) -> None:
    from transformers import AutoModelForTokenClassification

    tagger, inputs = build(backbones("roberta")), padded_batch()
    transformers_part(tagger).save_pretrained(tmp_path)
    save_extras(tagger, tmp_path, tagger.state_dict())
    network, report = AutoModelForTokenClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert torch.allclose(load_extras(network, tmp_path, NER).eval()(**inputs)["logits"], tagger(**inputs)["logits"])


def test_a_network_without_extras_is_itself(backbones: Backbones, tmp_path: Path) -> None:
    network = token_classifier(backbones("bert"))
    assert load_extras(network, tmp_path, NER) is network
    assert transformers_part(network) is network
    assert transformers_part(ExtendedNetwork(network, [])) is network
    assert add_extras(network, "token-classification", Recipe(), None) is network
    assert add_extras(network, "text-classification", Recipe(bilstm=5, crf=True), OBI) is network


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def no_metadata(file: Path) -> None:
    save_file(load_file(file), file)


def other_units(file: Path) -> None:
    save_file(load_file(file), file, metadata={"bilstm": "7"})


def one_weight_less(file: Path) -> None:
    tensors = load_file(file)
    del tensors["bilstm.projection.bias"]
    save_file(tensors, file, metadata={"bilstm": "5"})


def no_legal_ends(file: Path) -> None:
    tensors = load_file(file)
    del tensors["crf.legal_end"]
    save_file(tensors, file, metadata={"bilstm": "5"})


def narrow_legal_moves(file: Path) -> None:
    tensors = load_file(file)
    tensors["crf.legal_moves"] = tensors["crf.legal_moves"][:, :1].contiguous()
    save_file(tensors, file, metadata={"bilstm": "5"})


DAMAGES = (cut, empty, no_metadata, other_units, one_weight_less, no_legal_ends, narrow_legal_moves)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named(backbones: Backbones, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    tagger = build(backbones("bert"))
    save_extras(tagger, tmp_path, tagger.state_dict())
    damage(tmp_path / FILE)
    with pytest.raises(CheckpointError, match=f"{FILE}: damaged, or not of the model beside it"):
        load_extras(tagger.network, tmp_path, NER)


@pytest.mark.parametrize("bilstm", [None, 5])
def test_a_crf_for_other_tags_is_refused(backbones: Backbones, tmp_path: Path, bilstm: int | None) -> None:
    other = build(backbones("bert"), bilstm=bilstm)
    save_extras(other, tmp_path, other.state_dict())
    with pytest.raises(CheckpointError, match=r"not for the 4 tags of config\.json"):
        load_extras(token_classifier(backbones("bert"), tags=4), tmp_path, NER)


def test_a_backbone_without_a_plain_classifier_is_refused_in_plain_words(backbones: Backbones) -> None:
    network = token_classifier(backbones("bert"))
    network.classifier = torch.nn.Sequential(network.classifier)
    with pytest.raises(UsageError, match=r"--bilstm: this backbone \(bert\) has no plain classifier"):
        add_extras(network, "token-classification", Recipe(bilstm=5), None)
    add_extras(network, "token-classification", Recipe(crf=True), OBI)
