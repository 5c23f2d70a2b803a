"""Texts in, vectors out: what an encoder without any head makes of a text, a token or a word. Any model or run; knows no task."""
