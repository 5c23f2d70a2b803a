"""One text, or a pair, and a class, some labels, or a number."""
