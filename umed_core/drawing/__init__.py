"""Answers as pictures: drawn (pictures) and saved (saving)."""
