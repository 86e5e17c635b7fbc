"""What a reading session is, free of Qt: what is open, what was asked, what was found, and undo."""
