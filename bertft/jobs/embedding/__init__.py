"""From texts to vectors, and from vectors to the nearest texts."""
