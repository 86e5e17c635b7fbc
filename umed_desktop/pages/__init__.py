"""What the pages beside reading share: their stack and its bar, and commands of umed that run as processes of their own."""
