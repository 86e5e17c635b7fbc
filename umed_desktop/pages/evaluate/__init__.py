"""What an evaluation found: its table, and each answer beside the truth."""
