"""Features in, one prediction per row out, in the rows' order. Batches are sorted by length; outputs leave the device at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from bertft import console
from bertft.adapters import Adapter, Feature, Prediction
from bertft.engine.meter import Meter
from bertft.engine.order import inference_batches

BATCH_SIZE = 64
"""Windows per batch in evaluation and prediction."""


def predict_features(
    network: Any,
    adapter: Adapter,
    windows: Sequence[Sequence[Feature]],
    accelerator: Any,
    meter: Meter,
    *,
    label: str = "",
) -> list[Prediction]:
    """`windows` holds each row's features. In several processes each computes its share, and all get all."""
    flat = [feature for row in windows for feature in row]
    outputs = model_outputs(network, adapter, flat, accelerator, meter, label=label)
    predictions, start = [], 0
    for row in windows:
        predictions.append(adapter.decode(outputs[start : start + len(row)]))
        start += len(row)
    return predictions


def model_outputs(
    network: Any, adapter: Adapter, features: Sequence[Feature], accelerator: Any, meter: Meter, *, label: str
) -> list[np.ndarray[Any, Any]]:
    """The output (K,) of each feature, in fp32."""
    batches = inference_batches([len(feature.input_ids) for feature in features], batch_size=BATCH_SIZE)
    found: list[tuple[int, np.ndarray[Any, Any]]] = []
    network.eval()
    with accelerator.split_between_processes(batches) as mine, console.progress(label, len(features)) as bar:
        for ids in mine:
            batch = adapter.collate([features[position] for position in ids])
            with torch.inference_mode(), accelerator.autocast():
                logits = network(
                    **{name: values.to(accelerator.device) for name, values in batch.inputs.items()}
                ).logits
            found += zip(ids, logits.float().cpu().numpy(), strict=True)
            meter.count(examples=batch.examples, tokens=batch.tokens, padded_tokens=batch.padded_tokens)
            bar.update(meter.examples, str(meter))
    return _in_order(_gather(found, accelerator))


def _gather(found: list[Any], accelerator: Any) -> list[Any]:
    from accelerate.utils import gather_object

    return list(gather_object(found)) if accelerator.num_processes > 1 else found


def _in_order(found: list[tuple[int, np.ndarray[Any, Any]]]) -> list[np.ndarray[Any, Any]]:
    return [output for _, output in sorted(found, key=lambda pair: pair[0])]
