"""Seeded synthetic studies with true boxes, standing in for the sets of MAU; never called real."""

from umed_core.phantoms.catalogue import EVALUATION_SEEDS, KINDS, TRAINING_SEEDS, folder_seeds, make_phantom
from umed_core.phantoms.phantom import Phantom, display
from umed_core.phantoms.writing import FORMATS, PhantomReport, write_phantoms

__all__ = [
    "EVALUATION_SEEDS",
    "FORMATS",
    "KINDS",
    "TRAINING_SEEDS",
    "Phantom",
    "PhantomReport",
    "display",
    "folder_seeds",
    "make_phantom",
    "write_phantoms",
]
