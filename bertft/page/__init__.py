"""Self-contained HTML: a skeleton, its blocks, and the sections of a report."""
