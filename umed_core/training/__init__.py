"""The two training stages, one file each, over pure functions. `run` is torch-free; the rest is not."""
