"""Masked tokens: blocks of a corpus to learn from, and texts with masks to fill."""
