"""What the operating system does to us: files that survive a crash, one writer per place, signals that save before they end."""
