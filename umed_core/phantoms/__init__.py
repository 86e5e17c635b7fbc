"""Seeded synthetic studies with true boxes, standing in for the sets of MAU; never called real."""

from umed_core.phantoms.catalogue import KINDS, make_phantom
from umed_core.phantoms.phantom import Phantom, display
from umed_core.phantoms.writing import FORMATS, PhantomReport, write_phantoms

__all__ = ["FORMATS", "KINDS", "Phantom", "PhantomReport", "display", "make_phantom", "write_phantoms"]
