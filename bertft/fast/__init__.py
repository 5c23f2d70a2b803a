"""The same computation in less time, behind one door: nobody outside imports what stands beside this file.

A network of transformers is left as it is, except that its encoder's `forward` is taken over where its layers are known: those of
BERT and its kin (`encoder`) and of ModernBERT (`modern`), on a processor. Any other network runs as transformers wrote it, and so
does every network once the switch is off: `switch(False)` (`--no-fast`) or `BERTFT_FAST=0`. The differences:

- Linear layers see no padding: tokens of all texts stand in one row (`packing`), and stand in their texts for attention.
- A layer is one step for autograd (`layer`, `attention`), with weights in the products' precision that are made once per
  update (`working`) instead of once per use.
- Without gradients, weights lie in the order in which oneDNN multiplies, which also does GELU (`working`): one rounding less.
- A window of attention costs as much as it is wide, not as the text is long (`reach`).
- Where only the first token's output is asked for, the last layer computes no other (`encoder`).
- Dropout's bits cost a byte each (`masks`).
- Tokens that do not occur in the training texts are not trained (`vocabulary`): their weights follow from the decay alone. What
  is stored does not differ from a training of all of them (`storage`).

On a GPU networks stay transformers' own, but for the mask of attention, which is made without waiting for the GPU (`unasked`).
"""

from bertft.fast.door import dropout_bits, follow_steps, padding_known, speed_up, speed_up_training
from bertft.fast.masks import DropoutBits, DropoutMasks
from bertft.fast.storage import Storage
from bertft.fast.switch import is_on, kept, switch
from bertft.fast.vocabulary import WORTH_IT

__all__ = [
    "WORTH_IT",
    "DropoutBits",
    "DropoutMasks",
    "Storage",
    "dropout_bits",
    "follow_steps",
    "is_on",
    "kept",
    "padding_known",
    "speed_up",
    "speed_up_training",
    "switch",
]
