"""A run's network as a graph that onnxruntime computes: how one is opened, what is trusted of it, what is known of it.

A folder with a graph is a run folder in which `model.onnx` stands in place of the weights (`exporting/` writes it). What extras
add to each batch's outputs, whatever the text, stands beside it: a CRF's moves are decoded outside of the graph. The file may
come from a stranger: see guard.py."""

from bertft.graph.forms import AUTO, has_graph, uses_graph
from bertft.graph.network import GraphNetwork, count_parameters, load_graph
from bertft.graph.processor import int8_units
from bertft.graph.record import RUN_FORM, FormScore, GraphRecord, PlainReading, read_graph_record
from bertft.graph.tokenizer import plain_tokenizer

__all__ = [
    "AUTO",
    "RUN_FORM",
    "FormScore",
    "GraphNetwork",
    "GraphRecord",
    "PlainReading",
    "count_parameters",
    "has_graph",
    "int8_units",
    "load_graph",
    "plain_tokenizer",
    "read_graph_record",
    "uses_graph",
]
