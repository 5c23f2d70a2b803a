"""What becomes of texts beyond the limit: cut, windowed, or head and tail; and how many are said to be cut."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from conftest import WORDS, build_tokenizer

from bertft.adapters import Adapter, Feature, Options, adapter_for
from bertft.engine.examples import gather
from bertft.errors import UsageError
from bertft.gold.lengths import check_long
from bertft.plan.card import plain_card
from bertft.rows.fields import Fields
from bertft.rows.labels import Labels
from bertft.rows.row import Row


def words(count: int, *, shift: int = 0) -> str:
    return " ".join(WORDS[(i + shift) % len(WORDS)] for i in range(count))


def make_adapter(family: str = "bert", *, pair: bool = False, **options: Any) -> Adapter:
    fields = Fields("text", "other" if pair else None, ("label",))
    labels = Labels(("neg", "pos"))
    card = plain_card("text-classification", "single-label")
    return adapter_for(card, labels, fields, build_tokenizer(family), Options(**options))


def row_of(text: str, other: str = "", index: int = 0) -> Row:
    return Row(index, f"x.csv:{index + 2}", {"text": text, "other": other, "label": "pos"})


def encode(adapter: Adapter, rows: list[Row]) -> list[list[Feature]]:
    return adapter.encode([*adapter.reader.predictable(rows)])


@pytest.mark.parametrize("family", ["bert", "roberta", "mpnet", "distilbert"])
@pytest.mark.parametrize("limit", [8, 9, 16])
def test_a_pair_is_cut_as_the_tokenizer_cuts_it_for_all_lengths(family: str, limit: int) -> None:
    adapter = make_adapter(family, pair=True, max_length=limit)
    lengths = [(first, second) for first in range(1, 14) for second in range(1, 14)]
    rows = [row_of(words(a), words(b, shift=7), i) for i, (a, b) in enumerate(lengths)]
    for row, windows in zip(rows, encode(adapter, rows), strict=True):
        texts = (row.fields["text"], row.fields["other"])
        wanted = adapter.tokenizer(*texts, truncation="longest_first", max_length=limit)
        assert [feature.input_ids.tolist() for feature in windows] == [wanted["input_ids"]]
        if "token_type_ids" in wanted:
            segments = adapter.collate(windows).inputs["token_type_ids"][0, : len(wanted["input_ids"])]
            assert segments.tolist() == wanted["token_type_ids"]
        assert windows[0].truncated == (len(adapter.tokenizer(*texts)["input_ids"]) > limit)


@pytest.mark.parametrize("length", [1, 13, 14, 15, 40])
def test_one_text_is_cut_at_its_end(length: int) -> None:
    adapter = make_adapter(max_length=16)
    ((feature,),) = encode(adapter, [row_of(words(length))])
    assert feature.input_ids.tolist() == adapter.tokenizer(words(length), truncation=True, max_length=16)["input_ids"]
    assert feature.truncated == (length > 14)


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("overlap", [0, 1, 5, 7])
@pytest.mark.parametrize("length", [3, 14, 15, 29, 60])
def test_windows_cover_every_token_with_the_stated_overlap(family: str, overlap: int, length: int) -> None:
    adapter = make_adapter(family, max_length=16, long="window", overlap=overlap)
    (windows,) = encode(adapter, [row_of(words(length))])
    whole = adapter.tokenizer(words(length))["input_ids"]
    inside = [feature.input_ids.tolist()[1:-1] for feature in windows]
    joined = inside[0]
    for previous, window in itertools.pairwise(inside):
        assert window[:overlap] == previous[len(previous) - overlap :]
        joined = joined + window[overlap:]
    assert joined == whole[1:-1]
    ends = {(int(feature.input_ids[0]), int(feature.input_ids[-1])) for feature in windows}
    assert ends == {(whole[0], whole[-1])}
    assert max(len(feature.input_ids) for feature in windows) <= 16
    assert all(len(window) == 14 for window in inside[:-1])
    assert not any(feature.truncated for feature in windows)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_head_and_tail_keep_the_first_quarter_and_the_rest_from_the_end(family: str) -> None:
    adapter = make_adapter(family, max_length=16, long="head-tail")
    whole = adapter.tokenizer(words(50))["input_ids"]
    ((feature,),) = encode(adapter, [row_of(words(50))])
    found = feature.input_ids.tolist()
    assert len(found) == 16
    assert (found[0], found[-1]) == (whole[0], whole[-1])
    assert found == whole[:4] + whole[-12:]
    assert feature.truncated


def test_a_text_that_fits_is_never_touched() -> None:
    for long in ("truncate", "window", "head-tail"):
        adapter = make_adapter(max_length=16, long=long, overlap=3)
        ((feature,),) = encode(adapter, [row_of(words(14))])
        assert feature.input_ids.tolist() == adapter.tokenizer(words(14))["input_ids"]
        assert not feature.truncated


@pytest.mark.parametrize(("long", "cut"), [("truncate", 3), ("head-tail", 3), ("window", 0)])
def test_rows_that_are_cut_are_counted_and_said(long: str, cut: int, capsys: pytest.CaptureFixture[str]) -> None:
    adapter = make_adapter(max_length=16, long=long, overlap=3)
    rows = [row_of(words(length), index=i) for i, length in enumerate([3, 14, 15, 20, 60])]
    examples = gather(adapter, adapter.reader, rows, "x.csv", unknown="error", learning=True)
    assert examples.truncated == cut
    assert ("x.csv: 60.0% of the texts are longer than 16 tokens" in capsys.readouterr().err) == bool(cut)


def test_a_window_without_room_for_its_overlap_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--overlap 60 is too much for windows of 64 tokens: at most 55"):
        check_long("window", overlap=60, max_length=64, pair=False)
    with pytest.raises(UsageError, match=r"--long window works on one text, not on a pair"):
        check_long("window", overlap=3, max_length=64, pair=True)
    check_long("window", overlap=55, max_length=64, pair=False)
