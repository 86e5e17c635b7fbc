"""The MAU dataset: annotated images in, question-answer records and their split out. Torch-free."""
