"""From a run's network to a graph that onnxruntime computes, and what the graph is worth beside it.

`graph_file` writes a graph through transformers' exporter and `quantized` makes int8 of it; `equality` holds it against the
network on made-up batches; `gate` scores the forms of a network on labelled rows and refuses one that lost too much."""
