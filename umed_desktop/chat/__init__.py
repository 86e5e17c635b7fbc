"""Asking the model: the question field, and answers whose words and boxes can be pointed at."""
