"""Plain numbers in, SVG out: our own few kinds of plots. No torch, no files, no plotting library."""
