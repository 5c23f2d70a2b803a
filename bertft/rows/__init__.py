"""A row of a data file: where it came from, what part its columns play, and what its cells can say. No torch."""
