"""Tests: unit mirrors umed_core; architecture, integration, desktop, e2e and gpu say what they are for."""
