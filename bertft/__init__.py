"""Fine-tune a BERT from a labelled file: train, eval, predict. Start reading at `commands/`, or at `../cli.py`."""

__version__ = "0.1.0"
