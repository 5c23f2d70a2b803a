"""The same computation in less time. A network of transformers is left as it is, but for its encoder's `forward`, which this
room takes over where it knows the encoder's layers: the layer of BERT and its kin, on a processor. Any other network runs as
transformers wrote it. What differs is said here, and nothing else does:

- Linear layers see no padding: tokens of all texts stand in one row (`packing`), and stand in their texts for attention.
- A layer is one step for autograd (`layer`, `attention`), with weights in the products' precision that are made once per
  update (`working`) instead of once per use.
- Without gradients, weights lie in the order in which oneDNN multiplies, which also does GELU (`working`): one rounding less.
- Where only the first token's output is asked for, the last layer computes no other (`encoder`).
- Dropout's bits cost a byte each (`masks`).
- Word pieces that no training text has are not trained (`vocabulary`): their weights follow from the decay alone.
"""
