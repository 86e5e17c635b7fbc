"""Reviewing a built dataset: one record after another, and how far reviewers agree."""
