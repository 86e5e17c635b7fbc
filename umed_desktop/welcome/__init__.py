"""What the window shows while nothing is open: what umed is, and where to begin."""
