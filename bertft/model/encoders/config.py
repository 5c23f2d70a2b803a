"""config.json of a network from before BERT."""

from __future__ import annotations

from transformers import PreTrainedConfig

from bertft.model.families import MODEL_TYPE


class WordsConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """What its family does not use has its default."""

    model_type = MODEL_TYPE

    family: str = "textcnn"
    vocab_size: int = 1
    pad_token_id: int | None = 0
    type_vocab_size: int = 1
    """2 where texts come in pairs."""
    embedding_size: int = 300
    hidden_size: int = 300
    """Features of a text or a word that the classifier reads."""
    num_hidden_layers: int = 1
    widths: list[int] | None = None
    """Words that each kind of convolution sees at once."""
    cell: str = "lstm"
    one_way: bool = False
    """Of what reads word by word."""
    num_attention_heads: int = 4
    intermediate_size: int = 512
    embedding_dropout: float = 0.2
    dropout: float = 0.5
    """Of what the classifier reads."""
