"""An fp32 graph in, the same in int8 out: weights per channel, activations as each batch needs them."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

OPERATORS = ["MatMul", "Gemm", "Gather", "LSTM"]
"""That become int8. Gather: the word embeddings, half of a small model."""


def quantized(graph: bytes) -> bytes:
    """Activations unsigned, weights signed: both signed falls to slow code on x86."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it advises to prepare the graph, which changes nothing here
    try:
        with tempfile.TemporaryDirectory(prefix="bertft-") as folder:
            plain, small = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
            plain.write_bytes(graph)
            quantize_dynamic(
                plain, small, op_types_to_quantize=OPERATORS, per_channel=True, weight_type=QuantType.QInt8
            )
            return small.read_bytes()
    finally:
        logging.disable(before)
