"""umed_core: images, phantoms, the vision-language model, training and evaluation - without a user interface.

Importing this package, and every room in it but the torch half of `vlm` and `training`, loads no torch.
"""

__version__ = "0.1.0"
